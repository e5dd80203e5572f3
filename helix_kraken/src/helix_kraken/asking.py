"""Asking where questions are counted: who asks waits for room, and takes what somebody else has asked meanwhile."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from helix_core import AuthenticationFailed, ExchangeUnavailable, RateLimited
from helix_core.ccxt import QuestionRefused
from helix_kraken.counter import HISTORY_COST
from helix_kraken.rank import Rank, rank

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from helix_core import Clock
    from helix_core.ccxt import Line
    from helix_kraken.counter import Counter

T = TypeVar("T")

_PATIENCE_S, _POLL_PATIENCE_S, _LIST_PATIENCE_S = 25.0, 4.0, 40.0
"""An order's fate is worth waiting for. Who polls is better told soon: the core keeps what it knows, and asks again."""
_LONGEST_PAUSE_S = 3.5


class Memo(Generic[T]):
    """One question's last answer, and when the question left: who wanted to ask before that learns as much from it.

    Of several who want it at the same rank one asks, while the others wait for their `turns`.
    """

    def __init__(self) -> None:
        """Know no answer yet."""
        self.turns = {each: asyncio.Lock() for each in Rank}
        self.left_at_s = -math.inf
        self._value: list[T] = []

    def keep(self, value: T, left_at_s: float) -> T:
        """Keep what was answered."""
        self._value, self.left_at_s = [value], left_at_s
        return value

    def since(self, wanted_at_s: float) -> list[T]:
        """The answer to a question that left then or later; nothing where there is none."""
        return self._value if self.left_at_s >= wanted_at_s else []


class Asking:
    """Puts questions over `line` once the `counter` has room for them."""

    def __init__(self, line: Line, counter: Counter, clock: Clock) -> None:
        """Ask nothing yet."""
        self._line, self._counter, self._clock = line, counter, clock

    async def ask(
        self,
        question: Callable[[Any], Awaitable[T]],
        cost: float = 1,
        memo: Memo[T] | None = None,
        serves: Callable[[T], bool] = lambda _: True,
    ) -> T:
        """Put `question`, or take the answer in `memo` that `serves` and was asked for since. Raises as `line` does.

        The wait is no part of the question's bound. A look also waits for the end of a short pause that Kraken has
        asked for, and is put once more.
        """
        wanted_at_s, tries = self._clock.monotonic(), 1 if rank() is Rank.POLL else 2
        memo = memo or Memo()
        async with memo.turns[rank()]:
            while True:
                if not any(map(serves, memo.since(wanted_at_s))):
                    await self._counter.room(cost, _patience_s(cost))
                for known in filter(serves, memo.since(wanted_at_s)):
                    return known
                left_at_s, tries = self._clock.monotonic(), tries - 1
                try:
                    value = await self._line.ask(question)
                    self._counter.answered(well=True)
                    return memo.keep(value, left_at_s)
                except RateLimited as limited:
                    pause_s = limited.retry_after_s
                    if not tries or pause_s is None or pause_s > _LONGEST_PAUSE_S:
                        raise
                except (ExchangeUnavailable, AuthenticationFailed) as error:
                    self._counter.answered(well=isinstance(error, QuestionRefused))
                    raise
                await asyncio.sleep(pause_s)


def _patience_s(cost: float) -> float:
    if rank() is not Rank.POLL:
        return _PATIENCE_S
    return _LIST_PATIENCE_S if cost >= HISTORY_COST else _POLL_PATIENCE_S
