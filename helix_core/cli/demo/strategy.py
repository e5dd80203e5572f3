"""The two strategies of the demo. In real life they run in TradingView: docs/ema_rsi.pine is the first of them.

`EmaRsi` buys when the fast average crosses above the slow one with RSI between its limits, and sells when it crosses
back below. `RsiDip` buys when RSI comes back up through a level during an uptrend; it never sells, so that its position
ends with the other's SELL or with the stop. Neither knows what became of its orders, exactly as in TradingView.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.cli.demo.indicators import Rsi, ema
from helix_core.domain.signal import Action

if TYPE_CHECKING:
    from helix_core.cli.demo.candles import Candle

FAST_LENGTH, SLOW_LENGTH, RSI_LENGTH = 9, 21, 14
RSI_LOWEST, RSI_HIGHEST = Decimal(50), Decimal(70)
"""A cross counts while the market rises (above the middle) and is not overheated."""
DIP_LEVEL = Decimal(47)
"""Just below the middle: a pause in an uptrend, not its end."""
WARM_UP_CANDLES = 3 * SLOW_LENGTH
"""No signal before that: what the averages began with then weighs less than 0.3 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyOrder:
    """What TradingView knows when a strategy trades. `order_id` is its `{{strategy.order.id}}`."""

    strategy: str
    action: Action
    order_id: str
    candle: Candle


@dataclass(frozen=True, slots=True)
class Reading:
    """The indicators at one close."""

    fast: Decimal
    slow: Decimal
    rsi: Decimal


class Indicators:
    """Both averages and RSI, fed one candle at a time."""

    def __init__(self) -> None:
        """Begin before the first candle."""
        self._fast, self._slow, self._rsi = ema(FAST_LENGTH), ema(SLOW_LENGTH), Rsi(RSI_LENGTH)
        self._seen = 0
        self._latest: Reading | None = None

    def add(self, candle: Candle) -> tuple[Reading, Reading] | None:
        """The readings at the previous close and at this one; None during the warm-up."""
        fast, slow, rsi = (series.add(candle.close) for series in (self._fast, self._slow, self._rsi))
        previous, self._latest = self._latest, None
        if fast is not None and slow is not None and rsi is not None:
            self._latest = Reading(fast, slow, rsi)
        self._seen += 1
        if self._seen <= WARM_UP_CANDLES or previous is None or self._latest is None:
            return None
        return previous, self._latest


class EmaRsi:
    """Crosses of EMA 9 and EMA 21 with RSI 14 as the filter."""

    name = "ema_rsi"

    def __init__(self) -> None:
        """Begin flat."""
        self._indicators = Indicators()
        self._entry_id: str | None = None

    def on_close(self, candle: Candle) -> StrategyOrder | None:
        """The order that this closed candle gives, if any."""
        readings = self._indicators.add(candle)
        if readings is None:
            return None
        before, now = readings
        crosses_up = before.fast <= before.slow and now.fast > now.slow
        crosses_down = before.fast >= before.slow and now.fast < now.slow
        if self._entry_id is None and crosses_up and RSI_LOWEST <= now.rsi <= RSI_HIGHEST:
            self._entry_id = f"Long-{candle.opened_at:%Y%m%d-%H%M}"
            return StrategyOrder(strategy=self.name, action=Action.BUY, order_id=self._entry_id, candle=candle)
        if self._entry_id is not None and crosses_down:
            # TradingView's own words for what strategy.close() does
            order_id, self._entry_id = f"Close entry(s) order {self._entry_id}", None
            return StrategyOrder(strategy=self.name, action=Action.SELL, order_id=order_id, candle=candle)
        return None


class RsiDip:
    """RSI 14 coming back up through its level while EMA 9 is above EMA 21."""

    name = "rsi_dip"

    def __init__(self) -> None:
        """Begin before the first candle."""
        self._indicators = Indicators()

    def on_close(self, candle: Candle) -> StrategyOrder | None:
        """The order that this closed candle gives, if any."""
        readings = self._indicators.add(candle)
        if readings is None:
            return None
        before, now = readings
        if not (before.rsi <= DIP_LEVEL < now.rsi and now.fast > now.slow):
            return None
        order_id = f"Dip-{candle.opened_at:%Y%m%d-%H%M}"
        return StrategyOrder(strategy=self.name, action=Action.BUY, order_id=order_id, candle=candle)
