"""The one lane of signed requests: nonces only grow, questions keep to Kraken's counter, orders overtake questions."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from helix_core import Clock
    from helix_kraken.counter import Counter

_COURTESY_S = 0.5


class Lane:
    """Signed requests go one at a time, because Kraken refuses one that arrives after a younger nonce.

    Questions wait for each other and for orders. An order waits for an earlier order, and for the answer to a question
    under way only half a second: its nonce is the younger one, so should the two change places, it is the question
    that is refused.
    """

    def __init__(self, clock: Clock, counter: Counter) -> None:
        """Start with nothing under way."""
        self._clock, self._counter = clock, counter
        self._order, self._question = asyncio.Lock(), asyncio.Lock()
        self._orders = 0
        self._no_order, self._no_question = asyncio.Event(), asyncio.Event()
        self._no_order.set()
        self._no_question.set()
        self._nonce = 0

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
        elif order:
            async with self._order_turn():
                yield
        else:
            await self._counter.spend(path)
            async with self._question_turn():
                yield

    @asynccontextmanager
    async def _order_turn(self) -> AsyncIterator[None]:
        self._orders += 1
        self._no_order.clear()
        try:
            async with self._order:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_COURTESY_S):
                        await self._no_question.wait()
                yield
        finally:
            self._orders -= 1
            if not self._orders:
                self._no_order.set()

    @asynccontextmanager
    async def _question_turn(self) -> AsyncIterator[None]:
        async with self._question:
            while self._orders:
                await self._no_order.wait()
            self._no_question.clear()
            try:
                yield
            finally:
                self._no_question.set()
