"""Endpoints for one-cancels-the-other pairs, in today's form and in the deprecated one (rest-api.md, "Order lists")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_binance.sandbox.endpoint import Endpoint
from helix_binance.sandbox.orders import BAD_SIDE, cancel, refuse_unsupported
from helix_binance.sandbox.refusals import NO_SUCH_LIST, BinanceError, in_words_of_binance, one_of_two
from helix_binance.sandbox.shapes import order_list, placed
from helix_binance.sandbox.signing import Security
from helix_core import Action
from helix_core.sandbox import NewOrder, OrderType, Reason

if TYPE_CHECKING:
    from helix_binance.sandbox.call import Call
    from helix_binance.sandbox.shapes import Json
    from helix_core.sandbox import OrderList

_STOP, _LIMIT = OrderType.STOP_LOSS.value, OrderType.LIMIT_MAKER.value
_MISPLACED = {
    (Action.SELL, "above", _STOP): (-1197, "A stop loss order in a sell OCO must be below."),
    (Action.SELL, "below", _LIMIT): (-1166, "A limit order in a sell OCO must be above."),
    (Action.BUY, "below", _STOP): (-1196, "A stop loss order in a buy OCO must be above."),
    (Action.BUY, "above", _LIMIT): (-1165, "A limit order in a buy OCO must be below."),
}


def _place(call: Call) -> object:
    """POST /api/v3/orderList/oco: an order above the price and one below it."""
    side = call.choice("side", Action, BAD_SIDE)
    types = {place: _leg_type(call, place) for place in ("above", "below")}
    if list(types.values()) == [_LIMIT, _LIMIT]:
        raise BinanceError(-1168, "At least one OCO order must be contingent.")
    for place, leg_type in types.items():
        if (side, place, leg_type) in _MISPLACED:
            raise BinanceError(*_MISPLACED[side, place, leg_type])
    stop, limit = ("below", "above") if side is Action.SELL else ("above", "below")
    call.forbid(f"{stop}Price", f"{limit}StopPrice", "aboveTimeInForce", "belowTimeInForce")
    return _accept(call, side, (f"{stop}StopPrice", f"{stop}ClientOrderId"), (f"{limit}Price", f"{limit}ClientOrderId"))


def _leg_type(call: Call, place: str) -> str:
    leg_type = call.text(f"{place}Type")
    refuse_unsupported(leg_type)
    if leg_type not in {_STOP, _LIMIT}:
        raise BinanceError(-1158, "Order type not supported in OCO.")
    return leg_type


def _place_deprecated(call: Call) -> object:
    """POST /api/v3/order/oco: the same pair under its old parameter names."""
    if "stopLimitPrice" in call.parameters:
        refuse_unsupported("STOP_LOSS_LIMIT")
    side = call.choice("side", Action, BAD_SIDE)
    return _accept(call, side, ("stopPrice", "stopClientOrderId"), ("price", "limitClientOrderId"))


def _accept(call: Call, side: Action, stop: tuple[str, str], limit: tuple[str, str]) -> object:
    """Place the pair whose legs' price and client id stand under these parameter names."""
    symbol, quantity = call.listing().market.symbol, call.decimal("quantity")
    pair = call.venue.place_oco(
        NewOrder(
            symbol=symbol,
            side=side,
            type=OrderType.STOP_LOSS,
            quantity=quantity,
            stop_price=call.decimal(stop[0]),
            client_id=call.client_id(stop[1]),
        ),
        NewOrder(
            symbol=symbol,
            side=side,
            type=OrderType.LIMIT_MAKER,
            quantity=quantity,
            price=call.decimal(limit[0]),
            client_id=call.client_id(limit[1]),
        ),
        call.client_id("listClientOrderId"),
    )
    style = call.maybe("newOrderRespType", "^(ACK|RESULT|FULL)$") or "RESULT"
    reports = [placed(call.venue, leg, style) for leg in call.venue.ledger.legs(pair)]
    return order_list(call.venue, pair, reports)


def _find(call: Call, client_id_name: str, absent: BinanceError) -> OrderList:
    """The newest pair that orderListId or its client id names. Raises `absent`."""
    list_id, client_id = call.maybe_long("orderListId"), call.maybe(client_id_name)
    if list_id is None and client_id is None:
        raise one_of_two(client_id_name, "orderListId")
    for pair in reversed(call.venue.ledger.lists):
        if list_id in {None, pair.list_id} and client_id in {None, pair.client_id}:
            return pair
    raise absent


def _cancel(call: Call) -> object:
    absent = in_words_of_binance(Reason.UNKNOWN_LIST)
    symbol, pair = call.listing().market.symbol, _find(call, "listClientOrderId", absent)
    living = [leg for leg in call.venue.ledger.legs(pair) if leg.open]
    if pair.symbol != symbol or not living:
        raise absent
    return cancel(call.venue, living[0], call.client_id("newClientOrderId") or call.venue.new_client_id())


def _query(call: Call) -> object:
    return order_list(call.venue, _find(call, "origClientOrderId", BinanceError(*NO_SUCH_LIST)))


def _open(call: Call) -> list[Json]:
    ledger = call.venue.ledger
    return [order_list(call.venue, pair) for pair in ledger.lists if any(leg.open for leg in ledger.legs(pair))]


_COMMON = frozenset({"symbol", "side", "quantity", "listClientOrderId", "newOrderRespType"})
_LEG = ("Type", "ClientOrderId", "Price", "StopPrice", "TimeInForce")
_NEW = _COMMON | {place + name for place in ("above", "below") for name in _LEG}
_DEPRECATED = _COMMON | {"price", "limitClientOrderId", "stopPrice", "stopClientOrderId"}
_DEPRECATED |= {"stopLimitPrice", "stopLimitTimeInForce"}
_WHICH = frozenset({"symbol", "orderListId", "listClientOrderId", "newClientOrderId"})
_TRADE, _READ = Security.TRADE, Security.USER_DATA
_LIST = "/api/v3/orderList"

ENDPOINTS = (
    Endpoint(method="POST", path=f"{_LIST}/oco", handle=_place, reads=_NEW, security=_TRADE, orders=2),
    Endpoint(
        method="POST", path="/api/v3/order/oco", handle=_place_deprecated, reads=_DEPRECATED, security=_TRADE, orders=2
    ),
    Endpoint(method="DELETE", path=_LIST, handle=_cancel, reads=_WHICH, security=_TRADE),
    Endpoint(
        method="GET",
        path=_LIST,
        handle=_query,
        reads=frozenset({"orderListId", "origClientOrderId"}),
        security=_READ,
        weight=4,
    ),
    Endpoint(method="GET", path="/api/v3/openOrderList", handle=_open, security=_READ, weight=6),
)
