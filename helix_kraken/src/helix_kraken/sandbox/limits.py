"""Kraken's two rate limiters, with a Starter account's figures (docs.kraken.com, "Rate Limits").

Both are counters that drain with time; a call that would overflow one is refused and not counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

    from helix_core import Clock

REST_MOST, REST_DRAIN_PER_S = 15, 0.33
ENGINE_MOST, ENGINE_DRAIN_PER_S = 60, 1.0
HISTORY = 4
"""What a question about the past costs, by Kraken's support pages; its reference says two."""
_CANCEL_COSTS = ((5, 8), (10, 6), (15, 5), (45, 4), (90, 2), (300, 1))


def cancel_cost(age: timedelta) -> int:
    """What a cancel costs: the younger the order, the more."""
    return next((cost for younger_than_s, cost in _CANCEL_COSTS if age.total_seconds() < younger_than_s), 0)


class Counter:
    """Rises by what calls cost and drains with the venue's time."""

    def __init__(self, most: int, drain_per_s: float, clock: Clock) -> None:
        """Begin at nothing."""
        self._most, self._drain_per_s, self._clock = most, drain_per_s, clock
        self._level, self._at = 0.0, clock.now()

    def add(self, cost: int) -> bool:
        """Count a call; False when it does not fit."""
        now = self._clock.now()
        drained = (now - self._at).total_seconds() * self._drain_per_s
        self._level, self._at = max(0.0, self._level - drained), now
        fits = self._level + cost <= self._most
        if fits:
            self._level += cost
        return fits


class Limits:
    """The counter for calls, and one for orders in each pair. When they are off, everything fits."""

    def __init__(self, clock: Clock, *, enforced: bool) -> None:
        """Begin with nothing used."""
        self._clock, self._enforced = clock, enforced
        self._calls = Counter(REST_MOST, REST_DRAIN_PER_S, clock)
        self._orders: dict[str, Counter] = {}

    def call(self, cost: int) -> bool:
        """Count a call; False when it does not fit."""
        return not self._enforced or self._calls.add(cost)

    def order(self, symbol: str, cost: int) -> bool:
        """Count a new order or a cancel; False when it does not fit. `symbol` is a listed one."""
        counter = self._orders.setdefault(symbol, Counter(ENGINE_MOST, ENGINE_DRAIN_PER_S, self._clock))
        return not self._enforced or counter.add(cost)
