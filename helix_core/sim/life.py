"""One life of the bot: what starts, works, and can be killed at any moment as a process can."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from helix_core.sim.asgi import Conversation, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextvars import Context

    from starlette.types import ASGIApp, Scope

    from helix_core.sim.database import Disk, InlineConnection

_MOST_TRIES = 20


class Life:
    """One process of the bot.

    `ready` once its door is open. `error` is what ended it: None while it runs, and when it was killed, for `why`.
    """

    def __init__(self, number: int, began_s: float, seam: Callable[[str], bool]) -> None:
        """Begin. `seam` is asked at every seam whether the power goes off there, and then has already cut it."""
        self.number, self.began_s = number, began_s
        self.ended_s: float | None = None
        self.ready = self.dead = False
        self.error: BaseException | None = None
        self.why = ""
        self.app: ASGIApp | None = None
        self.connections: list[InlineConnection] = []
        self._seam = seam
        self._tasks: dict[asyncio.Task[Any], Context] = {}
        self._callers: dict[asyncio.Future[Reply | None], None] = {}

    def adopt(self, task: asyncio.Task[Any], context: Context) -> None:
        """Take a task that this life has started. What the dead start while they are buried comes to nothing."""
        if self.dead:
            task._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001 - no public word
            coroutine: Any = task.get_coro()
            coroutine.close()
            return
        self._tasks[task] = context
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task, None)

    # Seams -----------------------------------------------------------------------------------------------------

    def crosses(self, name: str) -> bool:
        """True when this life ends at this seam, or has ended before."""
        return self.dead or self._seam(name)

    async def cross(self, name: str) -> None:
        """Pass a seam. Does not return when this life ends there."""
        if self.dead or self._seam(name):
            await _for_ever()

    async def hold(self) -> None:
        """Return while alive; the dead wait here."""
        if self.dead:
            await _for_ever()

    # The door --------------------------------------------------------------------------------------------------

    def serve(self, app: ASGIApp, **_: Any) -> Door:
        """In place of the web server."""
        return Door(self, app)

    async def answer(self, scope: Scope, body: bytes, answered: asyncio.Future[Reply | None]) -> None:
        """Serve one request. To be run as a task of this life."""
        talk = Conversation(body)
        assert self.app is not None
        self._callers[answered] = None
        try:
            await self.app(scope, talk.receive, talk.send)
        finally:
            if not self.dead:
                del self._callers[answered]
                if not answered.done():
                    answered.set_result(talk.reply if talk.answered else None)

    # The end ---------------------------------------------------------------------------------------------------

    def cut(self, at_s: float, why: str) -> None:
        """Power off: from here on nothing of this life touches anything."""
        self.dead, self.ended_s, self.why = True, at_s, why
        self.app = None
        for connection in self.connections:
            connection.power_off()
        for answered in self._callers:
            if not answered.done():
                answered.set_result(None)

    def bury(self, disk: Disk) -> None:
        """Clear away what is left in memory, so that no garbage collector meets it; and the lock on the file."""
        for task, context in reversed(list(self._tasks.items())):
            task._log_destroy_pending = False  # noqa: SLF001 - asyncio has no public word for it
            asyncio.tasks._enter_task(task.get_loop(), task)  # noqa: SLF001 - it must believe that it is running
            with suppress(BaseException):
                context.run(_end, task.get_coro())
            asyncio.tasks._leave_task(task.get_loop(), task)  # noqa: SLF001
        self._tasks.clear()
        self._callers.clear()
        self.connections.clear()
        _release(disk)


class Door:
    """In place of the web server: the life can be spoken to for as long as it serves."""

    def __init__(self, life: Life, app: ASGIApp) -> None:
        """Serve `app`."""
        self._life, self._app = life, app

    def bind(self) -> None:
        """Nobody else is here."""

    async def run(self) -> None:
        """Serve until cancelled."""
        self._life.app = self._app
        try:
            await _for_ever()
        finally:
            self._life.app = None


async def _for_ever() -> None:
    await asyncio.get_running_loop().create_future()


class _PowerOff(BaseException):
    """What ends the coroutines of the dead. Nobody catches it, and unlike GeneratorExit it may be thrown again."""


def _end(coroutine: Coroutine[Any, Any, Any]) -> None:
    """End a coroutine, however often it tries to wait for something in its `finally` blocks."""
    for _ in range(_MOST_TRIES):
        coroutine.throw(_PowerOff())
    coroutine.close()


def _release(disk: Disk) -> None:
    """Close every descriptor of the bot's lock files, as the system does when a process ends."""
    locks = [lock.stat() for lock in sorted(disk.folder.rglob("*.lock"))]
    for number in map(int, os.listdir("/dev/fd")):  # noqa: PTH208 - numbers, not files
        with suppress(OSError):
            found = os.fstat(number)
            if number not in disk.visitors and any(os.path.samestat(found, lock) for lock in locks):
                os.close(number)
