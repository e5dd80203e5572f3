"""TradingView as a signal source: reads what its alerts really send, and says what to change where it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core import hookimpl
from helix_plugins.tradingview.source import TradingView
from helix_plugins.tradingview.template import TEMPLATE

if TYPE_CHECKING:
    from helix_core import SignalSource

__all__ = ["TEMPLATE", "TradingView", "helix_signal_sources"]


@hookimpl
def helix_signal_sources() -> list[SignalSource]:
    """Return the reader of TradingView's alerts. It has no settings."""
    return [TradingView()]
