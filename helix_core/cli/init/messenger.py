"""The second part, once for each plugin that can find its owner: what it asks for, and who then writes to it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

from helix_core.cli.init.interview import Asked
from helix_core.cli.speaking import console, errors
from helix_core.config import PluginConfig
from helix_core.errors import ConfigError, HelixError
from helix_core.logs import visible
from helix_core.settings.names import prefix_of

if TYPE_CHECKING:
    from asyncio import Runner

    from helix_core.cli.init.interview import Interview
    from helix_core.contracts.introduction import Caller, Introduction, Question

_PATIENCE_S = 20.0
_WAIT_S = 180.0
_LONGEST = 60


class Messenger:
    """One plugin and its introduction."""

    def __init__(self, plugin: str, introduction: Introduction, interview: Interview, runner: Runner) -> None:
        """Ask through `interview`."""
        self._plugin, self._introduction = plugin, introduction
        self._interview, self._draft, self._runner = interview, interview.draft, runner
        self._questions = tuple(self._asked(question) for question in introduction.questions)
        self._found = self._asked(introduction.finds)

    def ask(self) -> None:
        """Take the answers, unless the owner does without this plugin."""
        label, purpose = self._introduction.label, self._introduction.purpose
        given = any(self._draft.given(asked.variable) for asked in (*self._questions, self._found))
        if self._interview.asks and not given:
            console.print()
            if not self._interview.confirm(f"{label}: {purpose}. Set it up?", default=True):
                self._draft.leave_out(self._plugin)
                return
        for asked in self._questions:
            self._interview.take(asked)
        if self._draft.given(self._found.variable) or not self._interview.asks:
            self._interview.take(self._found)
        self._draft.adopt_addresses(self._plugin)

    def prove(self) -> None:
        """Try the answers, and find the owner where nobody said who that is. Raises HelixError or ConfigError."""
        if self._plugin not in self._draft.unanswered:
            return
        try:
            instruction = self._begin()
            if self._draft.given(self._found.variable) is None:
                console.print(f"\n{instruction}", style="bold", markup=False)
                caller = self._meet()
                self._draft.put(self._found.variable, caller.value, secret=True)
        finally:
            self._runner.run(self._introduction.end())
        self._draft.unanswered.discard(self._plugin)

    def _begin(self) -> str:
        """Begin the introduction, asking again as long as an answer is wrong."""
        while True:
            config = PluginConfig(name=self._plugin, values=self._draft.settings().plugin_values(self._plugin))
            try:
                return self._runner.run(self._within(_PATIENCE_S, config))
            except ConfigError as error:
                if not self._interview.asks:
                    raise
                errors.print(f"problem  {error}", markup=False)
                self._interview.retake(*self._questions)
            except HelixError as error:
                self._interview.again(error)
            except TimeoutError:
                self._interview.again(HelixError(f"{self._introduction.label} does not answer."))

    def _meet(self) -> Caller:
        """Wait for somebody to write whom the owner confirms."""
        strangers: set[str] = set()
        while True:
            console.print(f"Waiting up to {_WAIT_S:.0f} s ...", markup=False)
            try:
                caller = self._next(strangers)
            except HelixError as error:
                self._interview.again(error)
                continue
            if caller is None:
                if not self._interview.confirm("Nobody has written yet. Wait on?", default=True):
                    raise typer.Abort
                continue
            said = visible(caller.said)[:_LONGEST]
            console.print(f"{visible(caller.who)[:_LONGEST]} wrote: {said}", markup=False)
            if self._interview.confirm("Is that you? Only this chat will be told and obeyed"):
                return caller
            strangers.add(caller.value)

    def _next(self, strangers: set[str]) -> Caller | None:
        async def listen() -> Caller:
            async with asyncio.timeout(_WAIT_S):
                while (caller := await self._introduction.caller()).value in strangers:
                    pass
                return caller

        try:
            return self._runner.run(listen())
        except TimeoutError:
            return None

    async def _within(self, seconds: float, config: PluginConfig) -> str:
        async with asyncio.timeout(seconds):
            return await self._introduction.begin(config)

    def _asked(self, question: Question) -> Asked:
        variable = f"{prefix_of(self._plugin)}_{question.key.upper()}"
        return Asked(variable=variable, words=f"{question.asks} (not shown)".capitalize(), where=question.where)
