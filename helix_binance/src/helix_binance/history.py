"""Every order of the account since a moment. Source: Binance spot API documentation, rest-api.md, "All orders".

allOrders reads Binance's database, which runs a moment behind the matching engine: the last seconds may be missing.
By time it answers for at most 24 hours at once; by id it goes on from there, oldest first. A request weighs 20 of the
6000 a minute, and one of at least one day is asked for each day: from time to time, never in every round.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from helix_binance import entry_list
from helix_core import DataMissing, OrderStatus
from helix_core.ccxt import need, read_past_order

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from helix_core import PastOrder
    from helix_core.ccxt import Line

_PAGE = 1000
_WINDOW_MS = 24 * 3600 * 1000
_KEPT = timedelta(days=90)
"""After that orders without a fill are put away (error -2026), so that the list would not be whole."""
_MOST_PAGES = 20
_FIELDS = ("orderId", "status", "side", "executedQty", "time")


async def orders_since(line: Line, symbol: str, since: datetime, now: datetime) -> tuple[PastOrder, ...]:
    """Ask for them all, oldest first. Raises DataMissing for more than can be read, and as a question does."""
    if now - since >= _KEPT:
        message = f"Binance does not keep every order of {_KEPT.days} days: ask from a later time on"
        raise DataMissing(message)
    begin_ms, end_ms = int(since.timestamp() * 1000), int(now.timestamp() * 1000) + _WINDOW_MS
    found: list[PastOrder] = []
    while not found and begin_ms < end_ms:
        window = {"startTime": str(begin_ms), "endTime": str(begin_ms + _WINDOW_MS - 1)}
        found = await _page(line, symbol, window)
        begin_ms += _WINDOW_MS
    return tuple(found + await _after(line, symbol, found)) if found else ()


async def _after(line: Line, symbol: str, found: list[PastOrder]) -> list[PastOrder]:
    more: list[PastOrder] = []
    for _ in range(_MOST_PAGES):
        last = (more or found)[-1]
        page = await _page(line, symbol, {"orderId": str(int(last.venue_order_id) + 1)})
        more += page
        if len(page) < _PAGE:
            return more
    message = f"{symbol} has more orders since then than Helix reads in one go"
    raise DataMissing(message)


async def _page(line: Line, symbol: str, wanted: dict[str, str]) -> list[PastOrder]:
    async def ask(venue: Any) -> list[PastOrder]:
        known = venue.market(symbol)
        rows = await venue.private_get_allorders({"symbol": known["id"], "limit": str(_PAGE), **wanted})
        if not isinstance(rows, list):
            raise DataMissing("the venue's answer is not a list")
        return sorted((_read(venue, row, known) for row in rows), key=lambda order: int(order.venue_order_id))

    return await line.ask(ask)


def _read(venue: Any, row: Mapping[str, Any], known: Mapping[str, Any]) -> PastOrder:
    for field in _FIELDS:
        need(row, field)
    past = read_past_order(venue.parse_order(row, known))
    return replace(past, status=OrderStatus.OPEN) if entry_list.pending(row) else past
