"""Endpoints that cancel orders, now, later or all of them (docs.kraken.com, "Cancel Order" and its neighbours)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from helix_kraken.sandbox.endpoint import Endpoint, Right
from helix_kraken.sandbox.ids import number_of
from helix_kraken.sandbox.limits import cancel_cost
from helix_kraken.sandbox.refusals import TOO_MANY_ORDERS, UNKNOWN_ORDER, KrakenError, invalid
from helix_kraken.sandbox.shapes import rfc3339

if TYPE_CHECKING:
    from helix_core.sandbox import Order
    from helix_kraken.sandbox.call import Call

_LONGEST_S = 86_400


def open_orders(call: Call) -> list[Order]:
    """Every open order of the account, oldest first."""
    return [order for symbol in call.venue.symbols for order in call.venue.ledger.open_orders(symbol)]


def _cancel(call: Call) -> object:
    """Cancel the open orders that are named; with a fault the cancel is only accepted, and comes later."""
    named = _named(call)
    if not named:
        raise KrakenError(UNKNOWN_ORDER)
    later_s = call.pending_s
    for order in named:
        _pace(call, order)
        if later_s is None:
            call.venue.cancel(order.order_id)
        else:
            call.venue.cancel_later(order.order_id, call.now + timedelta(seconds=later_s))
    return {"count": len(named)} if later_s is None else {"count": len(named), "pending": True}


def _named(call: Call) -> list[Order]:
    """By txid, by cl_ord_id, or by userref, which may also stand in the place of a txid and names a whole group."""
    txid, found = call.maybe("txid"), open_orders(call)
    if txid is not None and re.fullmatch(r"-?\d{1,10}", txid, re.ASCII):
        return call.desk.written(found, None, int(txid))
    if txid is not None:
        number = number_of(txid, "O")
        return [order for order in found if order.order_id == number]
    cl_ord_id, userref = call.client_id(), call.userref()
    if cl_ord_id is None and userref is None:
        raise invalid("txid")
    return call.desk.written(found, cl_ord_id, userref)


def _pace(call: Call, order: Order) -> None:
    if not call.desk.limits.order(order.symbol, cancel_cost(call.now - order.created_at)):
        raise KrakenError(TOO_MANY_ORDERS)


def _cancel_all(call: Call) -> object:
    """Cancel everything, stops included."""
    found = open_orders(call)
    for order in found:
        call.venue.cancel(order.order_id)
    return {"count": len(found)}


def _cancel_all_after(call: Call) -> object:
    """Cancel everything, stops included, unless the timer is set anew in time; zero stops it."""
    timeout_s = call.whole("timeout")
    if timeout_s is None or not 0 <= timeout_s <= _LONGEST_S:
        raise invalid("timeout")
    at = call.now + timedelta(seconds=timeout_s) if timeout_s else None
    call.venue.cancel_all_at(at)
    return {"currentTime": rfc3339(call.now), "triggerTime": "0" if at is None else rfc3339(at)}


ENDPOINTS = (
    Endpoint(name="CancelOrder", handle=_cancel, right=Right.TRADE, cost=0),
    Endpoint(name="CancelAll", handle=_cancel_all, right=Right.TRADE),
    Endpoint(name="CancelAllOrdersAfter", handle=_cancel_all_after, right=Right.TRADE),
)
