"""The equity curve: what the account is worth with no position open, by the results of its trades alone.

Each UTC day keeps the equity with which it opened and the peak until then; what came since is folded on top of it. A
transfer multiplies the curve with all that was measured before, so that no ratio on it changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam
from sqlmodel import select

from helix_core.domain.halt import HaltKind
from helix_core.store import halts, rows, trades
from helix_core.store.prepared import hot
from helix_core.store.schema import DayRow, ResultRow, TransferRow

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlmodel.ext.asyncio.session import AsyncSession

_days, _results, _transfers = rows.table(DayRow).c, rows.table(ResultRow).c, rows.table(TransferRow).c
# Built once: building one of these takes as long as asking it.
_DAY = select(_days.date, _days.opening_equity, _days.peak_equity).order_by(_days.date.desc()).limit(1)
_LAST_DAY = hot(_DAY)
_DAY_OF = hot(_DAY.where(_days.date <= bindparam("today")))
_DAY_BEFORE = hot(_DAY.where(_days.date < bindparam("today")))
_RESULTS = hot(
    select(_results.closed_at, _results.pnl)
    .where(_results.closed_at >= bindparam("since"))
    .order_by(_results.closed_at, _results.trade_id)
)
_TRANSFERS = hot(
    select(_transfers.at, _transfers.factor)
    .where(_transfers.at >= bindparam("since"))
    .order_by(_transfers.at, _transfers.id)
)


class _Day(NamedTuple):
    """A day as it opened."""

    date: date
    opening_equity: Decimal
    peak_equity: Decimal


@dataclass(slots=True)
class Curve:
    """Where the curve stands: with what the day `opening`ed, the `equity` now, and the `peak` so far; all in quote."""

    opening: Decimal
    equity: Decimal
    peak: Decimal


async def until(session: AsyncSession, now: datetime | None = None) -> Curve | None:
    """Where the curve stands; the day is that of `now` (None: the last one opened). None before any day was opened."""
    found = await (session.exec(_LAST_DAY) if now is None else session.exec(_DAY_OF, params={"today": now.date()}))
    day = found.first()
    return None if day is None else await _fold(session, _Day(*day), None if now is None else trades.day_start(now))


async def open_day(session: AsyncSession, now: datetime, equity: Decimal | None = None) -> bool:
    """Write down with what the UTC day of `now` opens: by the books, or at first start with `equity`.

    False when there were no books before: then nothing is to be compared with them.
    """
    if await rows.find(session, DayRow, now.date()) is not None:
        return True
    known = await until(session, now)
    if known is not None:
        opening, peak = await _at_midnight(session, now)
    elif equity is not None:
        opening = peak = equity
    else:
        return False
    session.add(DayRow(date=now.date(), opening_equity=opening, peak_equity=peak))
    await session.flush()
    return known is not None


async def record_transfer(session: AsyncSession, now: datetime, factor: Decimal) -> None:
    """Money came or went: from now on the account is worth `factor` of what the books said."""
    session.add(TransferRow(at=now, factor=factor))
    await session.flush()


async def correct(session: AsyncSession, at: datetime, pnl: Decimal) -> None:
    """A result of an earlier day became known only now: later days opened with it."""
    for day in await session.exec(select(DayRow).where(DayRow.date > at.date())):
        day.opening_equity += pnl
        day.peak_equity = max(day.peak_equity, day.opening_equity)
        session.add(day)
    await session.flush()


async def _at_midnight(session: AsyncSession, now: datetime) -> tuple[Decimal, Decimal]:
    """Equity and peak when the day of `now` began."""
    midnight = trades.day_start(now)
    day = _Day(*(await session.exec(_DAY_BEFORE, params={"today": now.date()})).one())
    before = await _fold(session, day, None, before=midnight)
    return before.equity, before.peak


async def _fold(session: AsyncSession, day: _Day, today: datetime | None, *, before: datetime | None = None) -> Curve:
    """The curve from the opening of `day` on; `today` is when the day of interest begins (None: `day` itself)."""
    start = trades.day_start_of(day.date)
    curve = Curve(day.opening_equity, day.opening_equity, day.peak_equity)
    anew = await halts.last_cleared_at(session, HaltKind.DRAWDOWN)
    anew = anew if anew is not None and anew >= start else None
    crossed = today is None or start >= today
    for at, pnl, factor in await _events(session, start):
        if before is not None and at >= before:
            break
        if not crossed and today is not None and at >= today:
            crossed, curve.opening = True, curve.equity
        if anew is not None and at > anew:
            anew, curve.peak = None, curve.equity
        curve.opening, curve.equity, curve.peak = curve.opening * factor, curve.equity * factor, curve.peak * factor
        curve.equity += pnl
        curve.peak = max(curve.peak, curve.equity)
    if not crossed:
        curve.opening = curve.equity
    if anew is not None and (before is None or anew < before):
        curve.peak = curve.equity
    return curve


async def _events(session: AsyncSession, since: datetime) -> list[tuple[datetime, Decimal, Decimal]]:
    """Results and transfers since then in their order, as (time, P&L, factor)."""
    one, zero = Decimal(1), Decimal(0)
    earned = [(at, pnl, one) for at, pnl in await session.exec(_RESULTS, params={"since": since})]
    moved = [(at, zero, factor) for at, factor in await session.exec(_TRANSFERS, params={"since": since})]
    return sorted([*earned, *moved], key=lambda event: event[0])
