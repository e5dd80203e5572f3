"""Helix's own rules for risk checks, kept by each of the five."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from helix_core import PluginConfig, RiskCheck, Ticker
from helix_core.testing import RiskCheckSuite, RiskRig, sample_context
from helix_risk_extras import helix_risk_checks

CONTEXT = sample_context()
FAR_AWAY = replace(CONTEXT.signal, price=Decimal(60000))
WIDE = Ticker(symbol="BTC/USDT", bid=Decimal(64000), ask=Decimal(64210), last=Decimal(64210), at=CONTEXT.now)


def only(**values: str) -> RiskCheck:
    """The one check that these settings make active."""
    (check,) = helix_risk_checks(PluginConfig(name="risk-extras", values=values))
    return check


class TestMaxSpread(RiskCheckSuite):
    @pytest.fixture
    def rig(self) -> RiskRig:
        return RiskRig(check=only(max_spread_pct="0.1"), denied=sample_context(known_ticker=WIDE))


class TestTradingHours(RiskCheckSuite):
    @pytest.fixture
    def rig(self) -> RiskRig:
        night = sample_context(now=CONTEXT.now + timedelta(hours=12))
        return RiskRig(check=only(trading_hours_utc="07:00-20:00"), denied=night)


class TestCooldownAfterStop(RiskCheckSuite):
    @pytest.fixture
    def rig(self) -> RiskRig:
        just_now = sample_context(last_stop_out_at=CONTEXT.now - timedelta(seconds=10))
        return RiskRig(check=only(cooldown_after_stop_s="3600"), denied=just_now)


class TestPriceCollar(RiskCheckSuite):
    @pytest.fixture
    def rig(self) -> RiskRig:
        return RiskRig(check=only(price_collar_pct="0.5"), denied=sample_context(signal=FAR_AWAY))


class TestMaxOrderValue(RiskCheckSuite):
    @pytest.fixture
    def rig(self) -> RiskRig:
        dearer = Ticker(symbol="BTC/USDT", bid=Decimal(90000), ask=Decimal(90000), last=Decimal(90000), at=CONTEXT.now)
        return RiskRig(check=only(max_order_value="5000"), denied=sample_context(known_ticker=dearer))
