"""Lines that a stranger can cause: written now and then, and counted in between. A flood must not fill the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from helix_core.clock import Clock

_MOST = 30
_WITHIN_S = 60.0


class Seldom:
    """Writes at most 30 lines a minute; the next one says how many were left out before it (`left_out`)."""

    def __init__(self, clock: Clock) -> None:
        """Nothing written yet."""
        self._clock = clock
        self._begun_s, self._written, self._left_out = clock.monotonic(), 0, 0

    def write(self, line: Callable[..., object]) -> None:
        """Have `line` write its line, or leave it out and count it. What the line says is asked for only if written."""
        now_s = self._clock.monotonic()
        if now_s - self._begun_s >= _WITHIN_S:
            self._begun_s, self._written = now_s, 0
        if self._written >= _MOST:
            self._left_out += 1
            return
        left_out, self._left_out = self._left_out, 0
        self._written += 1
        line(**({"left_out": left_out} if left_out else {}))
