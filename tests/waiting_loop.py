"""The event loop of the tests: its time passes only while it waits.

A time-out then measures the patience for somebody who stays silent, never how long this machine takes to work or how
long others keep it busy. What lives in the same loop (a sandbox, a tiny venue, the bot) always answers in time, however
short the time-out; who stays silent is waited for as long as ever.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING

from helix_core.clock import SystemClock

if TYPE_CHECKING:
    from selectors import SelectorKey

CLOCK = SystemClock()


class _Selector(selectors.DefaultSelector):
    """Counts the seconds that were spent waiting: never more than were asked for."""

    waited_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        began_s = CLOCK.monotonic()
        events = super().select(timeout)
        passed_s = CLOCK.monotonic() - began_s
        self.waited_s += passed_s if timeout is None else min(passed_s, max(timeout, 0.0))
        return events


class WaitingLoop(asyncio.SelectorEventLoop):
    """Sockets, threads and processes as ever; only `time()` stands still while something is being done."""

    def __init__(self) -> None:
        self._waits = _Selector()
        super().__init__(self._waits)

    def time(self) -> float:
        return self._waits.waited_s

    def work_for(self, seconds: float) -> None:
        """Let time pass as if the program had worked all the while and let nobody else have a turn."""
        self._waits.waited_s += seconds
