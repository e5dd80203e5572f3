"""The story of one signal: every stage it went through, with its time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlmodel import col, select

from helix_core.store import rows
from helix_core.store.schema import FillRow, InboxRow, JournalRow, SignalRow, TradeRow, VerdictRow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlmodel import SQLModel
    from sqlmodel.ext.asyncio.session import AsyncSession


async def of_signal(session: AsyncSession, row: int) -> dict[str, Any] | None:
    """Signal, verdicts, orders, fills and trade of signals.id `row`; None when there is no such signal."""
    signal, asked = await rows.find(session, SignalRow, row), await rows.find(session, InboxRow, row)
    if signal is None or asked is None:
        return None
    verdicts = await session.exec(select(VerdictRow).where(VerdictRow.signal_row == row).order_by(col(VerdictRow.id)))
    orders = (
        await session.exec(select(JournalRow).where(JournalRow.signal_row == row).order_by(col(JournalRow.sent_at)))
    ).all()
    ids = [order.client_order_id for order in orders]
    fills = await session.exec(select(FillRow).where(col(FillRow.client_order_id).in_(ids)).order_by(col(FillRow.at)))
    trade = await rows.find(session, TradeRow, asked.trade_id) if asked.trade_id is not None else None
    return {
        "signal": signal.model_dump(),
        "asked": asked.model_dump(),
        "verdicts": _dumped(verdicts),
        "orders": _dumped(orders),
        "fills": _dumped(fills),
        "trade": None if trade is None else trade.model_dump(),
    }


def _dumped(rows: Iterable[SQLModel]) -> list[dict[str, Any]]:
    return [row.model_dump() for row in rows]
