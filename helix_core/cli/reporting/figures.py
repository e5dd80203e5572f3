"""The figures of a report. Pure: the same history always makes the same ones, exact to the last digit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from helix_core.store.history import Traded


@dataclass(frozen=True, slots=True)
class Point:
    """The equity with no position open, in quote, and how far it is below its peak, in percent of that."""

    at: datetime
    equity: Decimal
    drawdown_pct: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What some closed trades came to: money in quote, net of fees; times in seconds."""

    trades: int
    wins: int
    losses: int
    pnl: Decimal
    fees: Decimal
    best: Decimal | None
    worst: Decimal | None
    without_stop_s: Decimal
    longest_without_stop_s: Decimal

    @property
    def win_rate_pct(self) -> Decimal | None:
        """Trades that earned something, in percent of all; None when there are none."""
        return Decimal(100 * self.wins) / self.trades if self.trades else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One UTC day by the trades that were closed on it; `pnl_pct` of the equity it opened with, where that is known."""

    date: date
    figures: Figures
    pnl_pct: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything a report says. `curve` begins with the equity before the first trade; empty when that is not known.

    `left_out` counts trades whose money is in another quote currency.
    """

    quote: str
    total: Figures
    days: tuple[Day, ...]
    trades: tuple[Traded, ...]
    curve: tuple[Point, ...]
    left_out: int = 0

    @property
    def max_drawdown_pct(self) -> Decimal | None:
        """The deepest fall below a peak."""
        return max((point.drawdown_pct for point in self.curve), default=None)


def report(
    trades: Sequence[Traded],
    openings: Sequence[tuple[date, Decimal]],
    events: Sequence[tuple[datetime, Decimal, Decimal]],
    quote: str,
    since: datetime | None = None,
) -> Report:
    """Figure everything out. `openings` are days with the equity they opened with, `events` what moved it."""
    mine = [trade for trade in trades if trade.quote == quote]
    closed = sorted((trade for trade in mine if trade.pnl is not None), key=_end)
    opening_of = dict(openings)
    days = [
        Day(date=day, figures=(found := figures(list(group))), pnl_pct=_percent(found.pnl, opening_of.get(day)))
        for day, group in groupby(closed, key=lambda trade: _end(trade).date())
    ]
    points = [point for point in curve(openings, events) if since is None or point.at >= since]
    return Report(
        quote=quote,
        total=figures(mine),
        days=tuple(days),
        trades=tuple(mine),
        curve=tuple(points),
        left_out=len(trades) - len(mine),
    )


def figures(trades: Sequence[Traded]) -> Figures:
    """What these trades came to; those without a result count for nothing but their time without a stop."""
    pnls = [trade.pnl for trade in trades if trade.pnl is not None]
    gaps = [_seconds(trade.without_stop) for trade in trades]
    return Figures(
        trades=len(pnls),
        wins=sum(pnl > 0 for pnl in pnls),
        losses=sum(pnl < 0 for pnl in pnls),
        pnl=_total(pnls),
        fees=_total(trade.fees for trade in trades if trade.pnl is not None),
        best=max(pnls, default=None),
        worst=min(pnls, default=None),
        without_stop_s=_total(gaps),
        longest_without_stop_s=max(gaps, default=Decimal(0)),
    )


def curve(openings: Sequence[tuple[date, Decimal]], events: Sequence[tuple[datetime, Decimal, Decimal]]) -> list[Point]:
    """The equity from the first day on. Money that came or went otherwise moves the equity, and no drawdown."""
    if not openings:
        return []
    day, equity = openings[0]
    points, peak = [Point(datetime(day.year, day.month, day.day, tzinfo=UTC), equity, Decimal(0))], equity
    for at, pnl, factor in events:
        equity, peak = equity * factor + pnl, peak * factor
        peak = max(peak, equity)
        points.append(Point(at, equity, 100 * (peak - equity) / peak if peak > 0 else Decimal(0)))
    return points


def _percent(pnl: Decimal, opening: Decimal | None) -> Decimal | None:
    return 100 * pnl / opening if opening else None


def _end(trade: Traded) -> datetime:
    assert trade.closed_at is not None, "a trade with a result is closed"
    return trade.closed_at


def _seconds(time: timedelta) -> Decimal:
    return Decimal(time // timedelta(microseconds=1)) / 1_000_000


def _total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
