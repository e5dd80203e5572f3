"""`helix report`: how it went, in the terminal or as one HTML file. Only looks."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from helix_core.cli.database import opened
from helix_core.cli.speaking import console, sentences
from helix_core.cli.trades import day_of
from helix_core.errors import ConfigError

if TYPE_CHECKING:
    from datetime import datetime

    from helix_core.cli.reporting.figures import Report

_DAYS = ("date", "trades", "wins", "losses", "win_rate_pct", "pnl", "pnl_pct", "fees", "without_stop_s")


@sentences
def report(
    *,
    since: str = typer.Option("", "--since", help="From this day on, as 2026-05-15 (UTC); left out, everything."),
    html: str = typer.Option("", "--html", help="Write the report with its curves into this file."),
    as_csv: bool = typer.Option(False, "--csv", help="Print the days as CSV."),
    as_json: bool = typer.Option(False, "--json", help="Print figures, days and the equity curve as JSON."),
) -> None:
    """Show each day's trades, P&L and fees, and the figures of the whole time. A running bot is not disturbed."""
    from helix_core.cli.reporting import columns, output, page  # noqa: PLC0415 - keeps --help instant
    from helix_core.clock import SystemClock  # noqa: PLC0415

    made, account = asyncio.run(_read(day_of(since)))
    days = [columns.of_day(day) for day in made.days]
    if html:
        _write(Path(html), page.page(made, account=account, made_at=SystemClock().now()))
        console.print(f"The report is in {html}.", markup=False)
    elif as_json:
        output.show_json(columns.of_report(made, account))
    elif as_csv:
        output.show_csv(days, _DAYS)
    else:
        console.print(account, markup=False)
        output.show_table(days, _DAYS)
        for name, text in page.totals(made):
            console.print(f"{name:<16} {text}", markup=False)
    if made.left_out:
        console.print(f"Left out: {made.left_out} trades whose money is not in {made.quote}.", markup=False)


async def _read(since: datetime | None) -> tuple[Report, str]:
    """The report, and what it is about."""
    from helix_core.cli.reporting import figures  # noqa: PLC0415 - keeps --help instant
    from helix_core.store import history  # noqa: PLC0415

    async with opened(only_to_look=True) as (settings, store), store.read() as session:
        pair = settings.trading_pair
        made = figures.report(
            await history.trades(session, since),
            [(row.date, row.opening_equity) for row in await history.days(session)],
            await history.events(session),
            quote=pair.partition("/")[2],
            since=since,
        )
        return made, f"{pair} on {settings.active_exchange} ({settings.trading_mode.value})"


def _write(path: Path, content: str) -> None:
    """Write the file, readable by its owner only: it says what the account is worth. Raises ConfigError."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise ConfigError(f"--html: {path} cannot be written: {error.strerror}.") from error
