"""Where slowapi keeps its counts. The storage it comes with starts a thread for every few requests of a flood."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from limits.storage import MovingWindowSupport, Storage

if TYPE_CHECKING:
    from helix_core.clock import Clock

SCHEME = "helix"
_FORGOTTEN_AT_ONCE = 2
"""More than come with one request, so that what is forgotten keeps up with what is remembered."""


class Counts(Storage, MovingWindowSupport):
    """Moving windows in memory, counted by the monotonic clock: setting the time opens and closes nothing.

    Holds at most as many times as a limit allows for each key, and a key for as long as its newest time counts.
    """

    STORAGE_SCHEME = [SCHEME]  # noqa: RUF012 - as limits declares it

    def __init__(self, uri: str | None = None, *, clock: Clock, **options: Any) -> None:
        """Begin with no counts."""
        super().__init__(uri, **options)
        self._clock = clock
        self._times: OrderedDict[str, list[float]] = OrderedDict()
        self._expiries: dict[str, int] = {}

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count `amount` more if fewer than `limit` were counted in the last `expiry` seconds. True when it did."""
        now_s = self._clock.monotonic()
        self._forget(now_s)
        times = self._times.setdefault(key, [])
        del times[: bisect_right(times, now_s - expiry)]
        if len(times) + amount > limit:
            return False
        times += [now_s] * amount
        self._expiries[key] = expiry
        self._times.move_to_end(key)
        return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:  # noqa: ARG002 - interface
        """Wall time (seconds) of the oldest that counts, and how many do."""
        now_s, wall_s = self._clock.monotonic(), self._clock.now().timestamp()
        times = self._times.get(key, [])
        first = bisect_right(times, now_s - expiry)
        return (wall_s - (now_s - times[first]) if first < len(times) else wall_s), len(times) - first

    def _forget(self, now_s: float) -> None:
        """Let go of keys that nobody used for as long as their times count; the one unused longest stands first."""
        for _ in range(_FORGOTTEN_AT_ONCE):
            key = next(iter(self._times), None)
            if key is None or (self._times[key] and self._times[key][-1] > now_s - self._expiries[key]):
                return
            del self._times[key]
            self._expiries.pop(key, None)

    @property
    def base_exceptions(self) -> type[Exception]:
        """None of its own."""
        return ValueError

    def get(self, key: str) -> int:
        """How often `key` was counted."""
        return len(self._times.get(key, ()))

    def get_expiry(self, key: str) -> float:
        """Wall time (seconds) at which nothing of `key` counts any more."""
        times = self._times.get(key)
        since_s = self._clock.monotonic() - times[-1] if times else 0.0
        return self._clock.now().timestamp() - since_s + self._expiries.get(key, 0)

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """For windows that do not move, which Helix has none of."""
        raise NotImplementedError

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int:
        """Forget everything; how many keys that were."""
        number = len(self._times)
        self._times.clear()
        self._expiries.clear()
        return number

    def clear(self, key: str) -> None:
        """Forget one key."""
        self._times.pop(key, None)
        self._expiries.pop(key, None)
