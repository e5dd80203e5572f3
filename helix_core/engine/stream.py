"""The ear on the venue's stream of orders. It believes nothing it hears: it only says when to ask.

Everything works without it, by asking every second or so. With it a stop that filled is noticed within milliseconds.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NoReturn

import structlog

from helix_core.errors import AuthenticationFailed, HelixError, RateLimited

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from helix_core.contracts.exchange import ExchangeClient

log = structlog.get_logger(__name__)

_AGAIN_AFTER_S = (1.0, 2.0, 5.0, 10.0, 30.0)
_STEADY_S = 60.0
"""A connection that lasted so long was a good one: the next failure is the first of a new series."""
_BURST_S = 0.2
"""One order makes several events within milliseconds, and a venue that counts questions shall not be asked for each."""


class OrderStream:
    """Listens for as long as the bot lives. Cancel `run` to end it."""

    def __init__(
        self, client: ExchangeClient, symbol: str, *, hint: Callable[[], None], reconciled: Callable[[], None]
    ) -> None:
        """`hint` is called when something may have changed: at once on news, again at the end of a burst of it.

        `reconciled` is called when the stream is back after a gap, in which anything may have happened.
        """
        self._client, self._symbol, self._hint, self._reconciled = client, symbol, hint, reconciled
        self._was_up = False
        self._up_since_s: float | None = None
        self._hinted_at_s = -math.inf
        self._later: asyncio.TimerHandle | None = None

    @property
    def up(self) -> bool:
        """Whether the venue has confirmed a subscription that has not ended since."""
        return self._up_since_s is not None

    async def run(self) -> NoReturn:
        """Listen, and begin again after every end. Never raises; where there is nothing to hear it sleeps."""
        tries = 0
        while self._client.capabilities.streams:
            problem, up_for_s = await self._listen()
            if isinstance(problem, AuthenticationFailed):
                log.warning("stream_not_allowed", problem=str(problem), instead="asking goes on")
                break
            if up_for_s >= _STEADY_S:
                tries = 0
            if up_for_s > 0 or tries == 0:
                log.warning("stream_down", problem=_words(problem))
            await asyncio.sleep(_pause_s(tries, problem))
            tries += 1
        await asyncio.Event().wait()
        raise AssertionError

    async def _listen(self) -> tuple[Exception, float]:
        """Listen to one connection. Returns what ended it, and how many seconds it was up."""
        try:
            await self._hear()
        except Exception as error:  # noqa: BLE001 - a driver's mistake must not stop a bot that can do without
            problem = error
        finally:
            since_s, self._up_since_s = self._up_since_s, None
            self._silence()
        up_for_s = 0.0 if since_s is None else asyncio.get_running_loop().time() - since_s
        return problem, up_for_s

    async def _hear(self) -> NoReturn:
        events = self._client.order_events(self._symbol)
        async with _closed(events):
            async for event in events:
                if event is None:
                    self._confirmed()
                else:
                    self._news()
        message = "the stream ended without a word"
        raise EOFError(message)

    def _confirmed(self) -> None:
        self._up_since_s = asyncio.get_running_loop().time()
        log.info("stream_up", again=self._was_up)
        self._hint()
        if self._was_up:
            self._reconciled()
        self._was_up = True

    def _news(self) -> None:
        """Hint at the first event of a burst at once, and once more when it is over."""
        loop = asyncio.get_running_loop()
        if self._later is not None:
            return
        wait_s = self._hinted_at_s + _BURST_S - loop.time()
        if wait_s > 0:
            self._later = loop.call_later(wait_s, self._hint_now)
        else:
            self._hint_now()

    def _hint_now(self) -> None:
        self._later = None
        self._hinted_at_s = asyncio.get_running_loop().time()
        self._hint()

    def _silence(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None


@asynccontextmanager
async def _closed(events: AsyncIterator[object]) -> AsyncIterator[None]:
    """Close the connection behind `events` at the end of the block, not when somebody collects the garbage."""
    try:
        yield
    finally:
        close = getattr(events, "aclose", None)
        if close is not None:
            await close()


def _pause_s(tries: int, problem: Exception) -> float:
    pause_s = _AGAIN_AFTER_S[min(tries, len(_AGAIN_AFTER_S) - 1)]
    asked_for_s = problem.retry_after_s if isinstance(problem, RateLimited) else None
    return pause_s if asked_for_s is None else max(pause_s, asked_for_s)


def _words(problem: Exception) -> str:
    """What may be logged: Helix's own errors hold no secret, others might."""
    return str(problem) if isinstance(problem, HelixError) else type(problem).__name__
