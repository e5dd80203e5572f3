"""A strategy that never asks for anything: freqtrade then trades on what it is told to, with a stop at the exchange."""

from __future__ import annotations

from typing import Any, ClassVar

from freqtrade.strategy import IStrategy  # type: ignore[import-not-found]


class Told(IStrategy):  # type: ignore[misc]
    """Market orders, and a stop 2 % below."""

    INTERFACE_VERSION = 3
    timeframe = "5m"
    stoploss = -0.02
    minimal_roi: ClassVar[dict[str, float]] = {"0": 10.0}
    startup_candle_count = 0
    order_types: ClassVar[dict[str, Any]] = {
        "entry": "market",
        "exit": "market",
        "emergency_exit": "market",
        "force_entry": "market",
        "force_exit": "market",
        "stoploss": "market",
        "stoploss_on_exchange": True,
    }

    def populate_indicators(self, dataframe: Any, _about: Any) -> Any:
        """Add none."""
        return dataframe

    def populate_entry_trend(self, dataframe: Any, _about: Any) -> Any:
        """Ask for none."""
        return dataframe

    def populate_exit_trend(self, dataframe: Any, _about: Any) -> Any:
        """Ask for none."""
        return dataframe
