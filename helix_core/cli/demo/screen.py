"""What the demo shows: each alert, what the gates said, what was done at the venue, and what the owner is told."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    import httpx
    from rich.console import Console

    from helix_core.cli.demo.candles import Candle
    from helix_core.testing.telegram import SentMessage

_OUTCOMES = {"accepted": "green", "deduplicated": "yellow", "rejected": "yellow"}
_TRADES = """SELECT trades.id, entry_price, exit_price, quantity, status, close_reason, pnl, pnl_pct
             FROM trades ORDER BY trades.id"""


class Screen:
    """Prints the demo as it happens."""

    def __init__(self, console: Console) -> None:
        """Print to `console`."""
        self._console = console
        self._told = 0

    def say(self, text: str) -> None:
        """A plain line."""
        self._console.print(text, markup=False)

    def alert(self, candle: Candle, body: str) -> None:
        """An alert leaves TradingView."""
        self._console.print()
        self._line("alert", f"{candle.opened_at:%d %b %H:%M} market time, close {candle.close}", "cyan")
        self._line("", body.replace("\n", " "), "dim")

    def answer(self, response: httpx.Response) -> None:
        """The webhook's answer."""
        status = str(response.json().get("status"))
        self._line("answer", f"{response.status_code} {response.text}", _OUTCOMES.get(status, "white"))

    def story(self, story: dict[str, Any]) -> None:
        """The gates' verdicts and the orders of one signal."""
        verdicts = story["verdicts"]
        denied = [row for row in verdicts if row["verdict"] != "allow"]
        if verdicts and not denied:
            self._line(
                "gates", f"{len(verdicts)} asked, all allow: {', '.join(row['gate'] for row in verdicts)}", "green"
            )
        for row in denied:
            self._line("gates", f"{row['gate']} denies ({len(verdicts)} asked): {row['detail']}", "yellow")
        for order in story["orders"]:
            stop = f", stop at {order['stop_price']}" if order["stop_price"] else ""
            text = f"{order['side']} {order['quantity']} {order['symbol']}{stop}, id {order['client_order_id']}"
            self._line(order["kind"], text, "magenta")

    def messages(self, sent: Collection[SentMessage]) -> None:
        """Telegram messages that have come since the last call."""
        for message in list(sent)[self._told :]:
            self._line("telegram", message.text, "bold")
        self._told = len(sent)

    def trades(self, database: Path) -> None:
        """The table of trades, from the bot's database."""
        table = Table("trade", "entry", "exit", "size", "ended", "P&L after fees", "%", title="Trades", box=None)
        total = 0.0
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            for row in connection.execute(_TRADES):
                number, entry, left, size, status, reason, pnl, pct = row
                total += pnl or 0
                ended = f"{status} ({reason})" if reason else status
                shown = ("", "") if pnl is None else (f"{pnl:+.2f}", f"{pct:+.2f}")
                table.add_row(str(number), f"{entry:.2f}", f"{left or 0:.2f}", f"{size:.5f}", ended, *shown)
        table.add_section()
        table.add_row("", "", "", "", "total", f"{total:+.2f}", "")
        self._console.print()
        self._console.print(table)

    @staticmethod
    def statuses(database: Path) -> set[str]:
        """How the trades in the database ended."""
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return {row[0] for row in connection.execute("SELECT DISTINCT status FROM trades")}

    def _line(self, what: str, text: str, style: str) -> None:
        self._console.print(f"  {what:<9} {text}", style=style, markup=False)
