"""Warm state: what the venue last said, with an age on everything.

Pollers keep it fresh, so that the way from a signal to its order needs no question to the venue. What is too old when
it is needed is asked for once, everything in parallel; what is still unknown then stays unknown.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import structlog

from helix_core.errors import AuthenticationFailed, DataMissing, ExchangeError, RateLimited

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from helix_core.clock import Clock
    from helix_core.contracts.exchange import ExchangeClient
    from helix_core.domain.market import Balances, Instrument, Ticker

log = structlog.get_logger(__name__)

Value = TypeVar("Value")
_ASK_TIMEOUT_S = 6.0
_POLLS_IN_AN_AGE = 3
_TICKER_POLL_S = 1.5
_AFTER_A_PROBLEM_S = 5.0
_WORTH_WAITING_S = 8.0


class Aged(Generic[Value]):
    """One value the venue is asked for, usable until it is `max_age_s` old."""

    def __init__(self, name: str, ask: Callable[[], Awaitable[Value]], clock: Clock, max_age_s: float) -> None:
        """Start without a value: unknown until the venue has answered."""
        self.name, self.problem = name, "not asked yet"
        self._ask, self._clock, self._max_age_s = ask, clock, max_age_s
        self.limited: RateLimited | None = None
        self.key_refusals = 0
        """How many of the venue's last answers, one after the other, refused the key."""
        self._value: Value | None = None
        self._asked_at = self._answered_at = -math.inf
        self._epoch = 0

    @property
    def age_s(self) -> float:
        """Seconds since the question behind the value was asked; infinite while there is none."""
        return self._clock.monotonic() - self._asked_at

    @property
    def fresh(self) -> Value | None:
        """The value, or None when there is none or it is too old."""
        return self._value if self.age_s <= self._max_age_s else None

    @property
    def trouble(self) -> str | None:
        """What is wrong with the venue's answers to this question; None while they come in time."""
        if self.problem:
            return f"{self.name}: {self.problem}"
        silence_s = self._clock.monotonic() - self._answered_at
        return f"{self.name}: no answer for {silence_s:.0f} s" if silence_s > self._max_age_s else None

    @property
    def latest(self) -> Value | None:
        """The value, however old."""
        return self._value

    def forget(self) -> None:
        """The value is no longer true (we have just changed it); an answer still under way does not count either."""
        self._asked_at = -math.inf
        self._epoch += 1

    async def refresh(self) -> None:
        """Ask the venue once. A failure is kept in `problem`, and the old value goes on ageing."""
        asked_at, epoch = self._clock.monotonic(), self._epoch
        try:
            async with asyncio.timeout(_ASK_TIMEOUT_S):
                value = await self._ask()
        except (ExchangeError, DataMissing, ValueError) as error:
            if isinstance(error, RateLimited) and self.fresh is not None:
                return  # held back, which is no sign of ill health: the value is young enough
            self.limited = error if isinstance(error, RateLimited) else None
            self.key_refusals = self.key_refusals + 1 if isinstance(error, AuthenticationFailed) else 0
            self._failed(str(error))
        except TimeoutError:
            self._failed(f"no answer within {_ASK_TIMEOUT_S:g} s")
        else:
            if self.problem and self.latest is not None:
                log.info("venue_answers_again", question=self.name)
            self._answered_at, self.problem = asked_at, ""
            self.limited, self.key_refusals = None, 0
            if epoch == self._epoch:
                self._value, self._asked_at = value, asked_at

    async def look(self) -> Value | None:
        """Ask the venue once and keep nothing; None where it does not tell."""
        try:
            async with asyncio.timeout(_ASK_TIMEOUT_S):
                return await self._ask()
        except (ExchangeError, DataMissing, ValueError, TimeoutError):
            return None

    def _failed(self, problem: str) -> None:
        """Keep the problem; the log is told when it begins, not every second while it lasts."""
        if not self.problem or self.latest is None:
            log.warning("venue_question_failed", question=self.name, problem=problem)
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketView:
    """One look at the warm state: only what is fresh, and what is wrong with the venue, if anything."""

    ticker: Ticker | None
    balances: Balances | None
    instrument: Instrument | None
    problem: str | None


class Market:
    """The warm state of one symbol on one account."""

    def __init__(self, client: ExchangeClient, symbol: str, clock: Clock) -> None:
        """Know nothing until the venue has been asked. What misses three polls in a row is too old."""
        self.symbol, balance_poll_s = symbol, client.capabilities.balance_poll_s
        self.ticker: Aged[Ticker] = Aged(
            "ticker", lambda: client.get_ticker(symbol), clock, max_age_s=_POLLS_IN_AN_AGE * _TICKER_POLL_S
        )
        self.balances: Aged[Balances] = Aged(
            "balance", client.get_balance, clock, max_age_s=_POLLS_IN_AN_AGE * balance_poll_s
        )
        self.instrument: Aged[Instrument] = Aged(
            "instrument", lambda: client.instrument(symbol), clock, max_age_s=3600.0
        )
        self._polls = ((self.ticker, _TICKER_POLL_S), (self.balances, balance_poll_s), (self.instrument, 600))

    async def view(self, symbol: str) -> MarketView:
        """What is known of `symbol` now, asking the venue in parallel for what is too old.

        It is asked once, and once more where it counts questions and names a short pause: a signal is worth the wait.
        """
        if symbol != self.symbol:
            return MarketView(ticker=None, balances=self.balances.fresh, instrument=None, problem=self.problem())
        await self._refresh_stale()
        pause_s = None if self.limited is None else self.limited.retry_after_s
        if pause_s is not None and pause_s <= _WORTH_WAITING_S:
            await asyncio.sleep(pause_s)
            await self._refresh_stale()
        return self.peek()

    async def _refresh_stale(self) -> None:
        stale = [aged for aged, _ in self._polls if aged.fresh is None or aged.problem]
        if stale:
            await asyncio.gather(*(aged.refresh() for aged in stale))

    def peek(self) -> MarketView:
        """What is known now, without asking."""
        return MarketView(
            ticker=self.ticker.fresh,
            balances=self.balances.fresh,
            instrument=self.instrument.fresh,
            problem=self.problem(),
        )

    def problem(self) -> str | None:
        """Why the venue is not healthy right now, question by question; None when it is."""
        return "; ".join(aged.trouble for aged, _ in self._polls if aged.trouble) or None

    @property
    def limited(self) -> RateLimited | None:
        """The longest pause that was asked for when the questions were last put, if one was."""
        pauses = [aged.limited for aged, _ in self._polls if aged.limited]
        return max(pauses, key=_pause_s, default=None)

    def rules(self) -> Instrument:
        """The instrument as last read, however old: for rounding what is already held. Raises DataMissing."""
        if self.instrument.latest is None:
            raise DataMissing(f"the market {self.symbol} has never been read")
        return self.instrument.latest

    async def run(self) -> None:
        """Keep everything fresh until cancelled."""
        async with asyncio.TaskGroup() as group:
            for aged, period_s in self._polls:
                group.create_task(_poll(aged, period_s))


def _pause_s(limited: RateLimited) -> float:
    return limited.retry_after_s or 0


async def _poll(aged: Aged[Any], period_s: float) -> None:
    if aged.fresh is not None:
        await asyncio.sleep(period_s)
    while True:
        await aged.refresh()
        await asyncio.sleep(min(period_s, _AFTER_A_PROBLEM_S) if aged.problem else period_s)
