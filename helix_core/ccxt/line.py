"""The line to one venue: sends questions and orders, and says in Helix's own errors what became of them.

A question may be repeated a little; an order is sent once and ends in one of three ways. Both are judged by the
evidence the call left, never by the type of an exception. Errors are raised outside `except` blocks, so that no
library's exception, with an address or a body in it, hangs on to them.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import ccxt  # type: ignore[import-untyped]

from helix_core.ccxt.evidence import CALL, Answer, Call
from helix_core.ccxt.pace import Pace
from helix_core.ccxt.ruling import Meaning, Ruling
from helix_core.errors import (
    AuthenticationFailed,
    DataMissing,
    ExchangeError,
    ExchangeUnavailable,
    HelixError,
    InvariantBroken,
    OrderOutcomeUnknown,
    OrderRefused,
    RateLimited,
    StopWouldTrigger,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from helix_core.clock import Clock

T = TypeVar("T")

_REPEAT_AFTER_S = (0.2, 0.5)
_THROTTLING = {418, 429}
_WORTH_REPEATING = {2, 5}
_SHORTEST_SECRET = 6
_LONGEST_WORDS = 200
_TOKEN = re.compile(r"[\w+/%=&.-]{48,}", re.ASCII)
"""Longer than any word or order id: a key, a signature or a whole signed query that the venue quotes back."""


class QuestionRefused(ExchangeUnavailable):
    """The venue answered that it will not answer this question; asking again is useless."""

    def __init__(self, text: str, ruling: Ruling) -> None:
        """Keep the ruling: a driver may know what this refusal means."""
        super().__init__(text)
        self.ruling = ruling


class NoSuchOrder(OrderOutcomeUnknown):
    """A cancel was answered with "no such order": it is final, or never was. Look it up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long things may take. A question's bound includes its wait for a turn and its repetitions.

    Venues need 10 s to answer that they could not finish an order; listening for less loses that answer. After
    `hedge_after_s` of silence a question is put again beside the first (None: never), because a request that is lost
    without a sound must not blind Helix until the time-out.
    """

    order_timeout_s: float = 20.0
    question_timeout_s: float = 5.0
    question_interval_s: float = 0.05
    hedge_after_s: float | None = 1.0


@dataclass(frozen=True, slots=True)
class _Fault:
    error: Exception


class Line:
    """`venue` is the ccxt exchange, None while not connected. `rule` reads an answer that is not a plain success."""

    def __init__(
        self, label: str, clock: Clock, rule: Callable[[Answer], Ruling], bounds: Bounds, secrets: tuple[str, ...]
    ) -> None:
        """`secrets` are cut out of anything the venue says."""
        self.venue: Any = None
        self.set_clock: Callable[[], Awaitable[object]] | None = None
        self._label, self._rule, self._bounds = label, rule, bounds
        self._secrets = [secret for secret in secrets if len(secret) >= _SHORTEST_SECRET]
        self._pace = Pace(clock, bounds.question_interval_s)

    async def ask(self, question: Callable[[Any], Awaitable[T]], *, mend_clock: bool = True) -> T:
        """Put `question` to the venue, at most three times.

        Raises what the contract says of questions; QuestionRefused where the venue itself declined it.
        """
        outcome: T | HelixError
        try:
            async with asyncio.timeout(self._bounds.question_timeout_s):
                outcome = await self._hedged(question, mend_clock=mend_clock)
        except TimeoutError:
            late_s = f"{self._bounds.question_timeout_s:g}"
            outcome = ExchangeUnavailable(f"ccxt.RequestTimeout — no answer within {late_s} s")
        if isinstance(outcome, HelixError):
            raise outcome
        return outcome

    async def order(self, send: Callable[[Any], Awaitable[T]]) -> T:
        """Send one order or cancel, once. Raises OrderRefused or OrderOutcomeUnknown (NoSuchOrder)."""
        call = Call(order=True)
        try:
            async with asyncio.timeout(self._bounds.order_timeout_s):
                outcome = await self._attempt(call, send)
        except TimeoutError:
            outcome = _Fault(ccxt.RequestTimeout(f"no answer within {self._bounds.order_timeout_s:g} s"))
        if not isinstance(outcome, _Fault):
            return outcome
        raise await self._order_error(call, outcome.error)

    async def refusal(self, answer: Answer, *, mend_clock: bool = True, sent: tuple[str, ...] = ()) -> HelixError:
        """Give the error for a question that was answered so; none of the texts `sent` with it is quoted."""
        ruling = self._ruled(answer)
        if ruling.meaning is Meaning.CLOCK and mend_clock:
            await self._mend_clock()
        for secret in sent:
            ruling = replace(ruling, words=ruling.words.replace(secret, "***"))
        return _of_question(ruling, answer, self._text(ruling, answer))

    async def _hedged(self, question: Callable[[Any], Awaitable[T]], *, mend_clock: bool) -> T | HelixError:
        """Ask; while the venue keeps silent ask again beside it, and take what is answered first."""
        asked: list[asyncio.Task[T | HelixError]] = []
        async with asyncio.TaskGroup() as group:
            while not any(task.done() for task in asked):
                asked.append(group.create_task(self._outcome(question, mend_clock=mend_clock)))
                await asyncio.wait(asked, timeout=self._bounds.hedge_after_s, return_when=asyncio.FIRST_COMPLETED)
            for task in asked:
                task.cancel()
        return next(task.result() for task in asked if not task.cancelled())

    async def _outcome(self, question: Callable[[Any], Awaitable[T]], *, mend_clock: bool) -> T | HelixError:
        try:
            return await self._insist(question, mend_clock=mend_clock)
        except HelixError as error:
            return error

    async def _insist(self, question: Callable[[Any], Awaitable[T]], *, mend_clock: bool) -> T:
        for pause_s in (*_REPEAT_AFTER_S, None):
            await self._pace.turn()
            call = Call(order=False)
            outcome = await self._attempt(call, question)
            if not isinstance(outcome, _Fault):
                return outcome
            error = await self._question_error(call, outcome.error, mend_clock=mend_clock)
            # Only the bare class is worth repeating: its subclasses say why asking again is useless.
            if pause_s is None or type(error) is not ExchangeUnavailable:
                raise error
            await asyncio.sleep(pause_s)
        message = "a question ends in the loop above"
        raise InvariantBroken(message)

    async def _attempt(self, call: Call, act: Callable[[Any], Awaitable[T]]) -> T | _Fault:
        if self.venue is None:
            return _Fault(ExchangeUnavailable(f"not connected to {self._label}"))
        token = CALL.set(call)
        try:
            return await act(self.venue)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the evidence on the call decides
            return _Fault(error)
        finally:
            CALL.reset(token)

    async def _question_error(self, call: Call, fault: Exception, *, mend_clock: bool) -> HelixError:
        if isinstance(fault, HelixError):
            return fault
        if call.answer is None:
            return self._unasked(call, fault)
        return await self.refusal(call.answer, mend_clock=mend_clock)

    def _unasked(self, call: Call, fault: Exception) -> HelixError:
        text = self._fault_text(fault)
        if call.left or isinstance(fault, ccxt.NetworkError):
            return ExchangeUnavailable(text)
        if isinstance(fault, ccxt.AuthenticationError):
            return AuthenticationFailed(text)
        return DataMissing(text) if isinstance(fault, ccxt.BadSymbol) else ExchangeUnavailable(text)

    async def _order_error(self, call: Call, fault: Exception) -> ExchangeError:
        if not call.left:
            text = f"nothing was sent to {self._label}: {self._fault_text(fault)}"
            return OrderRefused(text, transient=isinstance(fault, ccxt.NetworkError))
        if call.answer is None:
            return OrderOutcomeUnknown(self._fault_text(fault))
        ruling = self._ruled(call.answer)
        if ruling.meaning is Meaning.CLOCK:
            await self._mend_clock()
        text = self._text(ruling, call.answer)
        if isinstance(fault, HelixError):
            text = f"{self._label} answered HTTP {call.answer.status}, but {self._fault_text(fault)}"
        return _of_order(ruling, text)

    def _ruled(self, answer: Answer) -> Ruling:
        ruling = self._rule(answer)
        if answer.status in _THROTTLING or ruling.meaning is Meaning.THROTTLED or ruling.pause_s:
            self._pace.hush(_pause_s(ruling, answer))
        return ruling

    async def _mend_clock(self) -> None:
        # The refusal itself is what the caller must hear; a clock that cannot be set now is set at the next one.
        if self.set_clock is not None:
            with contextlib.suppress(ExchangeError, DataMissing):
                await self.set_clock()

    def _text(self, ruling: Ruling, answer: Answer) -> str:
        if ruling.code is None:
            reason = "too many requests" if ruling.meaning is Meaning.THROTTLED else "no words Helix can rely on"
            return f"{self._label} answered HTTP {answer.status}: {reason}"
        open_ended = ruling.meaning in {Meaning.UNKNOWN, Meaning.KEY_DOUBTED, Meaning.THROTTLED}
        said = f"{ruling.code} {self._clean(ruling.words)}".strip()
        return f"{self._label} answered: {said}" if open_ended else f"{self._label} refused: {said}"

    def _fault_text(self, fault: Exception) -> str:
        if isinstance(fault, HelixError):
            return self._clean(str(fault))
        if isinstance(fault, ccxt.BaseError):
            return f"ccxt.{type(fault).__name__} — {self._clean(str(fault))}"
        return f"the answer could not be read ({type(fault).__name__})"

    def _clean(self, words: str) -> str:
        words = _TOKEN.sub("***", words)
        for secret in self._secrets:
            words = words.replace(secret, "***")
        return "".join(letter if letter.isprintable() else " " for letter in words)[:_LONGEST_WORDS]


def _pause_s(ruling: Ruling, answer: Answer) -> float | None:
    """The venue's own figure, else what the driver knows."""
    return ruling.pause_s if answer.retry_after_s is None else answer.retry_after_s


def _of_question(ruling: Ruling, answer: Answer, text: str) -> HelixError:
    match ruling.meaning:
        case Meaning.THROTTLED | Meaning.HELD_OFF | Meaning.LOCKED_OUT:
            return RateLimited(text, _pause_s(ruling, answer))
        case Meaning.KEY_REFUSED | Meaning.KEY_DOUBTED:
            return AuthenticationFailed(text)
        case Meaning.NO_MARKET:
            return DataMissing(text)
        case Meaning.CLOCK:
            return ExchangeUnavailable(text)
        case Meaning.UNKNOWN if answer.status // 100 in _WORTH_REPEATING:
            return ExchangeUnavailable(text)
        case _:
            return QuestionRefused(text, ruling)


def _of_order(ruling: Ruling, text: str) -> ExchangeError:
    match ruling.meaning:
        case Meaning.REFUSED | Meaning.NO_MARKET | Meaning.KEY_REFUSED | Meaning.LOCKED_OUT:
            return OrderRefused(text, code=ruling.code)
        case Meaning.CLOCK | Meaning.HELD_OFF:
            return OrderRefused(text, code=ruling.code, transient=True)
        case Meaning.WOULD_TRIGGER:
            return StopWouldTrigger(text, code=ruling.code)
        case Meaning.ABSENT:
            return NoSuchOrder(text)
        case _:
            return OrderOutcomeUnknown(text)
