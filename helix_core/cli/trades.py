"""`helix trades`: what was bought and sold, exact. Only looks."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from helix_core.cli.database import opened
from helix_core.cli.speaking import console, sentences
from helix_core.errors import ConfigError

if TYPE_CHECKING:
    from helix_core.store.history import Traded

_COLUMNS = (
    *("trade", "symbol", "status", "reason", "opened_at", "closed_at", "bought", "entry_price", "exit_price"),
    *("fees", "pnl", "pnl_pct"),
)


@sentences
def trades(
    *,
    last: int = typer.Option(20, "--last", min=1, help="So many, the latest ones."),
    everything: bool = typer.Option(False, "--all", help="All of them."),
    since: str = typer.Option("", "--since", help="Those opened from this day on, as 2026-05-15 (UTC)."),
    as_csv: bool = typer.Option(False, "--csv", help="Print CSV, with every column."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON, with every column."),
) -> None:
    """List trades: money in the quote currency, times in UTC, P&L net of fees. A running bot is not disturbed."""
    from helix_core.cli.reporting import columns, output  # noqa: PLC0415 - keeps --help instant

    found = asyncio.run(_read(day_of(since)))
    if not (everything or since):
        found = found[-last:]
    rows = [columns.of_trade(trade) for trade in found]
    if as_json:
        output.show_json(rows)
    elif as_csv:
        output.show_csv(rows, columns.TRADE)
    elif rows:
        output.show_table(rows, _COLUMNS)
    else:
        console.print("No trades yet." if not since else f"No trades since {since}.")


def day_of(text: str) -> datetime | None:
    """00:00 UTC of the day that was asked for; None for an empty text. Raises ConfigError."""
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ConfigError(f"--since {text} is not a day. Write it like 2026-05-15.") from None


async def _read(since: datetime | None) -> list[Traded]:
    from helix_core.store import history  # noqa: PLC0415 - keeps --help instant

    async with opened(only_to_look=True) as (_, store), store.read() as session:
        return await history.trades(session, since)
