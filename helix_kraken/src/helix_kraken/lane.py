"""The one lane of signed requests: nonces only grow, questions keep to Kraken's counter, orders overtake questions."""

from __future__ import annotations

import asyncio
import math
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from helix_kraken.rank import Rank, rank

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from helix_core import Clock
    from helix_kraken.counter import Counter

_COURTESY_S, _SILENCE_S = 0.5, 1.0
_SHORTEST_S = 0.001
"""A shorter wait may be over before the clock has moved."""


class Lane:
    """Signed requests go one at a time, because Kraken refuses one that arrives after a younger nonce.

    What matters more goes first, but not for ever behind the answer to something lesser: that is waited for half a
    second. A look waits for an order a second, as it may be that very order whose fate it asks for. Should two requests
    then change places on their way, the older one is refused, and Kraken says so.
    """

    def __init__(self, clock: Clock, counter: Counter) -> None:
        """Start with nothing under way."""
        self._clock, self._counter = clock, counter
        self._turns = {each: asyncio.Lock() for each in Rank}
        self._wanted = dict.fromkeys(Rank, 0)
        self._sent_at_s: dict[Rank, float] = {}
        self._changed = asyncio.Event()
        self._nonce = 0
        self.ordered_at_s = -math.inf
        """When the last order or cancel began or ended: what was seen before may be true no longer."""

    @property
    def ordering(self) -> bool:
        """Whether an order or a cancel is under way."""
        return self._wanted[Rank.ORDER] > 0

    def nonce(self) -> int:
        """Unix time in ms, but always more than the last one.

        Milliseconds, because a key that was once used with a finer unit can never go back to a coarser one.
        """
        self._nonce = max(int(self._clock.now().timestamp() * 1000), self._nonce + 1)
        return self._nonce

    @asynccontextmanager
    async def turn(self, path: str, *, signed: bool, order: bool) -> AsyncIterator[None]:
        """Hold the turn of one request. Public requests need none. Raises RateLimited as the counter does."""
        if not signed:
            yield
            return
        if not order:
            await self._counter.spend(path)
            async with self._turn(rank()):
                yield
            return
        self.ordered_at_s = self._clock.monotonic()
        try:
            async with self._turn(Rank.ORDER):
                yield
        finally:
            self.ordered_at_s = self._clock.monotonic()

    @asynccontextmanager
    async def _turn(self, own: Rank) -> AsyncIterator[None]:
        self._wanted[own] += 1
        try:
            async with self._turns[own]:
                await self._clear(own)
                self._sent_at_s[own] = self._clock.monotonic()
                try:
                    yield
                finally:
                    del self._sent_at_s[own]
        finally:
            self._wanted[own] -= 1
            self._changed.set()
            self._changed = asyncio.Event()

    async def _clear(self, own: Rank) -> None:
        while (wait_s := self._wait_s(own)) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(max(wait_s, _SHORTEST_S) if wait_s < math.inf else None):
                    await self._changed.wait()

    def _wait_s(self, own: Rank) -> float:
        """How long to wait for requests of other ranks, unless one of them ends before."""
        wait_s = 0.0
        for other in Rank:
            if other is own or not self._wanted[other]:
                continue
            if other in self._sent_at_s:
                passed_s = self._clock.monotonic() - self._sent_at_s[other]
                wait_s = max(wait_s, _patience_s(own, other) - passed_s)
            elif other < own:
                wait_s = math.inf
        return wait_s


def _patience_s(own: Rank, other: Rank) -> float:
    """How long after it left the answer to `other` is waited for."""
    if other > own:
        return _COURTESY_S
    return math.inf if own is Rank.POLL else _SILENCE_S
