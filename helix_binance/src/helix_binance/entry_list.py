"""An entry with its stop in one request: an OPOCO, a list of orders whose pair sells what the first one received.

Sources: Binance spot API documentation, rest-api.md ("New Order List - OPOCO") and faqs/opo.md. The entry is a LIMIT
order, FOK: all of it at no more than its price, or nothing. No other would do: an entry filled in part never places
its pair. The venue works out the pair's quantity: what was received, less a fee taken from it, in whole lots.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from helix_core import DataMissing, OrderReport, OrderStatus, ceil_to, floor_to, plain
from helix_core.ccxt import decimal, need

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helix_core import ApprovedOrder

LIST_SUFFIX, STOP_SUFFIX, PROFIT_SUFFIX = "-l", "-sl", "-tp"
_PENDING = "PENDING_NEW"
_ENDED = {
    "EXPIRED": OrderStatus.EXPIRED,
    "CANCELED": OrderStatus.CANCELED,
    "REJECTED": OrderStatus.REJECTED,
}


def form(known: Mapping[str, Any], order: ApprovedOrder) -> dict[str, str]:
    """The request. Prices are rounded towards safety: never dearer, never a stop further away. Raises DataMissing."""
    bracket = order.bracket
    if bracket is None:
        message = f"entry {order.client_order_id} carries no stop"
        raise DataMissing(message)
    tick, lot = decimal(known, "precision", "price"), decimal(known, "precision", "amount")
    return {
        "symbol": known["id"],
        "listClientOrderId": bracket.stop_client_order_id + LIST_SUFFIX,
        "newOrderRespType": "RESULT",
        "workingType": "LIMIT",
        "workingSide": "BUY",
        "workingClientOrderId": order.client_order_id,
        "workingPrice": plain(floor_to(bracket.limit_price, tick)),
        "workingQuantity": plain(floor_to(order.quantity, lot)),
        "workingTimeInForce": "FOK",
        "pendingSide": "SELL",
        "pendingAboveType": "LIMIT_MAKER",
        "pendingAboveClientOrderId": bracket.stop_client_order_id + PROFIT_SUFFIX,
        "pendingAbovePrice": plain(floor_to(bracket.take_profit_price, tick)),
        "pendingBelowType": "STOP_LOSS",
        "pendingBelowClientOrderId": bracket.stop_client_order_id + STOP_SUFFIX,
        "pendingBelowStopPrice": plain(ceil_to(bracket.stop_price, tick)),
    }


def pending(row: Mapping[str, Any]) -> bool:
    """Whether an order is written down for later: not at the market, so it protects nothing yet."""
    return row.get("status") == _PENDING


def never_at_market(row: Mapping[str, Any]) -> bool:
    """Whether an order waits for its entry, or ended while it did. Binance states no quantity for such a one."""
    return pending(row) or (row.get("origQty") is None and row.get("status") in _ENDED)


def read_waiting(row: Mapping[str, Any], client_order_id: str) -> OrderReport:
    """The report of an order that is not at the market: it protects nothing. Raises DataMissing, also for a fill."""
    word, filled = need(row, "status"), decimal(row, "executedQty")
    if filled:
        message = "the venue states a fill, and no quantity"
        raise DataMissing(message)
    return OrderReport(
        client_order_id=client_order_id,
        status=_ENDED.get(word, OrderStatus.OPEN),
        filled=filled,
        venue_order_ids=(str(need(row, "orderId")),),
        raw_status=word,
        protecting=Decimal(0),
    )


def average_price(row: Mapping[str, Any]) -> Decimal | None:
    """What was paid or got for one unit; None where nothing filled, or the venue no longer knows (below zero)."""
    filled, cost = decimal(row, "executedQty"), decimal(row, "cummulativeQuoteQty")
    return cost / filled if filled > 0 and cost > 0 else None
