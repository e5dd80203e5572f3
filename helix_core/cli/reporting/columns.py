"""Rows of trades and days as text: the same in a table, in CSV and in JSON."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from helix_core.domain.money import plain

if TYPE_CHECKING:
    from datetime import datetime

    from helix_core.cli.reporting.figures import Day, Figures, Report
    from helix_core.store.history import Traded

Row = dict[str, str]

TRADE = (
    *("trade", "signal_id", "exchange", "symbol", "status", "reason", "opened_at", "closed_at", "bought", "sold"),
    *("entry_price", "exit_price", "cost", "proceeds", "fees", "pnl", "pnl_pct", "without_stop_s"),
)
"""Every column of a trade."""


def of_trade(trade: Traded) -> Row:
    """A trade, exact: amounts as they stand in the fills, averages to eight decimals, percentages to four."""
    return {
        "trade": str(trade.trade_id),
        "signal_id": trade.signal_id,
        "exchange": trade.exchange,
        "symbol": trade.symbol,
        "status": trade.status,
        "reason": trade.reason or "",
        "opened_at": stamp(trade.opened_at),
        "closed_at": stamp(trade.closed_at),
        "bought": plain(trade.bought),
        "sold": plain(trade.sold),
        "entry_price": rounded(trade.entry_price, 8),
        "exit_price": rounded(trade.exit_price, 8),
        "cost": plain(trade.cost),
        "proceeds": plain(trade.proceeds),
        "fees": plain(trade.fees),
        "pnl": "" if trade.pnl is None else plain(trade.pnl),
        "pnl_pct": rounded(trade.pnl_pct, 4),
        "without_stop_s": f"{trade.without_stop.total_seconds():.3f}",
    }


def of_day(day: Day) -> Row:
    """A day, exact."""
    return {"date": str(day.date), **of_figures(day.figures), "pnl_pct": rounded(day.pnl_pct, 4)}


def of_figures(figures: Figures) -> Row:
    """Figures, exact."""
    return {
        "trades": str(figures.trades),
        "wins": str(figures.wins),
        "losses": str(figures.losses),
        "win_rate_pct": rounded(figures.win_rate_pct, 2),
        "pnl": plain(figures.pnl),
        "fees": plain(figures.fees),
        "without_stop_s": f"{figures.without_stop_s:.3f}",
    }


def stamp(at: datetime | None) -> str:
    """UTC to the second; nothing for what has not happened."""
    return "" if at is None else f"{at:%Y-%m-%d %H:%M:%S}"


def rounded(value: Decimal | None, decimals: int) -> str:
    """At most so many decimals; nothing for what is not known."""
    if value is None:
        return ""
    return plain(value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN) + 0)


def of_report(report: Report, account: str) -> dict[str, object]:
    """All of a report, exact."""
    return {
        "account": account,
        "quote": report.quote,
        "total": {**of_figures(report.total), "max_drawdown_pct": rounded(report.max_drawdown_pct, 4)},
        "days": [of_day(day) for day in report.days],
        "curve": [
            {"at": point.at.isoformat(), "equity": plain(point.equity), "drawdown_pct": rounded(point.drawdown_pct, 4)}
            for point in report.curve
        ],
    }
