"""The endpoint that places orders (docs.kraken.com, "Add Order")."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from helix_core import Action
from helix_core.sandbox import Close, NewOrder, OrderType, TimeInForce
from helix_kraken.sandbox.desk import Slip
from helix_kraken.sandbox.endpoint import Endpoint, Right
from helix_kraken.sandbox.ids import order_txid
from helix_kraken.sandbox.refusals import DEADLINE_ELAPSED, TOO_MANY_ORDERS, KrakenError, invalid
from helix_kraken.sandbox.shapes import ORDER_TYPES, close_sentence, sentence

if TYPE_CHECKING:
    from helix_kraken.sandbox.call import Call

SOONEST, LATEST = timedelta(seconds=2), timedelta(seconds=60)
"""How far ahead a deadline may lie."""
_FLAGS = frozenset({"post", "fcib", "fciq", "nompp", "viqc"})
_NOT_OFFERED = ("leverage", "reduce_only", "price2", "displayvol", "starttm", "expiretm")
_SIDES = {"buy": Action.BUY, "sell": Action.SELL}
_WAITING = (OrderType.STOP_LOSS, OrderType.TAKE_PROFIT)


def _place(call: Call) -> object:
    slip = _slip(call)
    new = _read(call, slip)
    _check_deadline(call)
    description = {"order": sentence(new)}
    if new.close is not None:
        description["close"] = close_sentence(new.close)
    if call.maybe("validate") == "true":
        call.venue.try_out(new)
        return {"descr": description}
    if not call.desk.limits.order(new.symbol, 1):
        raise KrakenError(TOO_MANY_ORDERS)
    order = call.venue.place(new, call.fill_ratio)
    call.desk.file(order, slip)
    return {"txid": [order_txid(order.order_id)], "descr": description}


def _slip(call: Call) -> Slip:
    cl_ord_id, userref = call.client_id(), call.userref()
    if cl_ord_id is not None and userref is not None:
        raise KrakenError("EGeneral:Invalid arguments")
    flags = tuple((call.maybe("oflags") or "fciq").split(","))
    if not _FLAGS.issuperset(flags) or {"fcib", "fciq"}.issubset(flags):
        raise invalid("oflags")
    in_quote = () if {"fcib", "fciq"}.intersection(flags) else ("fciq",)
    return Slip(cl_ord_id=cl_ord_id, userref=userref, oflags=flags + in_quote)


def _read(call: Call, slip: Slip) -> NewOrder:
    """The order that is asked for. Raises KrakenError for arguments that do not make one."""
    for name in _NOT_OFFERED:
        if call.maybe(name) not in {None, "0", "none", "false"}:
            raise invalid(name)
    symbol = call.listing().market.symbol
    side, kind = _SIDES.get(call.text("type")), ORDER_TYPES.get(call.text("ordertype"))
    if side is None:
        raise invalid("type")
    if kind is None:
        raise invalid("ordertype")
    _check_flags(slip, side, kind)
    _check_trigger(call)
    volume, by_cost = call.volume(), "viqc" in slip.oflags
    return NewOrder(
        symbol=symbol,
        side=side,
        type=OrderType.LIMIT_MAKER if "post" in slip.oflags else kind,
        time_in_force=_time_in_force(call) if kind is OrderType.LIMIT else TimeInForce.GTC,
        quantity=None if by_cost else volume,
        quote_quantity=volume if by_cost else None,
        client_id=slip.cl_ord_id,
        close=_close(call),
        fee_in_base="fcib" in slip.oflags,
        **_own_price(call, kind, "price"),
    )


def _check_flags(slip: Slip, side: Action, kind: OrderType) -> None:
    """By cost only market buys, post only limit orders; a sell cannot pay in the coins it sells here."""
    flags = slip.oflags
    is_market_buy = side is Action.BUY and kind is OrderType.MARKET
    misplaced = ("viqc" in flags and not is_market_buy) or ("post" in flags and kind is not OrderType.LIMIT)
    if misplaced or ("fcib" in flags and side is Action.SELL):
        raise invalid("oflags")


def _check_trigger(call: Call) -> None:
    """The sandbox has no index to follow."""
    match call.maybe("trigger"):
        case None | "last":
            return
        case "index":
            raise KrakenError("EGeneral:Invalid arguments:Index unavailable")
        case _:
            raise invalid("trigger")


def _time_in_force(call: Call) -> TimeInForce:
    word = call.maybe("timeinforce") or "GTC"
    if word not in set(TimeInForce):
        raise invalid("timeinforce")
    return TimeInForce(word)


def _close(call: Call) -> Close | None:
    """The conditional close. Its volume, pair and type are ignored: they follow from the fills."""
    word = call.maybe("close[ordertype]")
    if word is None:
        return None
    kind = ORDER_TYPES.get(word)
    if kind is None or kind is OrderType.MARKET:
        raise invalid("close[ordertype]")
    return Close(type=kind, **_own_price(call, kind, "close[price]"))


def _own_price(call: Call, kind: OrderType, name: str) -> dict[str, Any]:
    """The price an order names: a limit or a trigger. That of a market order is ignored."""
    if kind is OrderType.MARKET:
        return {}
    return {"stop_price" if kind in _WAITING else "price": call.price(name)}


def _check_deadline(call: Call) -> None:
    deadline = call.time("deadline")
    if deadline is None:
        return
    left = deadline - call.now
    if left <= timedelta(0):
        raise KrakenError(DEADLINE_ELAPSED)
    if not SOONEST <= left <= LATEST:
        raise invalid("deadline")


ENDPOINTS = (Endpoint(name="AddOrder", handle=_place, right=Right.TRADE, cost=0),)
