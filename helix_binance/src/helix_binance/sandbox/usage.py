"""The counters in Binance's answers: request weight by the minute, orders by ten seconds and by the day.

They are counted and shown, never enforced: a fault of the kind rate_limited does that on request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_binance.sandbox.shapes import epoch_ms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helix_core import Clock

_MINUTE_MS, _TEN_SECONDS_MS, _DAY_MS = 60_000, 10_000, 86_400_000


class Usage:
    """What the account used in the current intervals of the venue's clock."""

    def __init__(self, clock: Clock) -> None:
        """Begin at nothing."""
        self._clock = clock
        self._weight, self._orders_10s, self._orders_1d = (
            _Counter(_MINUTE_MS),
            _Counter(_TEN_SECONDS_MS),
            _Counter(_DAY_MS),
        )

    def headers(self, weight: int, orders: int = 0) -> Mapping[str, str]:
        """Count a call and return its headers; the order counts come only with orders that were placed."""
        now_ms = epoch_ms(self._clock.now())
        used = self._weight.add(weight, now_ms)
        headers = {"X-MBX-USED-WEIGHT": used, "X-MBX-USED-WEIGHT-1M": used}
        if orders:
            headers["X-MBX-ORDER-COUNT-10S"] = self._orders_10s.add(orders, now_ms)
            headers["X-MBX-ORDER-COUNT-1D"] = self._orders_1d.add(orders, now_ms)
        return headers


class _Counter:
    """A sum that starts anew with every interval."""

    def __init__(self, interval_ms: int) -> None:
        self._interval_ms, self._current, self._sum = interval_ms, -1, 0

    def add(self, amount: int, now_ms: int) -> str:
        interval = now_ms // self._interval_ms
        if interval != self._current:
            self._current, self._sum = interval, 0
        self._sum += amount
        return str(self._sum)
