"""Notifiers that fail on command, and a delivery around them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from helix_core import Notifier
from helix_core.notify import Delivery
from tests.notify.conftest import MemoryOutbox
from tests.notify.virtual_time import VirtualClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from helix_core import Notice
    from helix_core.notify import Outbox


class Pigeon(Notifier):
    """Delivers after the given troubles, and remembers when it tried and what arrived."""

    name = "pigeon"

    def __init__(self, *troubles: BaseException | Callable[[], Awaitable[object]]) -> None:
        self.troubles = list(troubles)
        self.tries_at_s: list[float] = []
        self.arrived: list[str] = []
        self.starts = self.stops = 0

    async def start(self) -> None:
        self.starts += 1

    async def notify(self, notice: Notice) -> None:
        await self.meet_trouble()
        self.arrived.append(notice.text)

    async def meet_trouble(self) -> bool:
        """Meet with the next of the troubles; False when there is none left."""
        self.tries_at_s.append(asyncio.get_running_loop().time())
        if not self.troubles:
            return False
        trouble = self.troubles.pop(0)
        if isinstance(trouble, BaseException):
            raise trouble
        await trouble()
        return True

    async def stop(self) -> None:
        self.stops += 1


class Owl(Pigeon):
    """Another one."""

    name = "owl"


@asynccontextmanager
async def delivering(outbox: Outbox, *notifiers: Notifier) -> AsyncIterator[Delivery]:
    """A running delivery, drained and cancelled at the end."""
    delivery = Delivery(notifiers, outbox, VirtualClock())
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(delivery.run())
        yield delivery
        running.cancel()


async def hang() -> None:
    await asyncio.Event().wait()


def gaps(pigeon: Pigeon) -> list[float]:
    return [round(late - early, 3) for early, late in zip(pigeon.tries_at_s, pigeon.tries_at_s[1:], strict=False)]


class CountingOutbox(MemoryOutbox):
    """Counts how often it is asked."""

    looks = 0

    async def pending(self, notifier: str, limit: int) -> Sequence[Notice]:
        self.looks += 1
        return await super().pending(notifier, limit)
