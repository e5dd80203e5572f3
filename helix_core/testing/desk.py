"""A desk for a notifier that listens: it hears everything, answers that it did, and remembers."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING

from helix_core.contracts.commands import Reply
from helix_core.contracts.notifier import Notifier

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from helix_core.contracts.commands import Said

_GLANCE_S = 0.01


class RecordingDesk:
    """See `helix_core.contracts.commands.OwnerDesk`. While it `fails`, it hears, and raises instead of answering.

    `heard` is all that was brought, oldest first; `touches` and `strangers` count the calls of the other two.
    """

    def __init__(self, *, fails: bool = False) -> None:
        """Nothing was heard yet."""
        self.menu: Mapping[str, str] = MappingProxyType({"today": "Trades of the day", "stop": "Enough"})
        self.heard: list[Said] = []
        self.fails, self.touches, self.strangers = fails, 0, 0

    def in_touch(self) -> None:
        """Count it."""
        self.touches += 1

    def ignored(self) -> None:
        """Count it."""
        self.strangers += 1

    async def hear(self, said: Said) -> Reply | None:
        """Remember it. Raises ConnectionError while this fails."""
        self.heard.append(said)
        if self.fails:
            message = "the desk is on fire"
            raise ConnectionError(message)
        return Reply(text=f"heard {said.words}")


def takes_commands(notifier: Notifier) -> bool:
    """Whether the notifier listens at all: one that does not need not show how."""
    return type(notifier).listen is not Notifier.listen


@asynccontextmanager
async def listening(notifier: Notifier, desk: RecordingDesk) -> AsyncIterator[None]:
    """Let the notifier listen until the block ends. Raises what it raises, in a group."""
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(notifier.listen(desk))
        try:
            yield
        finally:
            running.cancel()


async def until(condition: Callable[[], object], within_s: float) -> None:
    """Wait for something that nobody tells of. Raises TimeoutError."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - the service behind a notifier has no event to wait for
            await asyncio.sleep(_GLANCE_S)
