"""The owner's commands: heard once, answered, and where they change something committed before anybody acts on it."""

from __future__ import annotations

import asyncio
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import structlog

from helix_core.contracts.commands import Button, Reply
from helix_core.domain.halt import HaltKind
from helix_core.engine import breaker
from helix_core.engine.resume import resume
from helix_core.errors import StoreError
from helix_core.notify import answers, messages
from helix_core.store import flattening, halts, heard, trades

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlmodel.ext.asyncio.session import AsyncSession

    from helix_core.contracts.commands import Said
    from helix_core.engine.account import Account
    from helix_core.engine.survey import Survey
    from helix_core.engine.worker import Worker

log = structlog.get_logger(__name__)

MENU: Mapping[str, str] = MappingProxyType(
    {
        "status": "State, positions, result of the day",
        "balance": "What the account holds",
        "today": "Trades and result of the day",
        "stop": "Emergency: halt trading and close positions (asks first)",
        "resume": "End the halts that may be ended",
    }
)
_CONFIRM_S = 60
_PAUSES_S = (0.5, 0.5, 0.0)
"""A disk that was full may have room once the reserve is given up, and a /stop should not have to be sent twice."""

_LATE_S = 120
"""A command that changes something and was held up for longer is not carried out: the owner may think otherwise by now.

As long as a signal may take, and enough for two clocks that differ a little.
"""


class _Done(NamedTuple):
    """What was changed: the answer to that, if anything was, and whether the worker has something to sell now."""

    reply: Reply | None = None
    sell: bool = False


class Commands:
    """Hears what notifiers bring. Changes nothing at the venue: it stores what is wanted, and the worker acts on it.

    A command's number is committed together with what it changes. So a crash leaves both or neither: what comes again
    after it is carried out if it had not been, and never a second time.
    """

    def __init__(self, account: Account, *, survey: Survey, worker: Worker, told: Callable[[], None]) -> None:
        """Serve one bot. `told` is called when a message for the owner may have been stored."""
        self._store, self._clock, self._market = account.store, account.clock, account.market
        self._started_at = account.started_at
        self._survey, self._worker, self._told = survey, worker, told

    async def hear(self, medium: str, said: Said) -> Reply | None:
        """Carry out what the owner said by `medium`, and return the answer; None for what was heard before.

        Cancelling the caller does not undo it, nor leave it half done: the worker must learn of what is stored.
        """
        return await asyncio.shield(self._carry_out(medium, said))

    async def _carry_out(self, medium: str, said: Said) -> Reply | None:
        """As `hear`, in a task of its own."""
        for pause_s in _PAUSES_S:
            try:
                return await self._hear(medium, said)
            except StoreError as error:
                log.warning("command_not_stored", medium=medium, number=said.number, problem=str(error))
                problem = str(error)
            await asyncio.sleep(pause_s)
        return Reply(text=answers.not_stored(problem))

    async def _hear(self, medium: str, said: Said) -> Reply | None:
        """Try once. Raises StoreError; trying again is safe: nothing is carried out whose number is not stored."""
        name, *more = said.words.casefold().split() or [""]
        async with self._store.write() as session:
            if not await heard.take(session, medium, said.number):
                log.info("command_heard_before", medium=medium, number=said.number)
                return None
            log.info("command", medium=medium, number=said.number, command=name if name in MENU else "?")
            done = await self._change(session, medium, said, name, more)
        self._told()
        if done.sell:
            self._worker.flatten()  # not before the commit: what the worker looks for must be there
        return Reply(text=await self._tell(name)) if done.reply is None else done.reply

    async def _tell(self, name: str) -> str:
        """Answer a question."""
        questions = {"status": self._survey.status, "balance": self._survey.balance, "today": self._survey.today}
        if name not in questions:
            return answers.menu(MENU)
        try:
            return await questions[name]()
        except StoreError as error:
            return messages.failure(error)

    async def _change(self, session: AsyncSession, medium: str, said: Said, name: str, more: Sequence[str]) -> _Done:
        """Do what changes something, in the caller's transaction."""
        match name, *more:
            case ["stop"]:
                return _Done(await self._ask(session, medium, said))
            case ["stop", "confirm"] | ["stop", "confirm", _]:
                return await self._stop(session, medium, said, more[1] if more[1:] else None)
            case ["resume"]:
                return _Done(await self._resume(session, medium, said))
        return _Done()

    async def _ask(self, session: AsyncSession, medium: str, said: Said) -> Reply:
        """Ask once whether the owner means it. The question is stored: a restart in between does not lose it."""
        await heard.ask(session, medium, said.number, self._clock.now())
        text = answers.mean_it(held=self._survey.shown(await trades.open_trades(session)), seconds=_CONFIRM_S)
        return Reply(text=text, button=Button(label="Yes, stop now", words=f"stop confirm {said.number}"))

    async def _stop(self, session: AsyncSession, medium: str, said: Said, number: str | None) -> _Done:
        """Halt, and have everything sold. The halt is in force with this commit, before anything is sent."""
        now, who = self._clock.now(), f"/stop ({medium}, {said.by})"
        asked_at = await heard.take_question(session, medium, number)
        if asked_at is None or not 0 <= (now - asked_at).total_seconds() <= _CONFIRM_S:
            return _Done(Reply(text=answers.nothing_to_confirm(_CONFIRM_S)))
        in_force = await halts.active(session)
        mismatch = next((halt.detail for halt in in_force if halt.kind is HaltKind.RECONCILE), None)
        await breaker.halt(session, HaltKind.MANUAL, f"stopped by the owner, by {who}", now, by=who)
        if mismatch is None:
            await flattening.ask(session, self._market.symbol, who, now)
        log.warning("stop_confirmed", by=who, mismatch=mismatch)
        held = self._survey.shown(await trades.open_trades(session))
        return _Done(Reply(text=answers.stopping(held=held, mismatch=mismatch)), sell=mismatch is None)

    async def _resume(self, session: AsyncSession, medium: str, said: Said) -> Reply:
        now = self._clock.now()
        age_s = 0 if said.at is None else int((now - said.at).total_seconds())
        if age_s > _LATE_S:
            return Reply(text=answers.too_old(words="resume", age_s=age_s))
        resumed = await resume(session, f"/resume ({medium}, {said.by})", now)
        kinds = {halt.kind for halt, _ in resumed.left}
        waiting = any(
            halt.kind is HaltKind.DRAWDOWN and halt.kind not in kinds
            for halt in await halts.in_force(session, self._started_at)
        )
        return Reply(text=answers.resumed(resumed.ended, resumed.left, restart=waiting, called_off=resumed.called_off))
