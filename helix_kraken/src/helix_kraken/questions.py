"""The questions about orders that Kraken can answer, each a single request. None of them takes Helix's own id alone.

QueryOrders wants Kraken's ids; the lists of open and of closed orders can be searched. An order that moves from the
one to the other between two requests is seen, because the open ones are asked for first.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from helix_core import DataMissing, ExchangeUnavailable
from helix_core.ccxt import Meaning, QuestionRefused, decimal, fields, need
from helix_kraken.asking import Asking, Memo
from helix_kraken.counter import HISTORY_COST
from helix_kraken.orders import Order, read_fill, read_order
from helix_kraken.pages import PAGE, Ended, read_page

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from datetime import datetime
    from decimal import Decimal

    from helix_core import Balances, Clock, Fill
    from helix_core.ccxt import Line
    from helix_kraken.absences import Absences
    from helix_kraken.counter import Counter
    from helix_kraken.lane import Lane

T = TypeVar("T")

_ORDERS_AT_ONCE, _TRADES_AT_ONCE = 50, 20
_MOST_PAGES = 4
_EMPTY_FOR_S = 5.0
"""How long a search of the ended orders in vain need not be repeated: a search after the deadline finds no less."""
_JUST_LISTED_S = 1.0
_SLACK_S = 60.0
"""Kraken's clock and this machine's may differ by so much."""
_LATELY_S = 300.0
_MOST_KEPT = 100


class _TooMany(ExchangeUnavailable):
    """More orders than are read in one go."""


class Questions:
    """Asks about orders. Every method raises ExchangeUnavailable for an answer that cannot be used."""

    def __init__(self, line: Line, lane: Lane, counter: Counter, clock: Clock, absences: Absences) -> None:
        """Ask over `line`; `lane` knows when an order last left, `absences` is told what was sought in vain."""
        self._line, self._lane, self.counter, self._clock = line, lane, counter, clock
        self._asking, self._absences = Asking(line, counter, clock), absences
        self._absent_at_s: dict[str, float] = {}
        self._ended: dict[str, Order] = {}
        self._balances: Memo[Balances] = Memo()
        self._open: Memo[list[Order]] = Memo()
        self._closed: Memo[Ended] = Memo()

    async def balances(self, ask: Callable[[Any], Awaitable[Balances]]) -> Balances:
        """Ask for all holdings by `ask`. Raises DataMissing as that does."""
        return await self._asking.ask(ask, memo=self._balances)

    async def list_open(self) -> list[Order]:
        """Ask for every open order."""

        async def ask(venue: Any) -> list[Order]:
            return read_page(await venue.private_post_openorders({"trades": "true"}), "open")

        return await self._ask(ask, memo=self._open)

    async def just_listed(self) -> list[Order]:
        """Every open order, as listed a moment ago; anew where that is too long ago, or an order has left since."""
        if not self._lane.ordering and self._open.left_at_s > self._lane.ordered_at_s:
            for found in self._open.since(self._clock.monotonic() - _JUST_LISTED_S):
                return found
        return await self.list_open()

    async def by_id(self, txids: Iterable[str]) -> dict[str, Order]:
        """Ask for orders by Kraken's ids; one that Kraken does not know (yet) is left out."""
        wanted = sorted(txids)
        found: dict[str, Order] = {}
        for start in range(0, len(wanted), _ORDERS_AT_ONCE):
            chunk = wanted[start : start + _ORDERS_AT_ONCE]
            found |= {order.txid: order for order in await self._some(chunk)}
        self._keep_ended(found.values())
        return found

    async def ending(self, txids: Iterable[str]) -> dict[str, Order]:
        """As `by_id`, but an order that was seen to have ended is not asked for again: nothing changes it any more."""
        wanted = set(txids)
        found = {txid: self._ended[txid] for txid in wanted & self._ended.keys()}
        return found | await self.by_id(wanted - found.keys())

    def ended_of(self, entry_id: str) -> list[str]:
        """Ids of the stops that this entry made and that were seen to have ended."""
        return [order.txid for order in self._ended.values() if order.entry_id == entry_id]

    def has_ended(self, txid: str) -> bool:
        """Whether the order was seen to have ended."""
        return txid in self._ended

    async def recent_orders(self, since: datetime) -> list[Order]:
        """Ask for every order of the account that was taken at or after `since`, oldest first.

        Each fifty that ended cost HISTORY_COST: beside the polling the lowest tier has room for one such page in a
        minute. The open ones may have been listed a moment ago: what has left that list since is among the ended ones.
        Raises DataMissing for more than Helix reads in one go.
        """
        living = {order.txid: order for order in await self.just_listed()}
        try:
            ended = await self.closed_orders(since)
        except _TooMany as error:
            problem = str(error)
        else:
            every = (living | {order.txid: order for order in ended}).values()
            return sorted((order for order in every if order.opened_at >= since), key=lambda each: each.opened_at)
        raise DataMissing(problem)

    async def closed_orders(self, since: datetime) -> list[Order]:
        """Ask for every order that ended after `since`; one that ended earlier may be among them."""
        found: list[Order] = []
        for page in range(_MOST_PAGES):
            ended = await self._ended_page(since, page * PAGE)
            found += ended.orders
            # A count that is not stated does not end the search: only a page that is not full does.
            if not ended.full or len(found) >= ended.count > 0:
                return found
        message = f"more than {_MOST_PAGES * PAGE} orders ended on this account since {since:%Y-%m-%d %H:%M} UTC"
        raise _TooMany(message)

    async def find(self, client_order_id: str) -> Order | None:
        """Look for an order by Helix's id: among the open ones, then among the closed ones. None: in neither."""
        living = await self.list_open()
        asked_at_s = self._open.left_at_s
        found = _named(living, client_order_id) or await self._source(living, client_order_id)
        if found is None and not self._just_absent(client_order_id):
            found = _named(await self._closed_named(client_order_id), client_order_id)
            if found is None:
                self._keep_absent(client_order_id, self._closed.left_at_s)
        if found is None:
            self._absences.missed(client_order_id, min(asked_at_s, self._absent_at_s[client_order_id]))
            self._miss_others(living, asked_at_s)
        return found

    def _miss_others(self, living: list[Order], asked_at_s: float) -> None:
        """Of the others that left lately: the same two answers tell of them, and none needs its own search."""
        for ended in self._closed.since(asked_at_s):
            listed = {order.client_order_id for order in (*living, *ended.orders)}
            for other in self._absences.lately(_LATELY_S) - listed:
                since = self._since(other)
                if since is not None and not ended.full and ended.serves(since):
                    self._keep_absent(other, self._closed.left_at_s)
                    self._absences.missed(other, asked_at_s)

    async def _source(self, living: list[Order], client_order_id: str) -> Order | None:
        """The order, where it is an entry that made one of the `living` stops: a quarter of what a search costs."""
        made_by = {order.entry_id for order in living if order.entry_id is not None}
        return _named(list((await self.ending(made_by)).values()), client_order_id) if made_by else None

    async def low(self, pair: str) -> Decimal:
        """Ask for the lowest price of the last 24 hours, which is public and counts nothing."""

        async def ask(venue: Any) -> Decimal:
            days = fields(await venue.public_get_ticker({"pair": pair}), "result").values()
            return decimal(next(iter(days), None), "l", 1)

        try:
            return await self._line.ask(ask)
        except DataMissing as missing:
            raise ExchangeUnavailable(str(missing)) from missing

    async def executions(self, symbol: str, txids: set[str]) -> tuple[Fill, ...]:
        """Ask for every execution of these orders, oldest first. Raises ExchangeUnavailable where one is not told."""
        orders = await self.ending(txids)
        if txids - orders.keys():
            message = "the venue does not tell about every order it was asked for"
            raise ExchangeUnavailable(message)
        found = await self.fills(symbol, orders.values())
        if sum(fill.quantity for fill in found) >= sum(order.executed for order in orders.values()):
            return found
        return await self.fills(symbol, (await self.by_id(txids)).values())

    async def fills(self, symbol: str, orders: Iterable[Order]) -> tuple[Fill, ...]:
        """Ask for every execution of `orders`, oldest first."""
        known = {order.txid for order in orders}
        wanted = sorted({trade_id for order in orders for trade_id in order.trade_ids})
        found: list[Fill] = []
        for start in range(0, len(wanted), _TRADES_AT_ONCE):
            found += await self._trades(symbol, wanted[start : start + _TRADES_AT_ONCE])
        if any(fill.venue_order_id not in known for fill in found):
            raise ExchangeUnavailable("the venue answered with trades of other orders")
        return tuple(sorted(found, key=lambda fill: (fill.at, fill.fill_id)))

    async def _some(self, txids: list[str]) -> list[Order]:
        async def ask(venue: Any) -> list[Order]:
            answer = await venue.private_post_queryorders({"txid": ",".join(txids), "trades": "true"})
            rows = need(answer, "result")
            return [read_order(txid, rows[txid]) for txid in txids if rows.get(txid)]

        try:
            return await self._ask(ask)
        except QuestionRefused as refusal:
            if refusal.ruling.meaning is not Meaning.ABSENT:
                raise
        return []

    async def _closed_named(self, client_order_id: str) -> list[Order]:
        """Orders that ended lately, or those with Helix's id: the former tell for the same price of an entry's stops.

        A page is complete unless it is full: since the order was written, or, of an order of an earlier process, ever.
        It goes back to the others that left lately.
        """
        since = self._since(client_order_id)
        if since is not None:
            since = min([since, *filter(None, map(self._since, self._absences.lately(_LATELY_S)))])
        page = await self._ended_page(since)
        if not page.full or _named(page.orders, client_order_id) is not None:
            return page.orders
        return (await self._ended_page(None, client_order_id=client_order_id)).orders

    def _since(self, client_order_id: str) -> datetime | None:
        """From when on the venue can have ended it; None for an order of an earlier process."""
        age_s = self._absences.age_s(client_order_id)
        return None if age_s is None else self._clock.now() - timedelta(seconds=age_s + _SLACK_S)

    async def _ended_page(self, since: datetime | None, offset: int = 0, client_order_id: str = "") -> Ended:
        wanted = {"ofs": str(offset), "trades": "true"}
        if since is not None:
            wanted["start"] = str(int(since.timestamp()) - 1)
        if client_order_id:
            wanted["cl_ord_id"] = client_order_id

        async def ask(venue: Any) -> Ended:
            answer = await venue.private_post_closedorders(wanted)
            return Ended(since, read_page(answer, "closed"), int(answer["result"].get("count") or 0))

        memo = Memo[Ended]() if offset or client_order_id else self._closed
        page = await self._ask(ask, HISTORY_COST, memo, lambda known: known.serves(since))
        self._keep_ended(page.orders)
        return page

    async def _trades(self, symbol: str, trade_ids: list[str]) -> list[Fill]:
        async def ask(venue: Any) -> list[Fill]:
            answer = await venue.private_post_querytrades({"txid": ",".join(trade_ids)})
            return [read_fill(each, need(answer, "result", each), symbol) for each in trade_ids]

        return await self._ask(ask)

    async def _ask(
        self,
        question: Callable[[Any], Awaitable[T]],
        cost: float = 1,
        memo: Memo[T] | None = None,
        serves: Callable[[T], bool] = lambda _: True,
    ) -> T:
        try:
            return await self._asking.ask(question, cost, memo, serves)
        except DataMissing as missing:
            problem = str(missing)
        raise ExchangeUnavailable(problem)

    def _just_absent(self, client_order_id: str) -> bool:
        """True when the closed orders were searched in vain a moment ago: that search costs a quarter of the counter.

        An order is final seconds before its fence passes, so a repeated look loses nothing by it.
        """
        at_s = self._absent_at_s.get(client_order_id, -math.inf)
        return at_s > self._absences.doubted_at_s and self._clock.monotonic() - at_s < _EMPTY_FOR_S

    def _keep_ended(self, orders: Iterable[Order]) -> None:
        for order in orders:
            if order.status.final:
                while len(self._ended) >= _MOST_KEPT and order.txid not in self._ended:
                    del self._ended[next(iter(self._ended))]
                self._ended[order.txid] = order

    def _keep_absent(self, client_order_id: str, at_s: float) -> None:
        while len(self._absent_at_s) >= _MOST_KEPT:
            del self._absent_at_s[next(iter(self._absent_at_s))]
        self._absent_at_s[client_order_id] = at_s


def _named(orders: list[Order], client_order_id: str) -> Order | None:
    """The one order of that id, whatever else the venue listed. Raises ExchangeUnavailable for two."""
    named = [order for order in orders if order.client_order_id == client_order_id]
    if len(named) > 1:
        message = f"the venue knows {len(named)} orders called {client_order_id}"
        raise ExchangeUnavailable(message)
    return named[0] if named else None
