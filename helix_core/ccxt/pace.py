"""The pace of questions. Orders never pass through here."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from helix_core.errors import RateLimited

if TYPE_CHECKING:
    from helix_core.clock import Clock

_PAUSE_WITHOUT_FIGURE_S = 30.0


class Pace:
    """Spaces questions `interval_s` apart, and refuses them while the venue has asked for a pause."""

    def __init__(self, clock: Clock, interval_s: float) -> None:
        """Start with nothing to wait for."""
        self._clock, self._interval_s = clock, interval_s
        self._next_s = self._quiet_until_s = 0.0

    async def turn(self) -> None:
        """Return when the next question may go. Raises RateLimited during a pause the venue asked for."""
        now_s = self._clock.monotonic()
        if (left_s := self._quiet_until_s - now_s) > 0:
            message = f"the venue asked for a pause: {left_s:.0f} s left"
            raise RateLimited(message, retry_after_s=left_s)
        at_s = max(now_s, self._next_s)
        self._next_s = at_s + self._interval_s
        await asyncio.sleep(at_s - now_s)

    def hush(self, retry_after_s: float | None) -> None:
        """Ask nothing for `retry_after_s` (half a minute when the venue named no figure)."""
        pause_s = _PAUSE_WITHOUT_FIGURE_S if retry_after_s is None else retry_after_s
        self._quiet_until_s = max(self._quiet_until_s, self._clock.monotonic() + pause_s)
