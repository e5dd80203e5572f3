"""The journal: every order is written here, and committed, before it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, exists, literal
from sqlalchemy import select as select_many
from sqlmodel import col, func, select

from helix_core.domain.order import Fill, OrderKind, OrderRef
from helix_core.domain.signal import Action
from helix_core.store import rows
from helix_core.store.prepared import hot
from helix_core.store.schema import UNSETTLED, FillRow, JournalRow, JournalState, SignalRow, TradeRow

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
_journal, _fills = rows.table(JournalRow).c, rows.table(FillRow).c
_signals, _trades = rows.table(SignalRow).c, rows.table(TradeRow).c
# Built once: building one of these takes as long as asking it. Those over the tables' own columns make no objects.
_HIGHEST = hot(select(func.max(_journal.number)))
_STOPS_OF_NO_TRADE = (
    select(JournalRow)
    .where(_OF_SIGNAL, JournalRow.kind == OrderKind.STOP.value, col(JournalRow.trade_id).is_(None))
    .order_by(_NUMBER)
)
_NEXT = hot(
    select(
        select(func.coalesce(func.max(_journal.attempt), 0) + 1)
        .where(_journal.signal_row == _signals.id, _journal.kind == bindparam("kind"))
        .scalar_subquery(),
        _signals.received_at,
    ).where(_signals.id == bindparam("signal_row"))
)
_LATEST_OF_SIGNAL = select(JournalRow).where(_OF_SIGNAL, _OF_KIND).order_by(_NUMBER.desc()).limit(1)
_LATEST_OF_TRADE = select(JournalRow).where(_OF_TRADE, _OF_KIND).order_by(_NUMBER.desc()).limit(1)
_STANDING = _LATEST_OF_TRADE.where(col(JournalRow.state).in_([JournalState.LIVE.value, *_unsettled]))
_UNSETTLED = select(JournalRow).where(col(JournalRow.state).in_(_unsettled)).order_by(_NUMBER)
_UNSETTLED_OF_KIND = _UNSETTLED.where(_OF_KIND)
_GIVEN_UP = hot(
    select(_journal.fence_at)
    .where(
        _journal.state == JournalState.NOT_PLACED.value,
        _journal.kind != OrderKind.ENTRY.value,
        _journal.trade_id.is_not(None),
        _journal.fence_at > bindparam("now"),
    )
    .order_by(_journal.fence_at.desc())
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
_FILL = (
    _fills.fill_id,
    _fills.venue_order_id,
    _fills.symbol,
    _fills.side,
    _fills.price,
    _fills.quantity,
    _fills.fee,
    _fills.fee_currency,
    _fills.at,
)
_FILLS: Any = hot(select_many(*_FILL).where(_fills.trade_id == bindparam("trade_id")).order_by(_fills.at))
_FILLS_OF_OPEN: Any = hot(
    select_many(_trades.id, *_FILL)
    .join_from(rows.table(TradeRow), rows.table(FillRow), _fills.trade_id == _trades.id, isouter=True)
    .where(_trades.status == "open")
    .order_by(_trades.id, _fills.at)
)
_is_unsettled = _journal.state.in_(map(literal, _unsettled))
_SOMETHING_OPEN = hot(select(exists().where(_trades.status == "open") | exists().where(_is_unsettled)))
_ENTRIES_UNKNOWN = hot(select(func.count()).where(_is_unsettled, _journal.kind == OrderKind.ENTRY.value))


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
    return (await next_order(session, signal_row, kind))[0]


async def next_order(session: AsyncSession, signal_row: int, kind: OrderKind) -> tuple[int, datetime]:
    """The attempt number of a signal's next order of this kind, and when the signal came."""
    which = {"signal_row": signal_row, "kind": kind.value}
    attempt, received_at = (await session.exec(_NEXT, params=which)).one()
    return attempt, received_at


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


async def unknown_entries(session: AsyncSession) -> int:
    """How many entries may be at the venue without our knowing."""
    return int((await session.exec(_ENTRIES_UNKNOWN)).one())


async def something_open(session: AsyncSession) -> bool:
    """Whether a trade is open, or an order may be at the venue without our knowing."""
    return bool((await session.exec(_SOMETHING_OPEN)).one())


async def record_fills(
    session: AsyncSession, exchange: str, trade_id: int, client_order_id: str, fills: Iterable[Fill]
) -> None:
    """Keep executions; one that the trade already has is not counted again.

    Where a venue attaches stops to the entry, a second protective order of ours is answered with the executions of the
    first as well.
    """
    known = {(fill.venue_order_id, fill.fill_id) for fill in await fills_of(session, trade_id)}
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
    return [_fill(*row) for row in await session.exec(_FILLS, params={"trade_id": trade_id})]


async def fills_of_open(session: AsyncSession) -> dict[int, list[Fill]]:
    """All executions of each open trade, by its id."""
    found: dict[int, list[Fill]] = {}
    for trade_id, *row in await session.exec(_FILLS_OF_OPEN):
        fills = found.setdefault(trade_id, [])
        if row[0] is not None:
            fills.append(_fill(*row))
    return found


def _fill(*row: Any) -> Fill:
    """Columns in the order of `_FILL`."""
    fill_id, venue_order_id, symbol, side, price, quantity, fee, fee_currency, at = row
    return Fill(
        fill_id=fill_id,
        venue_order_id=venue_order_id,
        symbol=symbol,
        side=Action(side),
        price=price,
        quantity=quantity,
        fee=fee,
        fee_currency=fee_currency,
        at=at,
    )
