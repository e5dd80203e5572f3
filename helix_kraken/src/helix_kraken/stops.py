"""The stops of one entry: how they are found, added up, completed and cancelled.

Every fill of an entry makes a stop of its own (Kraken's conditional close, "each fill on the primary order will
generate a new secondary order"). They carry no id of ours; `refid` names the entry. What they leave uncovered gets one
stop that Helix places itself, under its own id.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core import ExchangeUnavailable, OrderOutcomeUnknown, OrderRefused
from helix_core.ccxt import NoSuchOrder
from helix_kraken.rank import Rank, looking

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from helix_core import Clock, OrderRef
    from helix_kraken.orders import Order
    from helix_kraken.questions import Questions

_LOOK_AGAIN_AFTER_S = (0.0, 0.3, 0.7, 1.0)
_CONFIRM_AFTER_S = (0.0, 0.2, 0.5, 1.0)
_APPEAR_WITHIN_S = 15.0
_MOST_KEPT = 100


@dataclass(frozen=True, slots=True)
class Cover:
    """The stops that were found. `settled` is False while a stop of Helix's own may exist that has not shown up."""

    stops: tuple[Order, ...]
    settled: bool = True
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

    def __init__(self, questions: Questions, clock: Clock, fence_s: float) -> None:
        """`fence_s` after it was sent, an order that has not shown up never will."""
        self._questions, self._clock, self._fence_s = questions, clock, fence_s
        self._own: dict[str, set[str]] = {}
        self._missing_since_s: dict[str, float] = {}

    def remember(self, entry_id: str | None, txids: Iterable[str]) -> None:
        """Keep ids of stops that protect this entry."""
        if entry_id is not None:
            while len(self._own) >= _MOST_KEPT and entry_id not in self._own:
                del self._own[next(iter(self._own))]
            self._own.setdefault(entry_id, set()).update(txids)

    async def find(self, ref: OrderRef) -> Cover:
        """Every stop of `ref`: by the entry's id, by Kraken's ids as far as they are known, and by Helix's own id."""
        self.remember(ref.entry_order_id, ref.venue_order_ids)
        found = await self._open(ref)
        if not ref.venue_order_ids and not _holds(found, ref.client_order_id):
            return await self._search(ref, found)
        return Cover(tuple((await self._with_known(ref, found)).values()))

    async def standing(self, ref: OrderRef, quantity: Decimal) -> Cover:
        """What covers an entry whose own stop is still to be placed, looking until the venue has made its stops.

        `uncovered` is what was bought and neither sold by a stop nor held by one; None where the entry is not known.
        """
        self.remember(ref.entry_order_id, ref.venue_order_ids)
        found = await self._open(ref)
        if ref.entry_order_id is None or Cover(tuple(found.values())).protecting >= quantity:
            return Cover(tuple(found.values()))
        entry = await self._entry(ref.entry_order_id)
        if (self._clock.now() - entry.opened_at).total_seconds() < _APPEAR_WITHIN_S:
            for pause_s in _LOOK_AGAIN_AFTER_S[1:]:
                await asyncio.sleep(pause_s)
                found = await self._open(ref)
                if Cover(tuple(found.values())).protecting >= quantity:
                    return Cover(tuple(found.values()))
        found = await self._with_known(ref, found)
        if not _all_made(entry, found.values()):
            found = await self._ended(ref, entry, found)
        return Cover(tuple(found.values()), uncovered=_uncovered(entry, found.values()))

    async def cancel(self, ref: OrderRef, send: Callable[[str], Awaitable[None]]) -> Cover:
        """Cancel every living stop of `ref` by `send`, and return when all are final.

        Raises OrderOutcomeUnknown where the venue does not confirm it, or a stop sent earlier may yet show up.
        """
        cover = await self.find(ref)
        cover = await self.withdraw(cover, send)
        if not cover.settled and not self._never_placed(ref.client_order_id):
            message = f"stop {ref.client_order_id} was sent and has not shown up yet"
            raise OrderOutcomeUnknown(message)
        return cover

    async def withdraw(self, cover: Cover, send: Callable[[str], Awaitable[None]]) -> Cover:
        """Cancel the living stops of `cover` one by one, then look until all of them are final."""
        if not cover.living:
            return cover
        trouble: Exception | None = None
        for stop in cover.living:
            try:
                await send(stop.txid)
            except NoSuchOrder:
                continue  # it has ended meanwhile: the look below says how
            except (OrderRefused, OrderOutcomeUnknown) as error:
                trouble = error
        return await self._confirm(cover, trouble)

    async def _confirm(self, cover: Cover, trouble: Exception | None) -> Cover:
        """CancelOrder may answer "pending": accepted, and the stop still lives. Only a final status counts."""
        now = {stop.txid: stop for stop in cover.stops}
        for pause_s in _CONFIRM_AFTER_S:
            await asyncio.sleep(pause_s)
            with suppress(ExchangeUnavailable), looking(Rank.CONFIRMATION):
                now |= await self._questions.by_id(stop.txid for stop in cover.living)
            if all(stop.status.final for stop in now.values()):
                return replace(cover, stops=tuple(now.values()))
        alive = ", ".join(stop.txid for stop in now.values() if not stop.status.final)
        raise trouble or OrderOutcomeUnknown(f"the cancel was sent, but not confirmed for {alive}")

    async def _search(self, ref: OrderRef, found: dict[str, Order]) -> Cover:
        """The stop's own order is not among those known: look in the history, and say whether one is missing at all."""
        if ref.entry_order_id is None:
            own = await self._questions.find(ref.client_order_id)
            return Cover(() if own is None else (own,), settled=own is not None)
        found = await self._with_known(ref, found)
        if _holds(found, ref.client_order_id):
            return Cover(tuple(found.values()))
        entry = await self._entry(ref.entry_order_id)
        found = await self._ended(ref, entry, found)
        uncovered = _uncovered(entry, found.values())
        settled = _holds(found, ref.client_order_id) or uncovered <= 0
        return Cover(tuple(found.values()), settled=settled, uncovered=uncovered)

    async def _open(self, ref: OrderRef) -> dict[str, Order]:
        orders = await self._questions.open_orders()
        found = {order.txid: order for order in orders if self._belongs(order, ref)}
        self.remember(ref.entry_order_id, found)
        return found

    async def _ended(self, ref: OrderRef, entry: Order, found: dict[str, Order]) -> dict[str, Order]:
        closed = await self._questions.closed_orders(entry.opened_at)
        return {**found, **{order.txid: order for order in closed if self._belongs(order, ref)}}

    async def _entry(self, txid: str) -> Order:
        return (await self._certain({txid}))[txid]

    async def _with_known(self, ref: OrderRef, found: dict[str, Order]) -> dict[str, Order]:
        """What rests, and what became of the stops that are known and rest no longer."""
        return found | await self._certain(self._ids(ref) - found.keys())

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

    def _never_placed(self, client_order_id: str) -> bool:
        """True once the order has been missing for longer than it could take to appear."""
        now_s = self._clock.monotonic()
        while len(self._missing_since_s) >= _MOST_KEPT and client_order_id not in self._missing_since_s:
            del self._missing_since_s[next(iter(self._missing_since_s))]
        return now_s - self._missing_since_s.setdefault(client_order_id, now_s) > self._fence_s


def _holds(found: dict[str, Order], client_order_id: str) -> bool:
    return any(order.client_order_id == client_order_id for order in found.values())


def _all_made(entry: Order, stops: Iterable[Order]) -> bool:
    """True when these are all the stops that the entry made: each of its fills made one of its own size."""
    made = sum((stop.volume for stop in stops if stop.entry_id == entry.txid), Decimal(0))
    return entry.status.final and made >= entry.executed


def _uncovered(entry: Order, stops: Iterable[Order]) -> Decimal:
    """What the entry bought and no stop has sold or still holds."""
    return entry.executed - sum((stop.executed + stop.remaining for stop in stops), Decimal(0))
