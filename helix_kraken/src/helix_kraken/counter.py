"""Kraken's counter of private REST calls, kept on this side so that it is never exceeded.

Source: Kraken's API documentation, "Spot REST rate limits". Every call adds 1, one that reads history 2 or 4 (the two
pages disagree: 4 counts here); AddOrder and CancelOrder add nothing. The figures of the lowest tier hold for everyone.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helix_core import RateLimited
from helix_kraken.rank import Rank, rank

if TYPE_CHECKING:
    from helix_core import Clock

HISTORY_COST = 4
_COSTS = {"ClosedOrders": HISTORY_COST, "TradesHistory": HISTORY_COST, "AddOrder": 0, "CancelOrder": 0}
_TURN_PATIENCE_S = 3.5
LOOK_PATIENCE_S, POLL_PATIENCE_S, LIST_PATIENCE_S = 25.0, 4.0, 12.0
"""An order's fate is worth waiting for. Who polls is better told soon: the core keeps what it knows, and asks again."""
_APPROACH = 3
"""Who is told to come back for a list of the past asks for a balance and the open orders first."""
_BARE_FOR_S = 30.0
_POLLS_WHILE_BARE = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RestLimit:
    """`most` is the height that is never passed, `per_s` what the counter loses in a second.

    Starter: 15 and 0.33. One is kept back, because Kraken's clock and ours do not tick together. The last `reserve` of
    what is left is for looks: with the one kept back, 7 of Kraken's 15 that polls never use. The last `confirmations`
    of those are for confirming that a stop is gone.
    """

    most: float = 14.0
    per_s: float = 0.33
    reserve: float = 6.0
    confirmations: float = 3.0


class Counter:
    """The height of the counter, as far as this client's own calls go. What polls cost, looks find still to be had."""

    def __init__(self, clock: Clock, limit: RestLimit) -> None:
        """Start at zero. A process before this one may have left it higher: then Kraken says so (`fill`)."""
        self._clock, self._limit = clock, limit
        self._height, self._at_s = 0.0, clock.monotonic()
        self._bare_until_s = -math.inf

    async def spend(self, path: str) -> None:
        """Count one call to `path`, once there is room for it. Raises RateLimited when that would take too long."""
        cost = _COSTS.get(path, 1)
        await self.room(cost, _TURN_PATIENCE_S)
        self._height = self._now() + cost
        self._at_s = self._clock.monotonic()

    async def room(self, cost: float, patience_s: float) -> None:
        """Return when calls that cost `cost` fit. Raises RateLimited when that would take more than `patience_s`."""
        give_up_s = self._clock.monotonic() + patience_s
        while (wait_s := self._wait_s(cost)) > 0:
            if self._clock.monotonic() + wait_s > give_up_s:
                message = f"Kraken's limit for questions is used up: {wait_s:.0f} s until the next"
                back_s = self._wait_s(cost + _APPROACH) if cost >= HISTORY_COST else wait_s
                raise RateLimited(message, retry_after_s=back_s)
            await asyncio.sleep(wait_s + 0.01)

    def fill(self) -> None:
        """Kraken says that the counter is full: an earlier process or somebody else used it, or we counted wrongly."""
        self._height, self._at_s = self._limit.most, self._clock.monotonic()

    def bare(self) -> None:
        """Coins may lie neither sold nor under a stop: for half a minute looks have all there is, polls little."""
        self._bare_until_s = self._clock.monotonic() + _BARE_FOR_S

    def covered(self) -> None:
        """They are sold, or a stop rests."""
        self._bare_until_s = -math.inf

    @property
    def is_bare(self) -> bool:
        """Whether that is to be feared now."""
        return self._clock.monotonic() < self._bare_until_s

    def _wait_s(self, cost: float) -> float:
        if self.is_bare:
            kept = self._limit.most - _POLLS_WHILE_BARE if rank() is Rank.POLL else 0.0
        else:
            kept = {Rank.POLL: self._limit.reserve, Rank.LOOK: self._limit.confirmations}.get(rank(), 0.0)
        return (self._now() + cost - (self._limit.most - kept)) / self._limit.per_s

    def _now(self) -> float:
        passed_s = self._clock.monotonic() - self._at_s
        return max(0.0, self._height - passed_s * self._limit.per_s)
