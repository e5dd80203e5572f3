"""Endpoints that place, cancel and query single orders (rest-api.md, "Trading endpoints")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_binance.sandbox.endpoint import Endpoint
from helix_binance.sandbox.refusals import (
    NO_SUCH_ORDER,
    WRONG_CLIENT_ID,
    BinanceError,
    in_words_of_binance,
    not_required,
    one_of_two,
)
from helix_binance.sandbox.shapes import canceled, epoch_ms, order_list, placed, queried
from helix_binance.sandbox.signing import Security
from helix_core import Action
from helix_core.sandbox import NewOrder, OrderType, Reason, TimeInForce

if TYPE_CHECKING:
    from collections.abc import Iterable

    from helix_binance.sandbox.call import Call
    from helix_binance.sandbox.shapes import Json
    from helix_core.sandbox import Order, Venue

DAY_MS = 24 * 3600 * 1000
BAD_SIDE = (-1117, "Invalid side.")
BAD_TYPE = (-1116, "Invalid orderType.")
BAD_TIME_IN_FORCE = (-1115, "Invalid timeInForce.")
_NOT_SUPPORTED = {
    "STOP_LOSS_LIMIT": "Stop loss limit orders are not supported for this symbol.",
    "TAKE_PROFIT": "Take profit orders are not supported for this symbol.",
    "TAKE_PROFIT_LIMIT": "Take profit limit orders are not supported for this symbol.",
}
_OF_NO_USE = {
    OrderType.MARKET: ("price", "stopPrice", "timeInForce"),
    OrderType.LIMIT: ("stopPrice", "quoteOrderQty"),
    OrderType.LIMIT_MAKER: ("stopPrice", "quoteOrderQty", "timeInForce"),
    OrderType.STOP_LOSS: ("price", "quoteOrderQty", "timeInForce"),
}


def refuse_unsupported(order_type: str | None) -> None:
    """Raise BinanceError for a type that Binance knows and the sandbox's symbols do not offer."""
    if order_type in _NOT_SUPPORTED:
        raise BinanceError(-1013, _NOT_SUPPORTED[order_type])


def _read(call: Call) -> NewOrder:
    """The order that is asked for. Raises BinanceError for parameters that do not make one."""
    symbol = call.listing().market.symbol
    side = call.choice("side", Action, BAD_SIDE)
    refuse_unsupported(call.maybe("type"))
    order_type = call.choice("type", OrderType, BAD_TYPE)
    call.forbid(*_OF_NO_USE[order_type])
    is_limit = order_type in {OrderType.LIMIT, OrderType.LIMIT_MAKER}
    if order_type is OrderType.MARKET:
        _check_one_size(call)
    waits = order_type is OrderType.LIMIT
    return NewOrder(
        symbol=symbol,
        side=side,
        type=order_type,
        time_in_force=call.choice("timeInForce", TimeInForce, BAD_TIME_IN_FORCE) if waits else TimeInForce.GTC,
        quantity=call.maybe_decimal("quantity") if order_type is OrderType.MARKET else call.decimal("quantity"),
        quote_quantity=call.maybe_decimal("quoteOrderQty"),
        price=call.decimal("price") if is_limit else None,
        stop_price=call.decimal("stopPrice") if order_type is OrderType.STOP_LOSS else None,
        client_id=call.client_id("newClientOrderId"),
    )


def _check_one_size(call: Call) -> None:
    sizes = call.parameters.keys() & {"quantity", "quoteOrderQty"}
    if not sizes:
        raise one_of_two("quantity", "quoteOrderQty")
    if len(sizes) > 1:
        raise not_required("quoteOrderQty")


def _place(call: Call) -> object:
    new = _read(call)
    full = new.type in {OrderType.MARKET, OrderType.LIMIT}
    style = call.maybe("newOrderRespType", "^(ACK|RESULT|FULL)$") or ("FULL" if full else "ACK")
    return placed(call.venue, call.venue.place(new, call.fill_ratio), style)


def _try_out(call: Call) -> object:
    call.venue.try_out(_read(call))
    return {}


def _named(call: Call, orders: Iterable[Order], absent: BinanceError) -> Order:
    """The newest of `orders` that orderId or origClientOrderId names. Raises `absent`."""
    order_id, client_id = call.maybe_long("orderId"), call.maybe("origClientOrderId")
    if order_id is None and client_id is None:
        raise one_of_two("origClientOrderId", "orderId")
    symbol = call.listing().market.symbol
    wanted = "order_id" if order_id is not None else "client_id"
    value = order_id if order_id is not None else client_id
    named = [order for order in orders if order.symbol == symbol and getattr(order, wanted) == value]
    if not named:
        raise absent
    if client_id not in {None, named[-1].client_id}:
        raise BinanceError(*WRONG_CLIENT_ID)
    return named[-1]


def _query(call: Call) -> object:
    return queried(call.venue, _named(call, call.venue.ledger.orders, BinanceError(*NO_SUCH_ORDER)))


def _cancel(call: Call) -> object:
    """Cancel one order; with one leg of a pair the whole pair goes, and the answer is the pair's."""
    open_orders = call.venue.ledger.open_orders(call.listing().market.symbol)
    order = _named(call, open_orders, in_words_of_binance(Reason.UNKNOWN_ORDER))
    cancel_id = call.client_id("newClientOrderId") or call.venue.new_client_id()
    return cancel(call.venue, order, cancel_id)


def cancel(venue: Venue, order: Order, cancel_id: str) -> Json:
    """Cancel an open order and all that is tied to it; the answer for either."""
    reports = [canceled(venue, leg, cancel_id) for leg in venue.cancel(order.order_id)]
    pair = None if order.list_id is None else venue.ledger.order_list(order.list_id)
    return reports[0] if pair is None else order_list(venue, pair, reports)


def _cancel_all(call: Call) -> object:
    symbol, cancel_id = call.listing().market.symbol, call.venue.new_client_id()
    answers: list[Json] = []
    while open_orders := call.venue.ledger.open_orders(symbol):
        answers.append(cancel(call.venue, open_orders[0], cancel_id))
    if not answers:
        raise in_words_of_binance(Reason.UNKNOWN_ORDER)
    return answers


def _open(call: Call) -> object:
    symbols = [call.listing().market.symbol] if "symbol" in call.parameters else call.venue.symbols
    return [queried(call.venue, order) for symbol in symbols for order in call.venue.ledger.open_orders(symbol)]


def _all(call: Call) -> object:
    symbol, first = call.listing().market.symbol, call.maybe_long("orderId")
    start, end = call.maybe_long("startTime"), call.maybe_long("endTime")
    if start is not None and end is not None and end - start > DAY_MS:
        raise BinanceError(-1127, "More than 24 hours between startTime and endTime.")
    if first is None and start is not None and end is None:
        end = start + DAY_MS
    found = [
        order
        for order in call.venue.ledger.orders
        if order.symbol == symbol
        and (first is None or order.order_id >= first)
        and (start is None or epoch_ms(order.created_at) >= start)
        and (end is None or epoch_ms(order.created_at) <= end)
    ]
    limit = call.limit(500, 1000)
    page = found[-limit:] if first is None and start is None else found[:limit]
    return [queried(call.venue, order) for order in page]


_NEW = frozenset({"symbol", "side", "type", "timeInForce", "quantity", "quoteOrderQty", "price", "stopPrice"})
_NEW |= {"newClientOrderId", "newOrderRespType"}
_WHICH = frozenset({"symbol", "orderId", "origClientOrderId"})
_HISTORY = frozenset({"symbol", "orderId", "startTime", "endTime", "limit"})
_SYMBOL = frozenset({"symbol"})
_TRADE, _READ = Security.TRADE, Security.USER_DATA
_ORDER, _OPEN_ORDERS = "/api/v3/order", "/api/v3/openOrders"

ENDPOINTS = (
    Endpoint(method="POST", path=_ORDER, handle=_place, reads=_NEW, security=_TRADE, orders=1),
    Endpoint(method="POST", path="/api/v3/order/test", handle=_try_out, reads=_NEW, security=_TRADE),
    Endpoint(method="GET", path=_ORDER, handle=_query, reads=_WHICH, security=_READ, weight=4),
    Endpoint(method="DELETE", path=_ORDER, handle=_cancel, reads=_WHICH | {"newClientOrderId"}, security=_TRADE),
    Endpoint(method="GET", path=_OPEN_ORDERS, handle=_open, reads=_SYMBOL, security=_READ, weight=6),
    Endpoint(method="DELETE", path=_OPEN_ORDERS, handle=_cancel_all, reads=_SYMBOL, security=_TRADE),
    Endpoint(method="GET", path="/api/v3/allOrders", handle=_all, reads=_HISTORY, security=_READ, weight=20),
)
