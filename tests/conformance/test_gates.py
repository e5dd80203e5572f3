"""The seven gates keep every rule for risk checks."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import pytest

from helix_core import Balance, Balances
from helix_core.testing import RiskCheckSuite, RiskRig, sample_context, sample_intent
from helix_plugins.risk import helix_risk_checks

NOW = sample_context().now
DENIED = {
    "max_positions": sample_context(open_positions=1),
    "daily_loss": sample_context(known_day_pnl_pct=Decimal("-3.0")),
    "duplicate_signal": sample_context(seen_before=True),
    "min_balance": sample_context(
        known_balances=Balances(holdings={"USDT": Balance(Decimal("49.99"), Decimal(0))}, at=NOW)
    ),
    "exchange_reachable": sample_context(exchange_problem="no answer for 12 s"),
    "min_notional": sample_context(),
    "pair_available": sample_context(known_instrument=None),
}


class TestGates(RiskCheckSuite):
    """One suite for all seven: the fixture is asked for each."""

    exempt: ClassVar = {"rk04": "these are the seven gates themselves"}

    @pytest.fixture(params=helix_risk_checks(), ids=lambda gate: gate.name)
    def rig(self, request: pytest.FixtureRequest) -> RiskRig:
        gate = request.param
        tiny = sample_intent(quantity=Decimal("0.00001")) if gate.name == "min_notional" else None
        return RiskRig(check=gate, denied=DENIED[gate.name], denied_intent=tiny)
