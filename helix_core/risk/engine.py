"""The risk engine: asks every check at once and takes nothing but an explicit ALLOW for one."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from helix_core.contracts.risk import RiskCheck
from helix_core.domain.risk import ENTRY_GATES, EXIT_GATES, RiskDecision, RiskReport, Verdict
from helix_core.errors import HelixError, PluginError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from helix_core.contracts.risk import RiskContext
    from helix_core.domain.order import OrderIntent

_TIMEOUT_S = 1.0

logger = logging.getLogger(__name__)


class RiskEngine:
    """All checks of one bot. Whatever goes wrong with a check, the answer is a denial with its name on it.

    Deliberately not done here: no retry (a verdict is about now), no order of checks (each sees the same snapshot),
    no switch to leave one out.
    """

    def __init__(self, checks: Sequence[RiskCheck], timeout_s: float = _TIMEOUT_S) -> None:
        """Take the seven gates and any further checks.

        Raises PluginError when a gate is missing or judges what it must not, when a name is taken twice, or when
        something is not a risk check.
        """
        self._checks = _in_order(checks)
        self._judges_exits = {name for name, check in self._checks.items() if check.judges_exits}
        _refuse_wrong_exit_gates(self._judges_exits)
        self._timeout_s = timeout_s
        self._strays: dict[str, asyncio.Task[RiskDecision]] = {}

    async def judge(self, intent: OrderIntent, context: RiskContext, *, exit_: bool) -> RiskReport:
        """Ask every check (for an exit: those that judge exits) and report all verdicts, the seven gates first.

        Takes `timeout_s` at most. Never raises for what a check does; a cancellation of the caller passes through.
        """
        asked = tuple(name for name in self._checks if name in self._judges_exits or not exit_)
        tasks = await self._ask_all(asked, intent, context)
        decisions = tuple(self._verdict(name, tasks.get(name)) for name in asked)
        return RiskReport(intent=intent, required=asked, decisions=decisions)

    async def _ask_all(
        self, names: Iterable[str], intent: OrderIntent, context: RiskContext
    ) -> Mapping[str, asyncio.Task[RiskDecision]]:
        """One task for each check, so that none can delay, break or cancel another; none outlives its second."""
        loop = asyncio.get_running_loop()
        self._strays = {name: task for name, task in self._strays.items() if not task.done()}
        tasks = {
            name: loop.create_task(self._ask(name, intent, context), name=f"risk check {name}")
            for name in names
            if name not in self._strays
        }
        try:
            if tasks:
                await asyncio.wait(tasks.values(), timeout=self._timeout_s)
        finally:
            late = {name: task for name, task in tasks.items() if not task.done()}
            for task in late.values():
                task.cancel()
            self._strays.update(late)
        return tasks

    async def _ask(self, name: str, intent: OrderIntent, context: RiskContext) -> RiskDecision:
        """Ask one check. Raises _NoVerdict, or whatever the check raised."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout_s
        try:
            answer = await self._checks[name].check(intent, context)
        except (KeyboardInterrupt, SystemExit) as error:
            message = "it tried to end the program"
            raise _NoVerdict(message) from error
        except HelixError as error:
            raise _NoVerdict(str(error)) from error
        if loop.time() > deadline:  # it held up the whole program, so nobody could interrupt it
            message = f"it took longer than {self._timeout_s:g} s"
            raise _NoVerdict(message)
        return _honest(name, answer)

    def _verdict(self, name: str, task: asyncio.Task[RiskDecision] | None) -> RiskDecision:
        """What became of one question; anything but an honest answer is a failed denial."""
        if task is None:
            return _failed(name, "it is still busy with an earlier question")
        if not task.done():
            return _failed(name, f"it gave no answer within {self._timeout_s:g} s")
        if task.cancelled():
            return _failed(name, "it gave up by itself")
        error = task.exception()
        return task.result() if error is None else _failed(name, _in_short(error), error)


class _NoVerdict(HelixError):
    """A check's answer is no verdict; the text says what it was instead."""


def _in_order(checks: Sequence[RiskCheck]) -> dict[str, RiskCheck]:
    """Checks by name: the seven gates in their order, then the others by name."""
    strangers = [type(check).__name__ for check in checks if not (isinstance(check, RiskCheck) and _has_name(check))]
    if strangers:
        message = f"not a risk check: {', '.join(strangers)}. Return objects of RiskCheck subclasses with a name."
        raise PluginError(message)
    names = [check.name for check in checks]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        message = (
            f"more than one risk check is called {', '.join(twice)}. A gate cannot be replaced: rename the others."
        )
        raise PluginError(message)
    missing = [name for name in ENTRY_GATES if name not in names]
    if missing:
        message = f"risk gates are missing: {', '.join(missing)}. Helix trades with all seven or not at all."
        raise PluginError(message)
    by_name = {check.name: check for check in checks}
    return {name: by_name[name] for name in (*ENTRY_GATES, *sorted(set(names) - set(ENTRY_GATES)))}


def _has_name(check: RiskCheck) -> bool:
    name = getattr(check, "name", None)
    return isinstance(name, str) and bool(name)


def _refuse_wrong_exit_gates(judging: set[str]) -> None:
    """A loss limit that judged exits would lock a loss in; a gate that must judge them may not look away."""
    wrong = sorted((judging & set(ENTRY_GATES)) ^ set(EXIT_GATES))
    if wrong:
        message = f"of the seven gates exactly {', '.join(EXIT_GATES)} judge exits; wrong: {', '.join(wrong)}"
        raise PluginError(message)


def _honest(name: str, answer: object) -> RiskDecision:
    """Return a fresh copy of a decision that is what it claims to be. Raises _NoVerdict otherwise."""
    if type(answer) is not RiskDecision:
        message = f"it answered {type(answer).__name__} instead of a decision"
        raise _NoVerdict(message)
    if answer.check != name:
        message = "it answered in another check's name"
        raise _NoVerdict(message)
    texts = (answer.reason, answer.detail, answer.measured or "", answer.limit or "")
    if not any(answer.verdict is verdict for verdict in Verdict) or not all(isinstance(text, str) for text in texts):
        message = "its decision is malformed"
        raise _NoVerdict(message)
    return replace(answer)


def _in_short(error: BaseException) -> str:
    """The problem in the owner's words. A stranger's text may hold a secret: only its type is told."""
    return str(error) if isinstance(error, _NoVerdict) else type(error).__name__


def _failed(name: str, problem: str, error: BaseException | None = None) -> RiskDecision:
    logger.error("risk check %s failed: %s", name, problem, exc_info=error)
    detail = f"{name}: {problem}"
    return RiskDecision(check=name, verdict=Verdict.DENY, reason="check_failed", detail=detail, failed=True)
