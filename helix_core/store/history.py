"""The history of an account: its trades with exact figures from the fills, its results, transfers and days."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlmodel import col, select

from helix_core.domain.signal import Action
from helix_core.store.schema import DayRow, FillRow, GapRow, ResultRow, TradeRow, TransferRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlmodel.ext.asyncio.session import AsyncSession

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traded:
    """One trade. `bought` and `sold` are base units; `cost`, `proceeds`, `fees` and `pnl` quote; `pnl_pct` of the cost.

    `fees` are those of all fills: taken in base they count at their fill's price, taken in a third coin they count once
    the trade is closed, at what its result took them for. `pnl` (net) is None while no result is booked.
    """

    trade_id: int
    signal_id: str
    exchange: str
    symbol: str
    status: str
    reason: str | None
    opened_at: datetime | None
    closed_at: datetime | None
    bought: Decimal
    sold: Decimal
    cost: Decimal
    proceeds: Decimal
    fees: Decimal
    pnl: Decimal | None
    pnl_pct: Decimal | None
    without_stop: timedelta

    @property
    def entry_price(self) -> Decimal | None:
        """Average price paid, before fees."""
        return self.cost / self.bought if self.bought else None

    @property
    def exit_price(self) -> Decimal | None:
        """Average price received, before fees."""
        return self.proceeds / self.sold if self.sold else None

    @property
    def quote(self) -> str:
        """The currency of its money."""
        return self.symbol.partition("/")[2]


async def trades(session: AsyncSession, since: datetime | None = None) -> list[Traded]:
    """Trades opened at or after `since`, oldest first."""
    opened = col(TradeRow.opened_at) >= (since or _LONG_AGO)
    found = (await session.exec(select(TradeRow).where(opened).order_by(col(TradeRow.id)))).all()
    numbers = select(TradeRow.id).where(opened)
    fills, gaps, results = defaultdict(list), defaultdict(list), {}
    for fill in await session.exec(select(FillRow).where(col(FillRow.trade_id).in_(numbers))):
        fills[fill.trade_id].append(fill)
    for gap in await session.exec(select(GapRow).where(col(GapRow.trade_id).in_(numbers))):
        gaps[gap.trade_id].append(gap)
    for result in await session.exec(select(ResultRow).where(col(ResultRow.trade_id).in_(numbers))):
        results[result.trade_id] = result
    return [_traded(row, fills[row.id or 0], results.get(row.id or 0), gaps[row.id or 0]) for row in found]


async def days(session: AsyncSession) -> Sequence[DayRow]:
    """With what equity each UTC day opened, oldest first."""
    return (await session.exec(select(DayRow).order_by(col(DayRow.date)))).all()


async def events(session: AsyncSession) -> list[tuple[datetime, Decimal, Decimal]]:
    """All that moved the equity, in order: (when, P&L in quote, factor by which money came or went otherwise)."""
    results = await session.exec(select(ResultRow).order_by(col(ResultRow.closed_at), col(ResultRow.trade_id)))
    moved = await session.exec(select(TransferRow).order_by(col(TransferRow.id)))
    found = [(row.closed_at, row.pnl, Decimal(1)) for row in results]
    return sorted([*found, *((row.at, Decimal(0), row.factor) for row in moved)], key=lambda event: event[0])


def _traded(row: TradeRow, fills: Iterable[FillRow], result: ResultRow | None, gaps: Iterable[GapRow]) -> Traded:
    assert row.id is not None
    fills = list(fills)
    base, _, quote = row.symbol.partition("/")
    buys, sales = ([fill for fill in fills if fill.side == side.value] for side in (Action.BUY, Action.SELL))
    cost, proceeds = _value(buys), _value(sales)
    in_base = _total(fill.fee * fill.price for fill in fills if fill.fee_currency == base)
    in_quote = _total(fill.fee for fill in fills if fill.fee_currency == quote)
    return Traded(
        trade_id=row.id,
        signal_id=row.signal_id,
        exchange=row.exchange,
        symbol=row.symbol,
        status=row.status,
        reason=row.close_reason,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        bought=_total(fill.quantity for fill in buys),
        sold=_total(fill.quantity for fill in sales),
        cost=cost,
        proceeds=proceeds,
        fees=in_base + (in_quote if result is None else proceeds - cost - result.pnl),
        pnl=None if result is None else result.pnl,
        pnl_pct=None if result is None else result.pnl_pct,
        without_stop=sum((gap.ended_at - gap.began_at for gap in gaps), timedelta(0)),
    )


def _value(fills: Iterable[FillRow]) -> Decimal:
    return _total(fill.price * fill.quantity for fill in fills)


def _total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
