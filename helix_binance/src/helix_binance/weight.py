"""Binance's weight: how much of a minute's allowance is used, as its own answers say.

Source: Binance spot REST API, "Limits": an answer carries X-MBX-USED-WEIGHT-1M, what this address has used in the
current minute, and exchangeInfo states the most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helix_core.ccxt import CcxtExchange

if TYPE_CHECKING:
    from helix_core import Clock, ExchangeConfig
    from helix_core.ccxt import Answer

_USED = "x-mbx-used-weight-1m"
_MINUTE_S = 60


class Weight:
    """What is left of this minute's weight. Only for show: nothing is held back by it."""

    def __init__(self, clock: Clock) -> None:
        """Know nothing before the first answers."""
        self._clock = clock
        self._most = self._used = 0
        self._minute = -1

    def note(self, answer: Answer) -> None:
        """Keep what an answer says of it, if anything. Never raises."""
        used = next((text for name, text in answer.headers.items() if name.lower() == _USED), "")
        if used.isascii() and used.isdigit():
            self._used, self._minute = int(used), self._now()
        self._most = _stated(answer.data) or self._most

    @property
    def left(self) -> float | None:
        """Which part is unused, 0 to 1; None before Binance has stated how much there is."""
        if not self._most:
            return None
        return max(0.0, 1 - self._used / self._most) if self._minute == self._now() else 1.0

    def _now(self) -> int:
        return int(self._clock.now().timestamp()) // _MINUTE_S


class Weighed(CcxtExchange):
    """A ccxt exchange that hears how much of the weight is used."""

    def __init__(self, config: ExchangeConfig) -> None:
        """Keep the configuration."""
        super().__init__(config)
        self._weight = Weight(config.clock)

    def hear(self, answer: Answer) -> None:
        """Note what it says of the weight."""
        self._weight.note(answer)

    def budget_left(self) -> float | None:
        """What is left of this minute's weight."""
        return self._weight.left


def _stated(data: Any) -> int | None:
    """The most weight a minute, where an answer states it."""
    limits = data.get("rateLimits") if isinstance(data, dict) else None
    for limit in filter(_is_object, limits if isinstance(limits, list) else []):
        kind = (limit.get("rateLimitType"), limit.get("interval"), limit.get("intervalNum"))
        if kind == ("REQUEST_WEIGHT", "MINUTE", 1) and isinstance(limit.get("limit"), int):
            return int(limit["limit"])
    return None


def _is_object(value: object) -> bool:
    return isinstance(value, dict)
