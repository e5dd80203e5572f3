"""Endpoints that answer what became of orders, and which trades there were (docs.kraken.com, "Account Data")."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from helix_kraken.sandbox.cancels import open_orders
from helix_kraken.sandbox.endpoint import Endpoint
from helix_kraken.sandbox.ids import order_txid, trade_txid
from helix_kraken.sandbox.limits import HISTORY
from helix_kraken.sandbox.refusals import UNKNOWN_ORDER, KrakenError
from helix_kraken.sandbox.shapes import order, trade, unix

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from helix_core.sandbox import Order
    from helix_kraken.sandbox.call import Call
    from helix_kraken.sandbox.shapes import Json

Entry = TypeVar("Entry")

_PAGE, _MOST_ORDERS, _MOST_TRADES = 50, 50, 20


def _open(call: Call) -> object:
    found = call.desk.written(open_orders(call), call.client_id(), call.userref())
    return {"open": _orders(call, reversed(found))}


def _closed(call: Call) -> object:
    """Orders that can fill no more, the one that ended last first, fifty at a time."""
    ended = [past for past in call.venue.ledger.orders if not past.open and _between(call, past.updated_at)]
    found = call.desk.written(ended, call.client_id(), call.userref())
    found.sort(key=lambda past: (past.updated_at, past.order_id))
    return {"closed": _orders(call, _page(call, found)), "count": len(found)}


def _query(call: Call) -> object:
    """Orders by their ids, in the order in which they were named; one that is not known spoils the answer."""
    found = [call.venue.ledger.order(number) for number in call.txids("O", _MOST_ORDERS)]
    known = [each for each in found if each is not None]
    if len(known) < len(found):
        raise KrakenError(UNKNOWN_ORDER)
    return _orders(call, call.desk.written(known, None, call.userref()))


def _orders(call: Call, found: Iterable[Order]) -> Json:
    trades = call.flag("trades")
    return {order_txid(each.order_id): order(call.venue, call.desk, each, trades=trades) for each in found}


def _trades(call: Call) -> object:
    """All trades, the newest first, fifty at a time."""
    found = [fill for fill in call.venue.ledger.executions if _between(call, fill.at)]
    page = {trade_txid(fill.execution_id): trade(call.venue, fill) for fill in _page(call, found)}
    return {"trades": page, "count": len(found)}


def _query_trades(call: Call) -> object:
    fills = {fill.execution_id: fill for fill in call.venue.ledger.executions}
    numbers = call.txids("T", _MOST_TRADES)
    if not fills.keys() >= set(numbers):
        raise KrakenError("EQuery:Unknown trade")
    return {trade_txid(number): trade(call.venue, fills[number]) for number in numbers}


def _between(call: Call, at: datetime) -> bool:
    """Whether `start` and `end`, in seconds since 1970, allow this moment."""
    start, end = call.whole("start"), call.whole("end")
    return (start is None or unix(at) >= start) and (end is None or unix(at) <= end)


def _page(call: Call, oldest_first: Sequence[Entry]) -> Sequence[Entry]:
    skipped = max(0, call.whole("ofs") or 0)
    return oldest_first[::-1][skipped : skipped + _PAGE]


ENDPOINTS = (
    Endpoint(name="OpenOrders", handle=_open),
    Endpoint(name="ClosedOrders", handle=_closed, cost=HISTORY),
    Endpoint(name="QueryOrders", handle=_query),
    Endpoint(name="TradesHistory", handle=_trades, cost=HISTORY),
    Endpoint(name="QueryTrades", handle=_query_trades),
)
