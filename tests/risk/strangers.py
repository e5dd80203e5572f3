"""Third parties' risk checks that do everything a check can do, most of it wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from helix_core import DataMissing, RiskCheck, RiskDecision, Verdict
from tests.waiting_loop import WaitingLoop

if TYPE_CHECKING:
    from helix_core import OrderIntent, RiskContext

Answer = Callable[[RiskCheck], Awaitable[Any]]

TIMEOUT_S = 0.1


class Stranger(RiskCheck):
    """A third party's check that does whatever a test wants."""

    name = "stranger"

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked = 0

    async def check(self, intent: OrderIntent, context: RiskContext) -> RiskDecision:
        self.asked += 1
        return await self.answer(self)


class ExitStranger(Stranger):
    """One that judges exits as well."""

    name = "exit_stranger"
    judges_exits = True


async def allows(check: RiskCheck) -> RiskDecision:
    return check.allow("fine")


async def denies(check: RiskCheck) -> RiskDecision:
    return check.deny("spread_too_wide", "the spread is 2 %", measured=2, limit=1)


async def answers_none(_check: RiskCheck) -> None:
    return None


async def answers_true(_check: RiskCheck) -> bool:
    return True


async def answers_the_word(_check: RiskCheck) -> str:
    return "allow"


async def answers_the_verdict_alone(_check: RiskCheck) -> Verdict:
    return Verdict.ALLOW


async def answers_for_another(check: RiskCheck) -> RiskDecision:
    return replace(check.allow("fine"), check="max_positions")


async def answers_a_subclass(check: RiskCheck) -> RiskDecision:
    class Forged(RiskDecision):
        pass

    return Forged(check=check.name, verdict=Verdict.ALLOW, reason="ok", detail="")


async def forges_the_verdict(check: RiskCheck) -> RiskDecision:
    return RiskDecision(check=check.name, verdict="allow", reason="ok", detail="")  # type: ignore[arg-type]


async def forges_a_reason(check: RiskCheck) -> RiskDecision:
    return RiskDecision(check=check.name, verdict=Verdict.ALLOW, reason=["ok"], detail="")  # type: ignore[arg-type]


async def forges_an_empty_decision(_check: RiskCheck) -> RiskDecision:
    return object.__new__(RiskDecision)


async def changes_its_failure_to_an_allow(check: RiskCheck) -> RiskDecision:
    decision = replace(check.deny("no", ""), failed=True)
    object.__setattr__(decision, "verdict", Verdict.ALLOW)
    return decision


async def raises(_check: RiskCheck) -> None:
    message = "key SECRET-IN-A-STRANGERS-TEXT"
    raise RuntimeError(message)


async def lacks_data(_check: RiskCheck) -> None:
    message = "the funding rate is not known right now"
    raise DataMissing(message)


async def cancels_itself(_check: RiskCheck) -> None:
    raise asyncio.CancelledError


async def exits_the_program(_check: RiskCheck) -> None:
    raise SystemExit(1)


async def interrupts_the_program(_check: RiskCheck) -> None:
    raise KeyboardInterrupt


async def raises_a_base_exception(_check: RiskCheck) -> None:
    raise BaseException  # noqa: TRY002 - the point of this one


async def hangs(_check: RiskCheck) -> None:
    await asyncio.sleep(60)


async def blocks_everything(check: RiskCheck) -> RiskDecision:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, WaitingLoop)
    loop.work_for(1.5 * TIMEOUT_S)
    return check.allow("fine, but late")


FAILURES: dict[Answer, str] = {
    answers_none: "it answered NoneType instead of a decision",
    answers_true: "it answered bool instead of a decision",
    answers_the_word: "it answered str instead of a decision",
    answers_the_verdict_alone: "it answered Verdict instead of a decision",
    answers_a_subclass: "it answered Forged instead of a decision",
    answers_for_another: "it answered in another check's name",
    forges_the_verdict: "its decision is malformed",
    forges_a_reason: "its decision is malformed",
    forges_an_empty_decision: "AttributeError",
    changes_its_failure_to_an_allow: "ValueError",
    raises: "RuntimeError",
    lacks_data: "the funding rate is not known right now",
    cancels_itself: "it gave up by itself",
    exits_the_program: "it tried to end the program",
    interrupts_the_program: "it tried to end the program",
    raises_a_base_exception: "BaseException",
    hangs: "it gave no answer within 0.1 s",
    blocks_everything: "it took longer than 0.1 s",
}
"""Everything a check can do wrong, and what the owner is told of it."""
