"""A clock that only its owner moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from helix_core.clock import Clock

START = datetime(2026, 5, 15, 8, 14, 32, tzinfo=UTC)


class HandClock(Clock):
    """Stands still until it is moved. The wall's time may also be set back, as NTP does; the monotonic one never is."""

    def __init__(self, start: datetime = START) -> None:
        self._now, self._passed_s = start, 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._passed_s

    def pass_(self, seconds: float) -> None:
        """Let time pass on both clocks."""
        self._passed_s += seconds
        self._now += timedelta(seconds=seconds)

    def step(self, seconds: float) -> None:
        """Set the wall's time forwards or back while no time passes."""
        self._now += timedelta(seconds=seconds)
