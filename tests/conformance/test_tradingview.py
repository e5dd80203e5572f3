"""The reader of TradingView's alerts keeps every rule for signal sources."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from helix_core import Action, Signal
from helix_core.testing import SignalRig, SignalSourceSuite
from helix_plugins.tradingview import TradingView

# As TradingView fills the documented template in: two values without quotes, which is not JSON.
EXAMPLE = (
    b'{"signal": "BUY", "symbol": "BTC/USDT", "price": 64210.5, "timestamp": 2026-05-15T08:14:32Z, '
    b'"strategy": "ema_crossover", "signal_id": Long}'
)
SIGNAL = Signal(
    signal_id="Long",
    action=Action.BUY,
    symbol="BTC/USDT",
    price=Decimal("64210.5"),
    timestamp=datetime(2026, 5, 15, 8, 14, 32, tzinfo=UTC),
    strategy="ema_crossover",
)


class TestTradingView(SignalSourceSuite):
    @pytest.fixture
    def rig(self) -> SignalRig:
        return SignalRig(source=TradingView(), example=EXAMPLE, signal=SIGNAL, price=b"64210.5")
