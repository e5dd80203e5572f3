"""The pace of questions. Orders never pass through here."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from helix_core.errors import RateLimited

if TYPE_CHECKING:
    from helix_core.clock import Clock

_SHORTEST_GUESS_S, _LONGEST_GUESS_S = 2.0, 8.0
_CALM_AFTER_S = 60.0
"""Venues count by the minute: after one without another complaint the next pause is short again."""


class Pace:
    """Spaces questions `interval_s` apart, and refuses them while the venue has asked for a pause."""

    def __init__(self, clock: Clock, interval_s: float) -> None:
        """Start with nothing to wait for."""
        self._clock, self._interval_s = clock, interval_s
        self._next_s = 0.0
        self._quiet_until_s = -math.inf
        self._guess_s = _SHORTEST_GUESS_S

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
        """Ask nothing for `retry_after_s`, and no longer: questions about a stop are silenced too.

        Where the venue named no figure it is two seconds, and twice as long with every further complaint, up to eight:
        a stop that is gone is put back within ten.
        """
        now_s = self._clock.monotonic()
        if retry_after_s is None:
            calm = now_s - self._quiet_until_s > _CALM_AFTER_S
            self._guess_s = _SHORTEST_GUESS_S if calm else min(self._guess_s * 2, _LONGEST_GUESS_S)
        pause_s = self._guess_s if retry_after_s is None else retry_after_s
        self._quiet_until_s = max(self._quiet_until_s, now_s + pause_s)
