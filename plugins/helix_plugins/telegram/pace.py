"""The pace of one chat: notifications and answers together never come faster than Telegram takes them."""

from __future__ import annotations

import asyncio

from helix_core import RateLimited

_MOST_WAIT_S = 2.0
"""A turn this far away is waited for; what is further away is a pause that Telegram asked for."""


class Pace:
    """Gives turns to send, `pause_s` apart, in the order in which they are asked for.

    Whoever sends asks for one turn at a time: an answer then waits for one notification at most, however many of them
    have piled up.
    """

    def __init__(self, pause_s: float) -> None:
        """Begin with a turn for whoever comes first."""
        self._pause_s, self._next_at_s = pause_s, 0.0
        self._queue = asyncio.Lock()

    @property
    def left_s(self) -> float:
        """Seconds until the next turn."""
        return max(0.0, self._next_at_s - asyncio.get_running_loop().time())

    async def turn(self) -> None:
        """Wait for a turn. Raises RateLimited while Telegram wants to be left alone."""
        async with self._queue:
            if self.left_s > max(_MOST_WAIT_S, self._pause_s):
                raise RateLimited("Telegram asked for a pause", retry_after_s=self.left_s)
            await asyncio.sleep(self.left_s)
            self._next_at_s = asyncio.get_running_loop().time() + self._pause_s

    def rest(self, seconds: float) -> None:
        """Telegram asked for a pause: let nobody send before it is over."""
        self._next_at_s = max(self._next_at_s, asyncio.get_running_loop().time() + seconds)
