"""Kraken's counter of private REST calls, kept on this side so that it is never exceeded.

Source: Kraken's API documentation, "Spot REST rate limits". Every call adds 1, one that reads history 2 or 4 (the two
pages disagree: 4 counts here); AddOrder and CancelOrder add nothing. The figures of the lowest tier hold for everyone.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helix_core import RateLimited

if TYPE_CHECKING:
    from helix_core import Clock

HISTORY_COST = 4
_COSTS = {"ClosedOrders": HISTORY_COST, "TradesHistory": HISTORY_COST, "AddOrder": 0, "CancelOrder": 0}
_POLL_PATIENCE_S, _LOOK_PATIENCE_S = 2.5, 25.0
_GIVES_WAY, _COURTESY_S = "BalanceEx", 2.0
"""The core asks for the balance after every order, just when that order must be looked after."""


@dataclass(frozen=True, slots=True)
class RestLimit:
    """`most` is the height that is never passed, `per_s` what the counter loses in a second.

    Starter: 15 and 0.33. One is kept back, because Kraken's clock and ours do not tick together. While less than
    `reserve` is left, the balance gives way for two seconds to whatever else is asked.
    """

    most: float = 14.0
    per_s: float = 0.33
    reserve: float = 7.0


class Counter:
    """The height of the counter, as far as this client's own calls go."""

    def __init__(self, clock: Clock, limit: RestLimit) -> None:
        """Start at zero."""
        self._clock, self._limit = clock, limit
        self._height, self._at_s = 0.0, clock.monotonic()

    async def spend(self, path: str) -> None:
        """Count one call to `path`, once there is room for it. Raises RateLimited when that would take too long."""
        cost = _COSTS.get(path, 1)
        if path == _GIVES_WAY:
            await asyncio.sleep(max(0.0, min(_COURTESY_S, self._wait_s(cost + self._limit.reserve))))
        await self.room(cost, _POLL_PATIENCE_S)
        self._height = self._now() + cost
        self._at_s = self._clock.monotonic()

    async def room(self, cost: float, patience_s: float = _LOOK_PATIENCE_S) -> None:
        """Return when calls that cost `cost` fit. Raises RateLimited when that would take more than `patience_s`."""
        give_up_s = self._clock.monotonic() + patience_s
        while (wait_s := self._wait_s(cost)) > 0:
            if self._clock.monotonic() + wait_s > give_up_s:
                message = f"Kraken's limit for questions is used up: {wait_s:.0f} s until the next"
                raise RateLimited(message, retry_after_s=wait_s)
            await asyncio.sleep(wait_s + 0.01)

    def fill(self) -> None:
        """Kraken says that the counter is full: somebody else uses the key, or we counted wrongly."""
        self._height, self._at_s = self._limit.most, self._clock.monotonic()

    def _wait_s(self, cost: float) -> float:
        return (self._now() + cost - self._limit.most) / self._limit.per_s

    def _now(self) -> float:
        passed_s = self._clock.monotonic() - self._at_s
        return max(0.0, self._height - passed_s * self._limit.per_s)
