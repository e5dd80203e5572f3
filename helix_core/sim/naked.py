"""Seconds without a stop: read from the venue's ledger after the fact, to the millisecond of its clock."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from helix_core.domain.signal import Action
from helix_core.sim.books import ZERO

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from helix_core.sandbox.orders import Order
    from helix_core.sim.books import Books

_BEFORE_S = 5.0
"""A trouble that ended so long before may still be felt: a look-up waits up to 4 s for its next turn."""


class Phase(StrEnum):
    """When a position was without a stop."""

    ENTRY = "entry"
    """From the fill of an entry at market to its first stop."""
    BROUGHT = "entry with its stop"
    """The same for an entry whose stop the venue places with the fill: there should be no such time."""
    GAP = "gap"
    """A stop that had rested was gone: cancelled by a human, or set off and filled in part."""
    EXIT = "exit"
    """Helix took the stop away to sell, and the sale had not filled yet."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that kept the bot from its work: venue or wire silent, bot dead, key or disk gone, a human's hand."""

    began_s: float
    ended_s: float
    what: str


@dataclass(frozen=True, slots=True)
class Naked:
    """One stretch without a whole stop. `excess_s` is how much of it no trouble explains; `clean`: none touched it."""

    began_s: float
    lasted_s: float
    excess_s: float
    phase: Phase
    clean: bool
    touched_by: str


def measure(books: Books, epoch: datetime, troubles: Sequence[Trouble], end_s: float) -> list[Naked]:
    """Every stretch in which Helix held a lot or more than its living stops covered, and a stop was legal.

    Times are seconds since `epoch` by the venue's clock, as are those of `troubles`. Stretches of no length are left
    out.
    """
    found, began_s = [], None
    phase = Phase.ENTRY
    for at, uncovered, left, what in _timeline(books):
        at_s = (at - epoch).total_seconds()
        if uncovered and began_s is None:
            began_s, phase = at_s, what
        elif not uncovered and began_s is not None:
            ended_by_sale = left <= 0 and what is Phase.EXIT and phase is Phase.GAP
            found.append(_judged(began_s, at_s, Phase.EXIT if ended_by_sale else phase, troubles))
            began_s = None
    if began_s is not None:
        found.append(_judged(began_s, end_s, phase, troubles))
    return [naked for naked in found if naked.lasted_s > 0]


def _judged(began_s: float, ended_s: float, phase: Phase, troubles: Sequence[Trouble]) -> Naked:
    touching = [one for one in troubles if one.began_s <= ended_s and one.ended_s >= began_s - _BEFORE_S]
    last_s = max((min(one.ended_s, ended_s) for one in touching), default=began_s)
    return Naked(
        began_s=round(began_s, 3),
        lasted_s=round(ended_s - began_s, 3),
        excess_s=round(ended_s - max(last_s, began_s), 3),
        phase=phase,
        clean=not touching,
        touched_by=", ".join(sorted({one.what for one in touching})),
    )


def _timeline(books: Books) -> Iterator[tuple[datetime, bool, Decimal, Phase]]:
    """After each moment in which something changed: is a lot without a stop, what is left to sell, and what changed."""
    stops: dict[int, Decimal] = {}
    coins: defaultdict[int | None, Decimal] = defaultdict(Decimal)
    taken, price = ZERO, books.sandbox.venue.listing().last
    orders, fills, taken_at = _changes(books)
    for at in sorted({*orders, *fills, *taken_at}):
        phase = Phase.GAP
        for trade, gained, phase in fills[at]:  # noqa: B007 - the last one of the moment names it
            coins[trade] += gained
        taken = taken_at.get(at, taken)
        for order in orders[at]:
            if order.open:
                stops[order.order_id] = order.remaining
            else:
                stops.pop(order.order_id, None)
        held = sum((some for some in coins.values() if not books.is_dust(some, price)), ZERO)
        naked = held - taken - sum(stops.values(), ZERO)
        whole = naked < books.market.lot_step or books.is_dust(naked, price)
        yield at, not whole, held - taken, phase


_Fill = tuple[int | None, Decimal, Phase]


def _changes(
    books: Books,
) -> tuple[defaultdict[datetime, list[Order]], defaultdict[datetime, list[_Fill]], dict[datetime, Decimal]]:
    """By moment: stops as they then were, coins that Helix's orders gained, and how many humans had taken."""
    orders: defaultdict[datetime, list[Order]] = defaultdict(list)
    fills: defaultdict[datetime, list[_Fill]] = defaultdict(list)
    for order in books.ledger.versions:
        if order.order_id in books.own_orders and order.stop_price is not None and order.side is Action.SELL:
            orders[order.updated_at].append(order)
    for fill in books.own_executions:
        filled = books.ledger.order(fill.order_id)
        is_exit = filled is not None and filled.stop_price is None and fill.side is Action.SELL
        phase = Phase.EXIT if is_exit else _entered(filled) if fill.side is Action.BUY else Phase.GAP
        fills[fill.at].append((books.belongs_to(fill.order_id), books.base_of(fill), phase))
    return orders, fills, dict(books.taken())


def _entered(order: Order | None) -> Phase:
    brings = order is not None and (order.close is not None or order.list_id is not None)
    return Phase.BROUGHT if brings else Phase.ENTRY
