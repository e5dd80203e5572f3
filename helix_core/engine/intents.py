"""Intents: how an order is written down before it leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core.domain.order import ApprovedOrder, OrderKind, ProtectiveOrder
from helix_core.domain.signal import Action
from helix_core.store.schema import JournalRow, JournalState

if TYPE_CHECKING:
    from datetime import datetime

    from helix_core.domain.order import AnyOrder, Bracket


def of(order: AnyOrder, now: datetime, fence_at: datetime, *, signal_row: int, attempt: int) -> JournalRow:
    """The row of an order that leaves now; after `fence_at` it can no longer appear at the venue by itself."""
    row = JournalRow(
        client_order_id=order.client_order_id,
        signal_row=signal_row,
        kind=order.kind.value,
        attempt=attempt,
        symbol=order.symbol,
        side=(Action.BUY if order.kind is OrderKind.ENTRY else Action.SELL).value,
        quantity=order.quantity,
        state=JournalState.SENT.value,
        sent_at=now,
        fence_at=fence_at,
        updated_at=now,
    )
    if isinstance(order, ProtectiveOrder):
        row.stop_price, row.take_profit_price = order.stop_price, order.take_profit_price
        row.entry_order_id = order.entry_order_id
    return row


def stop_of(order: ApprovedOrder, bracket: Bracket, entry: JournalRow) -> JournalRow:
    """The stop that the venue places with the entry's fill: written down with it, and looked for afterwards."""
    return JournalRow(
        client_order_id=bracket.stop_client_order_id,
        signal_row=entry.signal_row,
        kind=OrderKind.STOP.value,
        attempt=1,
        symbol=order.symbol,
        side=Action.SELL.value,
        quantity=order.quantity,
        stop_price=bracket.stop_price,
        take_profit_price=bracket.take_profit_price,
        state=JournalState.SENT.value,
        sent_at=entry.sent_at,
        fence_at=entry.fence_at,
        updated_at=entry.updated_at,
    )
