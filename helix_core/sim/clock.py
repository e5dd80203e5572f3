"""The clocks of a simulation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from helix_core.clock import Clock

if TYPE_CHECKING:
    import asyncio

EPOCH = datetime(2026, 3, 1, 12, tzinfo=UTC)


class VirtualClock(Clock):
    """The loop's time as wall time. `skew_s` is by how much it goes ahead of the truth, and may be changed."""

    def __init__(self, loop: asyncio.AbstractEventLoop, epoch: datetime = EPOCH) -> None:
        """Be `epoch` when the loop is at 0."""
        self._loop, self._epoch = loop, epoch
        self.skew_s = 0.0

    def now(self) -> datetime:
        """Wall time, aware UTC."""
        return self._epoch + timedelta(seconds=self._loop.time() + self.skew_s)

    def monotonic(self) -> float:
        """Seconds since the loop began; a skew does not touch them."""
        return self._loop.time()
