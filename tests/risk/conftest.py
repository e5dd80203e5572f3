"""A trade that every gate allows; each test changes the one fact it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from helix_core import (
    Action,
    Balance,
    Balances,
    Instrument,
    OrderIntent,
    RiskCheck,
    RiskContext,
    RiskLimits,
    Signal,
    Ticker,
)
from helix_plugins.risk import helix_risk_checks

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 5, 15, 8, 14, 32, tzinfo=UTC)

LIMITS = RiskLimits(
    risk_per_trade_pct=Decimal("1.0"),
    stop_loss_pct=Decimal("2.0"),
    max_daily_loss_pct=Decimal("3.0"),
    max_drawdown_pct=Decimal("15.0"),
    max_consecutive_losses=5,
    max_positions=1,
    min_balance=Decimal(50),
    dedup_window_s=60,
    max_signal_age_s=120,
)

INSTRUMENT = Instrument(
    symbol="BTC/USDT",
    base="BTC",
    quote="USDT",
    native_id="BTCUSDT",
    trading=True,
    lot_step=Decimal("0.00001"),
    price_tick=Decimal("0.01"),
    min_quantity=Decimal("0.00001"),
    max_quantity=Decimal(100),
    min_notional=Decimal(5),
    taker_fee=Decimal("0.001"),
    max_price_ratio=Decimal(5),
)

CONTEXT = RiskContext(
    now=NOW,
    signal=Signal(signal_id="Long", action=Action.BUY, symbol="BTC/USDT", price=Decimal(64210)),
    limits=LIMITS,
    open_positions=0,
    seen_before=False,
    exchange_problem=None,
    known_ticker=Ticker(symbol="BTC/USDT", bid=Decimal("64209.99"), ask=Decimal(64210), last=Decimal(64210), at=NOW),
    known_balances=Balances(holdings={"USDT": Balance(Decimal(10000), Decimal(0))}, at=NOW),
    known_instrument=INSTRUMENT,
    known_day_pnl_pct=Decimal(0),
)

ENTRY = OrderIntent(
    client_order_id="e11c0000000000000000000000000001",
    signal_row=7,
    signal_id="Long",
    symbol="BTC/USDT",
    side=Action.BUY,
    quantity=Decimal("0.07786"),
    stop_price=Decimal("62925.80"),
)


@pytest.fixture
def limits() -> RiskLimits:
    """The documented defaults."""
    return LIMITS


@pytest.fixture
def instrument() -> Instrument:
    """A market with a lot step of 0.00001, a tick of 0.01, at least 5 USDT, and a fee of 0.1 %."""
    return INSTRUMENT


@pytest.fixture
def entry() -> OrderIntent:
    """The specification's example: 10,000 at 1 % and a stop of 2 % buys 0.0778 BTC."""
    return ENTRY


@pytest.fixture
def context() -> Callable[..., RiskContext]:
    """Builds the snapshot of a healthy day, with the given facts changed."""

    def build(**changes: Any) -> RiskContext:
        return replace(CONTEXT, **changes)

    return build


@pytest.fixture
def gates() -> dict[str, RiskCheck]:
    """The seven gates by name, from the plugin itself."""
    return {check.name: check for check in helix_risk_checks()}
