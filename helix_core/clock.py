"""Time as Helix sees it: the only place that reads the machine's clocks.

Sleeping and time-outs go through the running asyncio loop, so that a loop with a virtual clock moves both.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from datetime import UTC, datetime


class Clock(ABC):
    """Two clocks: the wall's for stamps, the monotonic one for ages and deadlines."""

    @abstractmethod
    def now(self) -> datetime:
        """Wall time, aware UTC."""

    @abstractmethod
    def monotonic(self) -> float:
        """Seconds that never go back."""


class SystemClock(Clock):
    """The machine's own clocks."""

    def now(self) -> datetime:
        """Wall time, aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()
