"""Kraken's counter of private REST calls, kept on this side so that it is never exceeded.

Source: Kraken's API documentation, "Spot REST rate limits". Every call adds 1, one that reads history 2 or 4 (the two
pages disagree: 4 counts here); AddOrder and CancelOrder add nothing. The figures of the lowest tier hold for everyone.
"""

from __future__ import annotations

import asyncio
import math
from bisect import insort
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from helix_core import RateLimited
from helix_kraken.rank import Rank, rank

if TYPE_CHECKING:
    from helix_core import Clock

HISTORY_COST = 4
_COSTS = {"ClosedOrders": HISTORY_COST, "TradesHistory": HISTORY_COST, "AddOrder": 0, "CancelOrder": 0}
_TURN_PATIENCE_S = 3.5
_BARE_FOR_S = 30.0
_LEFT_WHILE_BARE = 12.0
_LEFT_WHILE_SILENT = 6.0
_TRIED_EVERY_S = 5.0
"""While Kraken does not answer, looks save up; but so often one is put where it fits, to see whether that has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestLimit:
    """`most` is the height that is never passed, `per_s` what the counter loses in a second.

    Starter: 15 and 0.33. One is kept back, because Kraken's clock and ours do not tick together. Of the rest polls
    leave `polls_leave` to all others, and the watch over stops `watch_leaves` to what it finds.
    """

    most: float = 14.0
    per_s: float = 0.33
    polls_leave: float = 7.0
    watch_leaves: float = 1.0


@dataclass(frozen=True, slots=True, order=True)
class _Place:
    """A place in the queue: by rank, then by arrival."""

    rank: Rank
    ticket: int
    cost: float


class Counter:
    """The height of the counter, as far as this client's own calls go. What polls cost, looks find still to be had."""

    def __init__(self, clock: Clock, limit: RestLimit) -> None:
        """Start at zero. A process before this one may have left it higher: then Kraken says so (`fill`)."""
        self._clock, self._limit = clock, limit
        self._height, self._at_s = 0.0, clock.monotonic()
        self._bare_until_s = -math.inf
        self._silent = False
        self._tried_at_s = -math.inf
        self._waiting: list[_Place] = []
        self._tickets = count()

    async def spend(self, path: str) -> None:
        """Count one call to `path`, once there is room for it. Raises RateLimited when that would take too long."""
        cost = _COSTS.get(path, 1)
        await self._wait(_Place(rank(), -1, cost), _TURN_PATIENCE_S)
        self._height = self._now() + cost
        self._at_s = self._tried_at_s = self._clock.monotonic()

    async def room(self, cost: float, patience_s: float) -> None:
        """Return when calls that cost `cost` fit, and everybody's turn has come who matters more or came before.

        Raises RateLimited when that would take more than `patience_s`.
        """
        place = _Place(rank(), next(self._tickets), cost)
        insort(self._waiting, place)
        try:
            await self._wait(place, patience_s)
        finally:
            self._waiting.remove(place)

    @property
    def left(self) -> float:
        """Which part of the counter is still free, 0 to 1."""
        return min(1.0, max(0.0, 1 - self._now() / self._limit.most))

    def fill(self) -> None:
        """Kraken says that the counter is full: an earlier process or somebody else used it, or we counted wrongly."""
        self._height, self._at_s = self._limit.most, self._clock.monotonic()

    def bare(self) -> None:
        """Coins may lie neither sold nor under a stop: for half a minute looks have all there is, the rest little."""
        self._bare_until_s = self._clock.monotonic() + _BARE_FOR_S

    def covered(self) -> None:
        """They are sold, or a stop rests."""
        self._bare_until_s = -math.inf

    def answered(self, *, well: bool) -> None:
        """Keep whether the last question got an answer.

        While none does, what is asked in vain is paid from what drains away, and not from what the rest will need.
        """
        self._silent = not well

    @property
    def is_bare(self) -> bool:
        """Whether that is to be feared now."""
        return self._clock.monotonic() < self._bare_until_s

    async def _wait(self, place: _Place, patience_s: float) -> None:
        give_up_s = self._clock.monotonic() + patience_s
        while (wait_s := self._wait_s(place)) > 0:
            if self._clock.monotonic() + wait_s > give_up_s:
                message = f"Kraken's limit for questions is used up: {wait_s:.0f} s until the next"
                raise RateLimited(message, retry_after_s=wait_s)
            await asyncio.sleep(wait_s + 0.01)

    def _wait_s(self, place: _Place) -> float:
        ahead = sum(other.cost for other in self._waiting if other < place)
        fits_s = (self._now() + ahead + place.cost - self._limit.most) / self._limit.per_s
        wait_s = fits_s + self._left_by(place.rank) / self._limit.per_s
        if self._silent and place.rank <= Rank.LOOK:
            return min(wait_s, max(fits_s, self._tried_at_s + _TRIED_EVERY_S - self._clock.monotonic()))
        return wait_s

    def _left_by(self, rank_: Rank) -> float:
        """What calls of this rank leave of the counter to others."""
        silent = _LEFT_WHILE_SILENT if self._silent else 0.0
        if rank_ <= Rank.LOOK:
            return silent
        if self.is_bare:
            return _LEFT_WHILE_BARE
        return max(silent, self._limit.polls_leave if rank_ is Rank.POLL else self._limit.watch_leaves)

    def _now(self) -> float:
        passed_s = self._clock.monotonic() - self._at_s
        return max(0.0, self._height - passed_s * self._limit.per_s)
