"""The owner of a simulated bot: hears its messages, and may say something."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from helix_core.contracts.commands import Said
from helix_core.contracts.notifier import Notifier

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from helix_core.contracts.commands import OwnerDesk, Reply
    from helix_core.domain.notice import Notice
    from helix_core.sim.life import Life

_POLL_S = 25.0


class Speech:
    """What the owner says, over all lives of the bot. As with Telegram it waits until it is confirmed, and comes again.

    `replies` are the answers by the number of what was said; None: it had been heard before. Nobody polls while it is
    not `open`, so that a bot without commands lives as if there were none.
    """

    def __init__(self) -> None:
        """Begin silent."""
        self.open = False
        self.replies: dict[str, Reply | None] = {}
        self._waiting: deque[Said] = deque()
        self._numbers = 0
        self._news = asyncio.Event()

    def say(self, words: str, at: datetime | None = None) -> str:
        """Say something new; returns its number."""
        self._numbers += 1
        self.repeat(str(self._numbers), words, at)
        return str(self._numbers)

    def repeat(self, number: str, words: str, at: datetime | None = None) -> None:
        """Say something under a number of its own, which may have been said before."""
        self.replies.pop(number, None)
        self._waiting.append(Said(number=number, words=words, by="the owner", at=at))
        self._news.set()

    async def bring(self, life: Life, desk: OwnerDesk) -> None:
        """Bring one thing after the other to the desk of one life, until cancelled."""
        while True:
            await life.hold()
            desk.in_touch()
            while self._waiting:
                said = self._waiting[0]
                reply = await desk.hear(said)
                await life.hold()
                self._waiting.popleft()
                self.replies[said.number] = reply
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_POLL_S):
                    await self._news.wait()


class Owner(Notifier):
    """The owner's end of a life's messages, and the beginning of what the owner says to it."""

    name: ClassVar[str] = "owner"

    def __init__(self, life: Life, hear: Callable[[Notice], None], speech: Speech) -> None:
        """Let `hear` have what `life` has to say; it may raise."""
        self._life, self._hear, self._speech = life, hear, speech

    async def notify(self, notice: Notice) -> None:
        """Hand over. Raises what `hear` raises."""
        await self._life.hold()
        self._hear(notice)

    async def listen(self, desk: OwnerDesk) -> None:
        """Bring what the owner says, if anything ever."""
        if self._speech.open:
            await self._speech.bring(self._life, desk)
