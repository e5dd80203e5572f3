"""Trades, their results and the figures of a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import takewhile
from typing import TYPE_CHECKING

from sqlalchemy import bindparam
from sqlmodel import col, func, select

from helix_core.store import journal, rows
from helix_core.store.prepared import hot
from helix_core.store.schema import DailyStatsRow, DayRow, GapRow, JournalRow, ResultRow, SignalRow, TradeRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlmodel.ext.asyncio.session import AsyncSession

    from helix_core.domain.position import Position
    from helix_core.store.inbox import StoredSignal

_LONGEST_STREAK = 200
"""Twice as many losses as MAX_CONSECUTIVE_LOSSES can ask for."""
_EVER = datetime.min.replace(tzinfo=UTC)

_trades, _results = rows.table(TradeRow).c, rows.table(ResultRow).c
# Built once: building one of these takes as long as asking it.
_OPEN = select(TradeRow).where(TradeRow.status == "open").order_by(col(TradeRow.id))
_NAMED = hot(select(_trades.id).where(_trades.signal_id == bindparam("name")))
_RESULTS_SINCE = (
    select(ResultRow)
    .where(col(ResultRow.closed_at) >= bindparam("since"))
    .order_by(col(ResultRow.closed_at), col(ResultRow.trade_id))
)
_LATEST_RESULTS = hot(
    select(_results.pnl)
    .where(_results.closed_at >= bindparam("since"))
    .order_by(_results.closed_at.desc(), _results.trade_id.desc())
    .limit(_LONGEST_STREAK)
)
_LAST_STOP_OUT = hot(select(func.max(_trades.closed_at)).where(_trades.status == "stopped_out"))


async def open_trade(
    session: AsyncSession, stored: StoredSignal, entry: JournalRow, exchange: str, position: Position, now: datetime
) -> TradeRow:
    """Make the trade of a filled entry. A signal_id that has traded before gets `#<signals.id>` added."""
    name = stored.signal.signal_id
    while (await session.exec(_NAMED, params={"name": name})).first() is not None:
        name = f"{name}#{stored.row}"
    trade = TradeRow(
        signal_id=name,
        exchange=exchange,
        symbol=stored.signal.symbol,
        side=stored.signal.action.value,
        entry_price=float(position.entry_price),
        quantity=float(position.held),
        status="open",
        exchange_order_id=entry.venue_order_ids.split(" ")[0],
        opened_at=now,
    )
    session.add(trade)
    await session.flush()
    for order in (entry, *await journal.of_no_trade(session, stored.row)):
        order.trade_id = trade.id
        session.add(order)
    return trade


def record_gap(session: AsyncSession, trade_id: int, began_at: datetime, ended_at: datetime) -> None:
    """Keep how long a position had no stop."""
    session.add(GapRow(trade_id=trade_id, began_at=began_at, ended_at=ended_at))


async def longest_gap(session: AsyncSession, since: datetime) -> timedelta:
    """The longest time without a stop that ended since then."""
    gaps = await session.exec(select(GapRow).where(col(GapRow.ended_at) >= since))
    return max((gap.ended_at - gap.began_at for gap in gaps), default=timedelta(0))


async def open_trades(session: AsyncSession) -> list[TradeRow]:
    """Trades that still hold something."""
    return list(await session.exec(_OPEN))


async def close_trade(
    session: AsyncSession,
    trade_id: int,
    position: Position,
    pnl: Decimal,
    *,
    status: str,
    reason: str,
    at: datetime,
) -> None:
    """End a trade at the time of its last fill, and write down what it earned: `pnl` in quote, all fees included."""
    trade = await rows.need(session, TradeRow, trade_id)
    result = ResultRow(trade_id=trade_id, closed_at=at, pnl=pnl, pnl_pct=100 * pnl / position.cost)
    trade.status, trade.close_reason, trade.closed_at = status, reason, at
    trade.exit_price = float(position.exit_price) if position.sold else None
    trade.pnl, trade.pnl_pct = float(result.pnl), float(result.pnl_pct)
    session.add(trade)
    session.add(result)
    await session.flush()
    await _count(session, at.date())


async def results_since(session: AsyncSession, since: datetime) -> Sequence[ResultRow]:
    """Results of trades closed at or after `since`, oldest first."""
    return (await session.exec(_RESULTS_SINCE, params={"since": since})).all()


async def losing_streak(session: AsyncSession, since: datetime | None) -> int:
    """How many of the latest trades closed at or after `since`, one after the other, made a loss; 200 at most."""
    pnls = await session.exec(_LATEST_RESULTS, params={"since": since or _EVER})
    return sum(1 for _ in takewhile(lambda pnl: pnl < 0, pnls))


def day_start(now: datetime) -> datetime:
    """00:00 UTC of that day."""
    return day_start_of(now.astimezone(UTC).date())


def day_start_of(day: date) -> datetime:
    """00:00 UTC."""
    return datetime.combine(day, time(0), UTC)


async def day_pnl(session: AsyncSession, now: datetime) -> Decimal:
    """What trades closed since 00:00 UTC earned, exact."""
    return sum((result.pnl for result in await results_since(session, day_start(now))), Decimal(0))


async def last_signal_at(session: AsyncSession) -> datetime | None:
    """When the latest signal came."""
    return (await session.exec(select(func.max(SignalRow.received_at)))).one()


async def last_stop_out_at(session: AsyncSession) -> datetime | None:
    """When a stop last closed a trade, or None when none ever did."""
    at: datetime | None = (await session.exec(_LAST_STOP_OUT)).one()
    return at


async def mark_daily_limit(session: AsyncSession, now: datetime) -> None:
    """Note in the day's figures that the loss limit was hit."""
    row = await _stats(session, now.date())
    row.daily_loss_limit_hit = True
    session.add(row)


async def _stats(session: AsyncSession, day: date) -> DailyStatsRow:
    return await rows.find(session, DailyStatsRow, day) or DailyStatsRow(date=day)


async def _count(session: AsyncSession, day: date) -> None:
    """Figure the day anew from its results, so that nothing can be counted twice."""
    start = day_start_of(day)
    results = [row for row in await results_since(session, start) if row.closed_at < start + timedelta(days=1)]
    opening = await rows.find(session, DayRow, day)
    row = await _stats(session, day)
    total = sum((result.pnl for result in results), Decimal(0))
    row.trades_count = len(results)
    row.wins = sum(result.pnl > 0 for result in results)
    row.losses = sum(result.pnl < 0 for result in results)
    row.total_pnl = float(total)
    if opening is not None:
        row.total_pnl_pct = float(100 * total / opening.opening_equity)
        row.max_drawdown_pct = float(_worst_fall_pct(opening.opening_equity, [result.pnl for result in results]))
    session.add(row)


def _worst_fall_pct(opening: Decimal, pnls: Sequence[Decimal]) -> Decimal:
    """Largest fall from a peak of the day's equity, in percent of that peak."""
    equity = peak = opening
    worst = Decimal(0)
    for pnl in pnls:
        equity += pnl
        peak = max(peak, equity)
        worst = max(worst, 100 * (peak - equity) / peak)
    return worst
