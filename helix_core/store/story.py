"""The story of one signal: every row that is there because of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import or_
from sqlmodel import SQLModel, col, select

from helix_core.domain.signal import Action
from helix_core.store import rows
from helix_core.store.schema import (
    CursorRow,
    DeadLetterRow,
    FillRow,
    GapRow,
    InboxRow,
    JournalRow,
    NoticeRow,
    ResultRow,
    SignalRow,
    TradeRow,
    VerdictRow,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Mapped
    from sqlmodel.ext.asyncio.session import AsyncSession

Row = TypeVar("Row", bound=SQLModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message to the owner: which notifiers have delivered it, which gave it up, which still have to."""

    notice: NoticeRow
    delivered: tuple[str, ...]
    given_up: tuple[str, ...]
    waiting: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A signal, what it asked for and all that followed, each list oldest first.

    Of a signal that opened a trade that is the whole trade, its end included; `others` are the signals that had to do
    with the same trade.
    """

    signal: SignalRow
    asked: InboxRow
    verdicts: Sequence[VerdictRow]
    orders: Sequence[JournalRow]
    fills: Sequence[FillRow]
    trade: TradeRow | None
    result: ResultRow | None
    gaps: Sequence[GapRow]
    others: Sequence[SignalRow]
    messages: Sequence[Message]

    def as_facts(self) -> dict[str, Any]:
        """All of it by name, for JSON."""
        return {
            "signal": self.signal.model_dump(),
            "asked": self.asked.model_dump(),
            "verdicts": [row.model_dump() for row in self.verdicts],
            "orders": [row.model_dump() for row in self.orders],
            "fills": [row.model_dump() for row in self.fills],
            "trade": None if self.trade is None else self.trade.model_dump(),
            "result": None if self.result is None else self.result.model_dump(),
            "gaps": [row.model_dump() for row in self.gaps],
            "others": [row.id for row in self.others],
            "messages": [
                {
                    **message.notice.model_dump(),
                    "delivered": message.delivered,
                    "given_up": message.given_up,
                    "waiting": message.waiting,
                }
                for message in self.messages
            ],
        }


async def of_signal(session: AsyncSession, row: int) -> Story | None:
    """The story of signals.id `row`; None when there is no such signal."""
    signal, asked = await rows.find(session, SignalRow, row), await rows.find(session, InboxRow, row)
    if signal is None or asked is None:
        return None
    trade_id = asked.trade_id
    whole = trade_id if asked.action == Action.BUY.value else None
    others = [] if trade_id is None else await _others(session, row, trade_id)
    told_in = [row, *(other.id for other in others if whole is not None)]
    orders = await _all(session, JournalRow, _of(row, whole), col(JournalRow.number))
    ids = [order.client_order_id for order in orders]
    return Story(
        signal=signal,
        asked=asked,
        verdicts=await _all(session, VerdictRow, VerdictRow.signal_row == row, col(VerdictRow.id)),
        orders=orders,
        fills=await _all(session, FillRow, col(FillRow.client_order_id).in_(ids), col(FillRow.at)),
        trade=None if trade_id is None else await rows.find(session, TradeRow, trade_id),
        result=None if trade_id is None else await rows.find(session, ResultRow, trade_id),
        gaps=await _all(session, GapRow, GapRow.trade_id == whole, col(GapRow.id)),
        others=others,
        messages=await _messages(session, told_in),
    )


async def named(session: AsyncSession, signal_id: str) -> list[int]:
    """Rows of all signals with this signal_id, oldest first."""
    query = select(SignalRow.id).where(SignalRow.signal_id == signal_id).order_by(col(SignalRow.id))
    return [row for row in await session.exec(query) if row is not None]


def _of(row: int, trade_id: int | None) -> ColumnElement[bool]:
    caused = col(JournalRow.signal_row) == row
    return caused if trade_id is None else or_(caused, col(JournalRow.trade_id) == trade_id)


async def _all(
    session: AsyncSession, table: type[Row], which: ColumnElement[bool] | bool, order: Mapped[Any]
) -> Sequence[Row]:
    return (await session.exec(select(table).where(which).order_by(order))).all()


async def _others(session: AsyncSession, row: int, trade_id: int) -> Sequence[SignalRow]:
    query = select(SignalRow).join(InboxRow, col(InboxRow.signal_row) == SignalRow.id)
    of_the_trade = query.where(InboxRow.trade_id == trade_id, SignalRow.id != row)
    return (await session.exec(of_the_trade.order_by(col(SignalRow.id)))).all()


async def _messages(session: AsyncSession, signal_rows: Sequence[int | None]) -> Sequence[Message]:
    notices = await _all(session, NoticeRow, col(NoticeRow.signal_row).in_(signal_rows), col(NoticeRow.id))
    ids = [notice.id for notice in notices]
    cursors = (await session.exec(select(CursorRow).order_by(col(CursorRow.notifier)))).all()
    dead = await session.exec(select(DeadLetterRow).where(col(DeadLetterRow.notice_id).in_(ids)))
    given_up = {(letter.notifier, letter.notice_id) for letter in dead}

    def told(notice: NoticeRow) -> Message:
        assert notice.id is not None
        lost = tuple(one.notifier for one in cursors if (one.notifier, notice.id) in given_up)
        passed = tuple(one.notifier for one in cursors if one.notice_id >= notice.id and one.notifier not in lost)
        waiting = tuple(one.notifier for one in cursors if one.notifier not in (*lost, *passed))
        return Message(notice=notice, delivered=passed, given_up=lost, waiting=waiting)

    return [told(notice) for notice in notices]
