"""The questions about orders that Kraken can answer, each a single request. None of them takes Helix's own id alone.

QueryOrders wants Kraken's ids; the lists of open and of closed orders can be searched. An order that moves from the
one to the other between two requests is seen, because the open ones are asked for first.
"""

from __future__ import annotations

import asyncio
import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from helix_core import DataMissing, ExchangeUnavailable, RateLimited
from helix_core.ccxt import Meaning, QuestionRefused, need
from helix_kraken.counter import HISTORY_COST, LIST_PATIENCE_S, LOOK_PATIENCE_S, POLL_PATIENCE_S
from helix_kraken.orders import Order, read_fill, read_order
from helix_kraken.rank import Rank, rank

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from datetime import datetime

    from helix_core import Clock, Fill
    from helix_core.ccxt import Line
    from helix_kraken.absences import Absences
    from helix_kraken.counter import Counter
    from helix_kraken.lane import Lane

T = TypeVar("T")

_ORDERS_AT_ONCE, _TRADES_AT_ONCE, _PAGE = 50, 20, 50
_MOST_PAGES = 4
_EMPTY_FOR_S = 5.0
"""How long a search of the ended orders in vain need not be repeated: a search after the deadline finds no less."""
_JUST_LISTED_S = 1.0
_LONGEST_PAUSE_S = 3.5
_SLACK_S = 60.0
"""Kraken's clock and this machine's may differ by so much."""
_MOST_KEPT = 100


class _TooMany(ExchangeUnavailable):
    """More orders than are read in one go."""


class Questions:
    """Asks about orders. Every method raises ExchangeUnavailable for an answer that cannot be used."""

    def __init__(self, line: Line, lane: Lane, counter: Counter, clock: Clock, absences: Absences) -> None:
        """Ask over `line`; `lane` knows when an order last left, `absences` is told what was sought in vain."""
        self._line, self._lane, self.counter, self._clock = line, lane, counter, clock
        self._absences = absences
        self._absent_at_s: dict[str, float] = {}
        self._ended: dict[str, Order] = {}
        self._history = asyncio.Lock()
        self._closed: tuple[datetime | None, float, list[Order]] = (None, -math.inf, [])
        self._listed: tuple[float, list[Order]] = (-math.inf, [])

    async def open_orders(self, client_order_id: str | None = None) -> list[Order]:
        """Ask for every open order, or those with Helix's id."""
        wanted = {} if client_order_id is None else {"cl_ord_id": client_order_id, "trades": "true"}

        async def ask(venue: Any) -> list[Order]:
            return _orders(await venue.private_post_openorders(wanted), "open")

        return await self._ask(ask, 1)

    async def list_open(self) -> list[Order]:
        """Ask for every open order, and keep the answer for `just_listed`."""
        asked_at_s = self._clock.monotonic()
        found = await self.open_orders()
        self._listed = asked_at_s, found
        return found

    async def just_listed(self) -> list[Order]:
        """Every open order, as listed a moment ago; anew where that is too long ago, or an order has left since."""
        asked_at_s, found = self._listed
        unchanged = not self._lane.ordering and asked_at_s > self._lane.ordered_at_s
        if unchanged and self._clock.monotonic() - asked_at_s <= _JUST_LISTED_S:
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
        """Ask for every order that ended after `since`; for all who want to know at the same time only once."""
        wanted_at_s = self._clock.monotonic()
        async with self._history:
            known_since, asked_at_s, found = self._closed
            if known_since != since or asked_at_s < wanted_at_s:
                asked_at_s = self._clock.monotonic()
                found = await self._closed_since(since)
                self._closed = since, asked_at_s, found
            return found

    async def _closed_since(self, since: datetime) -> list[Order]:
        begin = str(int(since.timestamp()) - 1)
        found: list[Order] = []
        for page in range(_MOST_PAGES):
            wanted = {"start": begin, "ofs": str(page * _PAGE), "trades": "true"}

            async def ask(venue: Any, wanted: dict[str, str] = wanted) -> tuple[list[Order], int]:
                answer = await venue.private_post_closedorders(wanted)
                return _orders(answer, "closed"), int(answer["result"].get("count") or 0)

            orders, count = await self._ask(ask, HISTORY_COST)
            self._keep_ended(orders)
            found += orders
            # A count that is not stated does not end the search: only a page that is not full does.
            if len(orders) < _PAGE or len(found) >= count > 0:
                return found
        message = f"more than {_MOST_PAGES * _PAGE} orders ended on this account since {since:%Y-%m-%d %H:%M} UTC"
        raise _TooMany(message)

    async def find(self, client_order_id: str) -> Order | None:
        """Look for an order by Helix's id: among the open ones, then among the closed ones. None: in neither."""
        asked_at_s = await self._turn_s(1)
        found = _named(await self.open_orders(client_order_id), client_order_id)
        if found is None and not self._just_absent(client_order_id):
            searched_at_s = await self._turn_s(HISTORY_COST)
            found = _named(await self._closed_named(client_order_id), client_order_id)
            if found is None:
                self._keep_absent(client_order_id, searched_at_s)
        if found is None:
            self._absences.missed(client_order_id, min(asked_at_s, self._absent_at_s[client_order_id]))
        return found

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
            return await self._ask(ask, 1)
        except QuestionRefused as refusal:
            if refusal.ruling.meaning is not Meaning.ABSENT:
                raise
        return []

    async def _closed_named(self, client_order_id: str) -> list[Order]:
        """Orders that ended lately, or those with Helix's id: the former tell for the same price of an entry's stops.

        A page is complete unless it is full: since the order was written, or, of an order of an earlier process, ever.
        """
        age_s, lately = self._absences.age_s(client_order_id), {}
        if age_s is not None:
            since = self._clock.now() - timedelta(seconds=age_s + _SLACK_S)
            lately = {"start": str(int(since.timestamp()))}
        found = await self._ended_page(lately)
        if len(found) < _PAGE or _named(found, client_order_id) is not None:
            return found
        return await self._ended_page({"cl_ord_id": client_order_id})

    async def _ended_page(self, wanted: dict[str, str]) -> list[Order]:
        async def ask(venue: Any) -> list[Order]:
            return _orders(await venue.private_post_closedorders({**wanted, "trades": "true"}), "closed")

        found = await self._ask(ask, HISTORY_COST)
        self._keep_ended(found)
        return found

    async def _trades(self, symbol: str, trade_ids: list[str]) -> list[Fill]:
        async def ask(venue: Any) -> list[Fill]:
            answer = await venue.private_post_querytrades({"txid": ",".join(trade_ids)})
            return [read_fill(each, need(answer, "result", each), symbol) for each in trade_ids]

        return await self._ask(ask, 1)

    async def _turn_s(self, cost: float) -> float:
        """Wait until there is room: what is asked then tells of that moment, or a later one."""
        await self.counter.room(cost, LOOK_PATIENCE_S)
        return self._clock.monotonic()

    async def _ask(self, question: Callable[[Any], Awaitable[T]], cost: float) -> T:
        """Ask once there is room. Waiting is done here, outside the bound of a question.

        A look also waits for the end of a short pause that Kraken has asked for, and is put once more.
        """
        look = rank() is not Rank.POLL
        poll_patience_s = LIST_PATIENCE_S if cost >= HISTORY_COST else POLL_PATIENCE_S
        for again in (look, False):
            await self.counter.room(cost, LOOK_PATIENCE_S if look else poll_patience_s)
            try:
                return await self._line.ask(question)
            except RateLimited as limited:
                pause_s = limited.retry_after_s
                if not again or pause_s is None or pause_s > _LONGEST_PAUSE_S:
                    raise
            except DataMissing as missing:
                problem = str(missing)
                break
            await asyncio.sleep(pause_s)
        raise ExchangeUnavailable(problem)

    def _just_absent(self, client_order_id: str) -> bool:
        """True when the closed orders were searched in vain a moment ago: that search costs a quarter of the counter.

        An order is final seconds before its fence passes, so a repeated look loses nothing by it.
        """
        return self._clock.monotonic() - self._absent_at_s.get(client_order_id, -math.inf) < _EMPTY_FOR_S

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


def _orders(answer: Any, side: str) -> list[Order]:
    return [read_order(txid, row) for txid, row in need(answer, "result", side).items()]


def _named(orders: list[Order], client_order_id: str) -> Order | None:
    """The one order of that id, whatever else the venue listed. Raises ExchangeUnavailable for two."""
    named = [order for order in orders if order.client_order_id == client_order_id]
    if len(named) > 1:
        message = f"the venue knows {len(named)} orders called {client_order_id}"
        raise ExchangeUnavailable(message)
    return named[0] if named else None
