"""The endpoint for an entry that brings its stop (rest-api.md, "New Order List - OPOCO"; faqs/opo.md).

What is offered is what can be simulated without an entry that waits: a limit buy that fills at once or not at all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from helix_binance.sandbox.endpoint import Endpoint
from helix_binance.sandbox.orders import BAD_SIDE, BAD_TIME_IN_FORCE, refuse_unsupported
from helix_binance.sandbox.refusals import BinanceError
from helix_binance.sandbox.shapes import in_list, order_list, placed
from helix_binance.sandbox.signing import Security
from helix_core import Action, OrderStatus
from helix_core.sandbox import Bracket, ExpiryReason, NewOrder, OrderType, TimeInForce

if TYPE_CHECKING:
    from helix_binance.sandbox.call import Call
    from helix_core.sandbox import Order

_WRONG_TYPE = (-1158, "Order type not supported in OCO.")
_ONLY_BUYS = (-1013, "Only BUY working orders and SELL pending orders are supported.")
_NO_WAITING = (-1013, "The sandbox takes only IOC and FOK working orders.")


def _place(call: Call) -> object:
    """POST /api/v3/orderList/opoco: a LIMIT buy, and over what it receives a LIMIT_MAKER above and a STOP_LOSS below.

    The answer shows the pair as it was written down: pending, though the entry may have filled.
    """
    entry, bracket = _entry(call), _bracket(call)
    pair = call.venue.place_bracket(entry, bracket, call.fill_ratio, call.pending_until)
    style = call.maybe("newOrderRespType", "^(ACK|RESULT|FULL)$") or "RESULT"
    orders = [_as_accepted(order) for order in in_list(call.venue, pair)]
    return order_list(call.venue, pair, [placed(call.venue, order, style) for order in orders])


def _as_accepted(order: Order) -> Order:
    """A leg before it went to the market, or was kept from it; legs that expired with the entry, and the entry, now."""
    if order.side is Action.BUY or order.expiry_reason is ExpiryReason.ENTRY_UNFILLED:
        return order
    return replace(order, pending=True, status=OrderStatus.OPEN, working_at=None, expiry_reason=None)


def _entry(call: Call) -> NewOrder:
    sides = [call.choice(name, Action, BAD_SIDE) for name in ("workingSide", "pendingSide")]
    if sides != [Action.BUY, Action.SELL]:
        raise BinanceError(*_ONLY_BUYS)
    if call.text("workingType") != OrderType.LIMIT:
        raise BinanceError(*_WRONG_TYPE)
    time_in_force = call.choice("workingTimeInForce", TimeInForce, BAD_TIME_IN_FORCE)
    if time_in_force is TimeInForce.GTC:
        raise BinanceError(*_NO_WAITING)
    return NewOrder(
        symbol=call.listing().market.symbol,
        side=Action.BUY,
        type=OrderType.LIMIT,
        time_in_force=time_in_force,
        quantity=call.decimal("workingQuantity"),
        price=call.decimal("workingPrice"),
        client_id=call.client_id("workingClientOrderId"),
    )


def _bracket(call: Call) -> Bracket:
    for name, needed in (("pendingAboveType", OrderType.LIMIT_MAKER), ("pendingBelowType", OrderType.STOP_LOSS)):
        refuse_unsupported(call.text(name))
        if call.text(name) != needed:
            raise BinanceError(*_WRONG_TYPE)
    call.forbid("pendingAboveStopPrice", "pendingBelowPrice", "pendingAboveTimeInForce", "pendingBelowTimeInForce")
    return Bracket(
        stop_price=call.decimal("pendingBelowStopPrice"),
        limit_price=call.decimal("pendingAbovePrice"),
        stop_client_id=call.client_id("pendingBelowClientOrderId"),
        limit_client_id=call.client_id("pendingAboveClientOrderId"),
        list_client_id=call.client_id("listClientOrderId"),
    )


_LEG = ("Type", "ClientOrderId", "Price", "StopPrice", "TimeInForce")
_READS = frozenset({"symbol", "listClientOrderId", "newOrderRespType", "pendingSide"})
_READS |= {f"working{name}" for name in ("Type", "Side", "ClientOrderId", "Price", "Quantity", "TimeInForce")}
_READS |= {f"pending{place}{name}" for place in ("Above", "Below") for name in _LEG}

ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/v3/orderList/opoco",
        handle=_place,
        reads=_READS,
        security=Security.TRADE,
        orders=3,
    ),
)
