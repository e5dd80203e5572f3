"""A desk that hears everything, and a Telegram notifier that listens for it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from helix_core import Reply, Said
from helix_core.clock import SystemClock
from helix_core.notify.listening import Listening
from tests.notify.conftest import notifier_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from helix_core.notify.listening import Line
    from helix_core.testing.telegram import FakeTelegram

MENU = {"status": "How it is", "stop": "Enough"}
GROUP = -1001234567890


class Secretary:
    """Hears everything, answers with the same words."""

    def __init__(self) -> None:
        self.heard: list[Said] = []
        self.reply: Reply | None = None
        self.fails = 0

    async def hear(self, medium: str, said: Said) -> Reply | None:
        assert medium == "telegram"
        if self.fails:
            self.fails -= 1
            raise OSError("https://host/bot1:SECRET/")
        if said.number in {earlier.number for earlier in self.heard}:
            return None
        self.heard.append(said)
        return self.reply or Reply(text=f"heard {said.words}")

    @property
    def words(self) -> list[str]:
        return [said.words for said in self.heard]


@asynccontextmanager
async def listening(telegram: FakeTelegram, secretary: Secretary, **changes: object) -> AsyncIterator[Line]:
    """A notifier that listens until the block ends; the line is as the core keeps it."""
    listener = Listening([notifier_for(telegram, **changes)], MENU, SystemClock())
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(listener.run(secretary.hear))
        yield listener.lines[0]
        running.cancel()


async def until(condition: Callable[[], object], seconds: float = 8.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
