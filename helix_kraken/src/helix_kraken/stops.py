"""The stops of one entry: how they are found, added up, completed and cancelled.

Every fill of an entry makes a stop of its own (Kraken's conditional close, "each fill on the primary order will
generate a new secondary order"). They carry no id of ours; `refid` names the entry. What they leave uncovered gets one
stop that Helix places itself, under its own id.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core import ExchangeUnavailable, OrderOutcomeUnknown, OrderRefused, RateLimited
from helix_core.ccxt import NoSuchOrder
from helix_kraken.rank import Rank, looking

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from helix_core import Clock, OrderRef
    from helix_kraken.absences import Absences
    from helix_kraken.holdings import Holdings
    from helix_kraken.orders import Order
    from helix_kraken.questions import Questions

_LOOK_AGAIN_AFTER_S = (2.0,)
_CONFIRM_AFTER_S = (0.0, 0.2, 0.5, 1.0)
_CONFIRM_PATIENCE_S = 4.0
"""How long a stop may rest on until there is room for the question whether it is gone."""
_APPEAR_WITHIN_S = 5.0
_LOW_OF = timedelta(hours=23)
"""Kraken states the lowest price of the last 24 hours; its clock and this machine's may differ."""
_MOST_KEPT = 100


@dataclass(frozen=True, slots=True)
class Cover:
    """The stops that were found. `settled` is False while a stop of Helix's own may exist that has not shown up.

    `early`: that one was sent so short a time ago that its absence proves nothing.
    """

    stops: tuple[Order, ...]
    settled: bool = True
    early: bool = False
    uncovered: Decimal | None = None

    @property
    def living(self) -> tuple[Order, ...]:
        """The stops that can still sell."""
        return tuple(stop for stop in self.stops if not stop.status.final)

    @property
    def protecting(self) -> Decimal:
        """Base units that living stops hold."""
        return sum((stop.remaining for stop in self.living), Decimal(0))


class Stops:
    """Finds and cancels the stops of entries, and remembers which of them Helix placed itself."""

    def __init__(self, questions: Questions, holdings: Holdings, absences: Absences, clock: Clock) -> None:
        """Ask `questions`; `absences` is told of stops that were sought in vain."""
        self._questions, self._holdings, self._absences, self._clock = questions, holdings, absences, clock
        self._own: dict[str, set[str]] = {}
        self._complete: dict[str, None] = {}

    def remember(self, entry_id: str | None, txids: Iterable[str]) -> None:
        """Keep ids of stops that protect this entry."""
        if entry_id is not None:
            while len(self._own) >= _MOST_KEPT and entry_id not in self._own:
                del self._own[next(iter(self._own))]
            self._own.setdefault(entry_id, set()).update(txids)

    def refrained(self, client_order_id: str) -> None:
        """This stop is being considered, and was not sent so far."""
        self._absences.refrained(client_order_id)

    async def find(self, ref: OrderRef) -> Cover:
        """Every stop of `ref`: by Kraken's ids, one question for all of them, else by the entry's and Helix's own."""
        self.remember(ref.entry_order_id, ref.venue_order_ids)
        if not ref.venue_order_ids:
            return await self._search(ref, await self._now(ref))
        entry, found = await self._known(ref)
        if entry is not None and not self._all_known(entry, found):
            found = await self._now(ref)
        return Cover(tuple(found.values()))

    async def standing(self, ref: OrderRef, quantity: Decimal) -> Cover:
        """What covers an entry whose own stop is still to be placed, looking until the venue has made its stops.

        `uncovered` is what was bought and neither sold by a stop nor held by one; None where the entry is not known.
        """
        self.remember(ref.entry_order_id, ref.venue_order_ids)
        if ref.entry_order_id is not None and (self._ids(ref) or ref.entry_order_id in self._complete):
            entry, found = await self._known(ref)
            if entry is not None and self._all_known(entry, found):
                return Cover(tuple(found.values()), uncovered=_uncovered(entry, found.values()))
        found = await self._now(ref)
        if ref.entry_order_id is None or Cover(tuple(found.values())).protecting >= quantity:
            return Cover(tuple(found.values()))
        entry = await self._entry(ref.entry_order_id)
        found = await self._every(ref, entry, found)
        return Cover(tuple(found.values()), uncovered=_uncovered(entry, found.values()))

    async def cancel(self, ref: OrderRef, send: Callable[[str], Awaitable[None]]) -> Cover:
        """Cancel every living stop of `ref` by `send`, and return when all are final.

        Those whose ids are known are cancelled before anything is asked. Raises OrderOutcomeUnknown where the venue
        does not confirm it, or a stop sent earlier may yet show up.
        """
        self.remember(ref.entry_order_id, ref.venue_order_ids)
        if ref.venue_order_ids:
            return Cover(tuple((await self._cancel_known(ref, send)).values()))
        cover = await self.withdraw(await self.find(ref), send)
        if not cover.settled and not self._absences.is_gone(ref.client_order_id):
            message = f"stop {ref.client_order_id} was sent and has not shown up yet"
            raise OrderOutcomeUnknown(message)
        return cover

    async def withdraw(self, cover: Cover, send: Callable[[str], Awaitable[None]]) -> Cover:
        """Cancel the living stops of `cover` one by one, then look until all of them are final."""
        ended = await self._withdraw([stop.txid for stop in cover.living], send)
        return replace(cover, stops=tuple({**{stop.txid: stop for stop in cover.stops}, **ended}.values()))

    async def _cancel_known(self, ref: OrderRef, send: Callable[[str], Awaitable[None]]) -> dict[str, Order]:
        """Cancel by id, and then whatever else the entry turns out to have made."""
        ids = self._ids(ref)
        await self._withdraw(sorted(txid for txid in ids if not self._questions.has_ended(txid)), send)
        found = await self._certain(ids)
        if ref.entry_order_id is None or _all_made(await self._entry(ref.entry_order_id), found.values()):
            return found
        others = await self._open(ref, anew=True)
        return found | await self._withdraw(sorted(others.keys() - found.keys()), send)

    async def _withdraw(self, txids: list[str], send: Callable[[str], Awaitable[None]]) -> dict[str, Order]:
        with looking(Rank.CONFIRMATION), suppress(RateLimited):
            await self._questions.counter.room(1 if txids else 0, _CONFIRM_PATIENCE_S)
        trouble: Exception | None = None
        for txid in txids:
            try:
                await send(txid)
            except NoSuchOrder:
                continue  # it has ended meanwhile: the look below says how
            except (OrderRefused, OrderOutcomeUnknown) as error:
                trouble = error
        return await self._confirm(txids, trouble)

    async def _confirm(self, txids: list[str], trouble: Exception | None) -> dict[str, Order]:
        """CancelOrder may answer "pending": accepted, and the stop still lives. Only a final status counts.

        After `trouble` one look shows whether the cancel was carried out; waiting for it is up to who sends it anew.
        """
        for pause_s in (_CONFIRM_AFTER_S[:1] if trouble else _CONFIRM_AFTER_S) if txids else ():
            await asyncio.sleep(pause_s)
            with suppress(ExchangeUnavailable), looking(Rank.CONFIRMATION):
                await self._questions.ending(txids)
            if all(self._questions.has_ended(txid) for txid in txids):
                break
        alive = ", ".join(txid for txid in txids if not self._questions.has_ended(txid))
        if alive:
            raise trouble or OrderOutcomeUnknown(f"the cancel was sent, but not confirmed for {alive}")
        return await self._certain(set(txids))

    async def _search(self, ref: OrderRef, found: dict[str, Order]) -> Cover:
        """The stop's own order is not among those known: say whether it is missing at all, and look in the history."""
        if ref.entry_order_id is None:
            own = await self._questions.find(ref.client_order_id)
            return Cover(() if own is None else (own,), settled=own is not None)
        if _holds(found, ref.client_order_id):
            return Cover(tuple(found.values()))
        entry = await self._entry(ref.entry_order_id)
        asked_at_s = self._clock.monotonic()
        if _uncovered(entry, found.values()) > 0:
            if self._absences.may_appear(ref.client_order_id):
                self._absences.missed(ref.client_order_id, asked_at_s)
                return Cover(tuple(found.values()), settled=False, early=True)
            if not (self._absences.never_left(ref.client_order_id) and self._all_known(entry, found)):
                found = await self._ended(ref, entry, found)
        uncovered = _uncovered(entry, found.values())
        settled = _holds(found, ref.client_order_id) or uncovered <= 0
        if not settled:
            self._absences.missed(ref.client_order_id, asked_at_s)
        return Cover(tuple(found.values()), settled=settled, uncovered=uncovered)

    async def _every(self, ref: OrderRef, entry: Order, found: dict[str, Order]) -> dict[str, Order]:
        """All stops that the entry made: they may show up a moment after it, and some may have ended before."""
        young = (self._clock.now() - entry.opened_at).total_seconds() < _APPEAR_WITHIN_S
        for pause_s in _LOOK_AGAIN_AFTER_S if young else ():
            if _all_made(entry, found.values()):
                break
            self._questions.counter.bare()
            await asyncio.sleep(pause_s)
            found = await self._now(ref, anew=True)
        if not _all_made(entry, found.values()) and not await self._none_has_sold(entry):
            found = await self._ended(ref, entry, found)
        while len(self._complete) >= _MOST_KEPT:
            del self._complete[next(iter(self._complete))]
        self._complete[entry.txid] = None
        return found

    async def _none_has_sold(self, entry: Order) -> bool:
        """Whether no stop of the entry can have sold: the market never traded there, or all its coins are there."""
        with suppress(ExchangeUnavailable):
            young = self._clock.now() - entry.opened_at < _LOW_OF
            if young and entry.close_price is not None and await self._questions.low(entry.pair) > entry.close_price:
                return True
        return await self._holdings.has_all(entry)

    def _all_known(self, entry: Order, found: dict[str, Order]) -> bool:
        """Whether there can be no other stop than those found, because they are all or others were sought in vain."""
        return entry.txid in self._complete or _all_made(entry, found.values())

    async def _now(self, ref: OrderRef, *, anew: bool = False) -> dict[str, Order]:
        """What rests, and what became of the stops that are known and rest no longer."""
        found = await self._open(ref, anew=anew)
        return found | await self._certain(self._ids(ref) - found.keys())

    async def _known(self, ref: OrderRef) -> tuple[Order | None, dict[str, Order]]:
        """The entry, and the stops whose ids are known."""
        ids = self._ids(ref)
        found = await self._certain(ids | {ref.entry_order_id} if ref.entry_order_id else ids)
        entry = found.pop(ref.entry_order_id) if ref.entry_order_id else None
        return entry, found

    async def _open(self, ref: OrderRef, *, anew: bool = False) -> dict[str, Order]:
        orders = await (self._questions.list_open() if anew else self._questions.just_listed())
        found = {order.txid: order for order in orders if self._belongs(order, ref)}
        self.remember(ref.entry_order_id, found)
        if ref.entry_order_id is not None:
            self.remember(ref.entry_order_id, self._questions.ended_of(ref.entry_order_id))
        return found

    async def _ended(self, ref: OrderRef, entry: Order, found: dict[str, Order]) -> dict[str, Order]:
        closed = await self._questions.closed_orders(entry.opened_at)
        ended = {order.txid: order for order in closed if self._belongs(order, ref)}
        self.remember(ref.entry_order_id, ended)
        return found | ended

    async def _entry(self, txid: str) -> Order:
        return (await self._certain({txid}))[txid]

    async def _certain(self, txids: set[str]) -> dict[str, Order]:
        found = await self._questions.ending(txids)
        if txids - found.keys():
            message = f"the venue does not tell about {', '.join(sorted(txids - found.keys()))}"
            raise ExchangeUnavailable(message)
        return found

    def _ids(self, ref: OrderRef) -> set[str]:
        return set(ref.venue_order_ids) | self._own.get(ref.entry_order_id or "", set())

    def _belongs(self, order: Order, ref: OrderRef) -> bool:
        made_by_entry = order.entry_id is not None and order.entry_id == ref.entry_order_id
        return made_by_entry or order.client_order_id == ref.client_order_id or order.txid in self._ids(ref)


def _holds(found: dict[str, Order], client_order_id: str) -> bool:
    return any(order.client_order_id == client_order_id for order in found.values())


def _all_made(entry: Order, stops: Iterable[Order]) -> bool:
    """True when these are all the stops that the entry made: each of its fills made one of its own size."""
    made = sum((stop.volume for stop in stops if stop.entry_id == entry.txid), Decimal(0))
    return entry.status.final and made >= entry.executed


def _uncovered(entry: Order, stops: Iterable[Order]) -> Decimal:
    """What the entry bought and no stop has sold or still holds."""
    return entry.executed - sum((stop.executed + stop.remaining for stop in stops), Decimal(0))
