"""Listening to the owner through every notifier that can. Trading never waits for it, and nothing of it gets out."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from helix_core.errors import PluginError, RateLimited
from helix_core.notify.foreign import place, problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import datetime

    from helix_core.clock import Clock
    from helix_core.contracts.commands import Reply, Said
    from helix_core.contracts.notifier import Notifier

    Hear = Callable[[str, Said], Awaitable[Reply | None]]

logger = logging.getLogger(__name__)

_LONGEST_SILENCE_S = 120.0
_LONGEST_LIMIT_S = 3600.0
_SETTLED_S = 60.0
"""A line that breaks again and again soon after it stood is not begun anew every second."""
_STRANGERS_LOGGED_EVERY_S = 60.0


class Line:
    """One notifier's line to the owner: the desk it is given, and how it stands.

    `since` is when it got in touch after the last failure, `last_ok` when its medium last answered, `problem` what is
    wrong just now; `answered` and `strangers` count what was said by the owner and got an answer, and what was ignored.
    `listens` is False for a notifier that takes no commands.
    """

    def __init__(self, notifier: Notifier, menu: Mapping[str, str], clock: Clock) -> None:
        """Give `notifier` a line that offers `menu`."""
        self.name, self.menu = notifier.name, menu
        self.since: datetime | None = None
        self.last_ok: datetime | None = None
        self.problem: str | None = None
        self.listens = True
        self.answered = self.strangers = 0
        self._notifier, self._clock = notifier, clock
        self._hear: Hear | None = None
        self._failures = 0
        self._strangers_logged_at_s = 0.0
        self._patience: asyncio.Timeout | None = None

    def in_touch(self) -> None:
        """The medium has just answered."""
        self.last_ok, self.problem = self._clock.now(), None
        if self.since is None:
            self.since = self.last_ok
            logger.info("listening to the owner by %s", self.name)
        if (self.last_ok - self.since).total_seconds() >= _SETTLED_S:
            self._failures = 0
        if self._patience is not None:
            self._patience.reschedule(asyncio.get_running_loop().time() + _LONGEST_SILENCE_S)

    def ignored(self) -> None:
        """Somebody who is not the owner was ignored. Told at most once a minute: strangers do not write our log."""
        self.strangers += 1
        now_s = self._clock.monotonic()
        if self.strangers == 1 or now_s - self._strangers_logged_at_s >= _STRANGERS_LOGGED_EVERY_S:
            self._strangers_logged_at_s = now_s
            logger.warning("%s: ignored what is not from the owner, %d times so far", self.name, self.strangers)

    async def hear(self, said: Said) -> Reply | None:
        """Carry out what the owner said, once."""
        assert self._hear is not None, "somebody listens"
        reply = await self._hear(self.name, said)
        self.answered += reply is not None
        return reply

    async def attempt(self, hear: Hear) -> float | None:
        """Listen until that fails. Returns the seconds to pause then, or None when this notifier takes no commands."""
        self._hear = hear
        try:
            async with asyncio.timeout(_LONGEST_SILENCE_S) as self._patience:
                await self._notifier.listen(self)
        except (Exception, SystemExit, asyncio.CancelledError) as error:  # noqa: BLE001 - nothing of it gets out
            _raise_if_ours(error)
            return self._failed(error)
        finally:
            self._patience = None
        if self.last_ok is None:
            self.listens = False
            return None
        return self._failed(PluginError("it stopped listening"))

    def _failed(self, error: BaseException) -> float:
        """Note a failure, and say how long to pause: 1 s, 2 s, 4 s ... a minute, or as long as it was asked for."""
        self._failures += 1
        self.since, self.problem = None, problem(error)
        logger.warning("%s does not listen: failure %d: %s (%s)", self.name, self._failures, self.problem, place(error))
        if isinstance(error, RateLimited) and (error.retry_after_s or 0) > 0:
            return min(error.retry_after_s or 0, _LONGEST_LIMIT_S)
        return min(float(1 << min(self._failures - 1, 30)), 60.0)


class Listening:
    """All lines to the owner, each in a task of its own."""

    def __init__(self, notifiers: Sequence[Notifier], menu: Mapping[str, str], clock: Clock) -> None:
        """Offer `menu` through every one of `notifiers` that can listen."""
        self.lines = tuple(Line(notifier, menu, clock) for notifier in notifiers)

    async def run(self, hear: Hear) -> None:
        """Listen until cancelled; `hear` is given what the owner says, with the notifier's name."""
        async with asyncio.TaskGroup() as tasks:
            for line in self.lines:
                tasks.create_task(_for_ever(line, hear), name=f"listening by {line.name}")
            await asyncio.Event().wait()

    def problems(self) -> Mapping[str, str]:
        """What is wrong with each line that does not reach the owner just now; empty when all is well."""
        return {line.name: line.problem for line in self.lines if line.problem is not None}


async def _for_ever(line: Line, hear: Hear) -> None:
    pause_s = await line.attempt(hear)
    while pause_s is not None:
        await asyncio.sleep(pause_s)
        pause_s = await line.attempt(hear)


def _raise_if_ours(error: BaseException) -> None:
    """A cancellation that somebody asked of this very task goes on; one that a notifier made up does not."""
    task = asyncio.current_task()
    if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
        raise error
