"""The journal: every order is written here, and committed, before it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam
from sqlmodel import col, func, select

from helix_core.domain.order import Fill, OrderKind, OrderRef
from helix_core.domain.signal import Action
from helix_core.store import rows
from helix_core.store.schema import UNSETTLED, FillRow, JournalRow, JournalState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlmodel.ext.asyncio.session import AsyncSession
    from sqlmodel.sql.expression import SelectOfScalar

    from helix_core.domain.order import OrderReport


_NEVER_PLACED = {JournalState.REFUSED, JournalState.NOT_PLACED}
_ENDED = {JournalState.DONE, *_NEVER_PLACED}
_OPEN_QUESTIONS = {JournalState.UNKNOWN, JournalState.CANCELLING}
_unsettled = [state.value for state in UNSETTLED]
_OF_KIND = JournalRow.kind == bindparam("kind")
_OF_SIGNAL = JournalRow.signal_row == bindparam("signal_row")
_OF_TRADE = JournalRow.trade_id == bindparam("trade_id")
_NUMBER = col(JournalRow.number)
# Built once: building one of these takes as long as asking it.
_HIGHEST = select(func.max(JournalRow.number))
_STOPS_OF_NO_TRADE = (
    select(JournalRow)
    .where(_OF_SIGNAL, JournalRow.kind == OrderKind.STOP.value, col(JournalRow.trade_id).is_(None))
    .order_by(_NUMBER)
)
_ATTEMPTS = select(JournalRow.attempt).where(_OF_SIGNAL, _OF_KIND)
_LATEST_OF_SIGNAL = select(JournalRow).where(_OF_SIGNAL, _OF_KIND).order_by(_NUMBER.desc()).limit(1)
_LATEST_OF_TRADE = select(JournalRow).where(_OF_TRADE, _OF_KIND).order_by(_NUMBER.desc()).limit(1)
_STANDING = _LATEST_OF_TRADE.where(col(JournalRow.state).in_([JournalState.LIVE.value, *_unsettled]))
_UNSETTLED = select(JournalRow).where(col(JournalRow.state).in_(_unsettled)).order_by(_NUMBER)
_UNSETTLED_OF_KIND = _UNSETTLED.where(_OF_KIND)
_GIVEN_UP = (
    select(JournalRow.fence_at)
    .where(
        JournalRow.state == JournalState.NOT_PLACED.value,
        JournalRow.kind != OrderKind.ENTRY.value,
        col(JournalRow.trade_id).is_not(None),
        col(JournalRow.fence_at) > bindparam("now"),
    )
    .order_by(col(JournalRow.fence_at).desc())
    .limit(1)
)
_ENDED_STOPS = (
    select(JournalRow)
    .where(
        JournalRow.kind == OrderKind.STOP.value,
        col(JournalRow.state).in_([state.value for state in _ENDED]),
        col(JournalRow.fence_at) > bindparam("since"),
    )
    .order_by(_NUMBER)
)
_FILLS = select(FillRow).where(FillRow.trade_id == bindparam("trade_id")).order_by(col(FillRow.at))


def reference(row: JournalRow) -> OrderRef:
    """How the venue can be asked about this order."""
    return OrderRef(
        client_order_id=row.client_order_id,
        kind=OrderKind(row.kind),
        symbol=row.symbol,
        venue_order_ids=tuple(row.venue_order_ids.split()),
        entry_order_id=row.entry_order_id,
    )


async def add(session: AsyncSession, row: JournalRow) -> None:
    """Write an order down, numbered after all others."""
    last = (await session.exec(_HIGHEST)).one()
    row.number = (last or 0) + 1
    session.add(row)
    await session.flush()


async def mark(
    session: AsyncSession,
    client_order_id: str,
    state: JournalState,
    now: datetime,
    *,
    report: OrderReport | None = None,
    detail: str | None = None,
) -> JournalRow:
    """Move an order to `state`, keeping what the venue said of it.

    An entry that bought nothing takes the stop that it carried with it. What is known of an order's end stays known:
    an error that is told after it changes nothing.
    """
    row = await rows.need(session, JournalRow, client_order_id)
    if state in _OPEN_QUESTIONS and row.state in _ENDED:
        return row
    row.state, row.updated_at = state.value, now
    if detail is not None:
        row.detail = detail
    if report is not None:
        row.venue_order_ids, row.filled = " ".join(report.venue_order_ids), report.filled
    session.add(row)
    nothing_bought = state is JournalState.DONE and not row.filled
    if row.kind == OrderKind.ENTRY.value and (nothing_bought or state in _NEVER_PLACED):
        for stop in await of_no_trade(session, row.signal_row):
            stop.state, stop.updated_at = JournalState.NOT_PLACED.value, now
            session.add(stop)
    return row


async def of_no_trade(session: AsyncSession, signal_row: int) -> list[JournalRow]:
    """Stops that a signal caused before its trade was written down."""
    return list(await session.exec(_STOPS_OF_NO_TRADE, params={"signal_row": signal_row}))


async def next_attempt(session: AsyncSession, signal_row: int, kind: OrderKind) -> int:
    """1 for the first order of this kind that a signal causes, then 2, 3, ..."""
    rows = await session.exec(_ATTEMPTS, params={"signal_row": signal_row, "kind": kind.value})
    return max(rows.all(), default=0) + 1


async def of_signal(session: AsyncSession, signal_row: int, kind: OrderKind) -> JournalRow | None:
    """The latest order of this kind that a signal caused."""
    return await _first(session, _LATEST_OF_SIGNAL, signal_row=signal_row, kind=kind.value)


async def of_trade(session: AsyncSession, trade_id: int, kind: OrderKind) -> JournalRow | None:
    """The latest order of this kind in a trade."""
    return await _first(session, _LATEST_OF_TRADE, trade_id=trade_id, kind=kind.value)


async def _first(session: AsyncSession, query: SelectOfScalar[JournalRow], **which: object) -> JournalRow | None:
    return (await session.exec(query, params=which)).first()


async def standing(session: AsyncSession, trade_id: int, kind: OrderKind) -> JournalRow | None:
    """The order of this kind in a trade that is, or may be, alive at the venue."""
    return await _first(session, _STANDING, trade_id=trade_id, kind=kind.value)


async def last_to_sell(session: AsyncSession, trade_id: int) -> JournalRow | None:
    """The order that made the trade's latest sale; None while nothing was sold."""
    rows = await session.exec(
        select(JournalRow)
        .join(FillRow, col(FillRow.client_order_id) == JournalRow.client_order_id)
        .where(FillRow.trade_id == trade_id, FillRow.side == Action.SELL.value)
        .order_by(col(FillRow.at).desc())
        .limit(1)
    )
    return rows.first()


async def not_placed(session: AsyncSession, trade_id: int, kind: OrderKind) -> list[JournalRow]:
    """Orders of a trade that were held to be absent, latest first."""
    query = select(JournalRow).where(
        JournalRow.trade_id == trade_id,
        JournalRow.kind == kind.value,
        JournalRow.state == JournalState.NOT_PLACED.value,
    )
    return list(await session.exec(query.order_by(col(JournalRow.number).desc())))


async def given_up_until(session: AsyncSession, now: datetime) -> datetime | None:
    """Until when a sale or a stop that was held never to have been placed could still reach the venue; None: none."""
    return (await session.exec(_GIVEN_UP, params={"now": now})).first()


async def ended_stops(session: AsyncSession, since: datetime) -> list[JournalRow]:
    """Stops that are over, or held absent, and could reach the venue until later than `since`."""
    return list(await session.exec(_ENDED_STOPS, params={"since": since}))


async def unsettled(session: AsyncSession, kind: OrderKind | None = None) -> list[JournalRow]:
    """Orders that may be at the venue without our knowing, oldest first."""
    if kind is None:
        return list(await session.exec(_UNSETTLED))
    return list(await session.exec(_UNSETTLED_OF_KIND, params={"kind": kind.value}))


async def record_fills(
    session: AsyncSession, exchange: str, trade_id: int, client_order_id: str, fills: Iterable[Fill]
) -> None:
    """Keep executions; one that the trade already has is not counted again.

    Where a venue attaches stops to the entry, a second protective order of ours is answered with the executions of the
    first as well.
    """
    known = {(row.venue_order_id, row.fill_id) for row in await session.exec(_FILLS, params={"trade_id": trade_id})}
    for fill in fills:
        if (fill.venue_order_id, fill.fill_id) not in known:
            known.add((fill.venue_order_id, fill.fill_id))
            session.add(
                FillRow(
                    exchange=exchange,
                    symbol=fill.symbol,
                    fill_id=fill.fill_id,
                    client_order_id=client_order_id,
                    trade_id=trade_id,
                    venue_order_id=fill.venue_order_id,
                    side=fill.side.value,
                    price=fill.price,
                    quantity=fill.quantity,
                    fee=fill.fee,
                    fee_currency=fill.fee_currency,
                    at=fill.at,
                )
            )
    await session.flush()


async def fills_of(session: AsyncSession, trade_id: int) -> list[Fill]:
    """All executions of a trade, oldest first."""
    rows = await session.exec(_FILLS, params={"trade_id": trade_id})
    return [
        Fill(
            fill_id=row.fill_id,
            venue_order_id=row.venue_order_id,
            symbol=row.symbol,
            side=Action(row.side),
            price=row.price,
            quantity=row.quantity,
            fee=row.fee,
            fee_currency=row.fee_currency,
            at=row.at,
        )
        for row in rows
    ]
