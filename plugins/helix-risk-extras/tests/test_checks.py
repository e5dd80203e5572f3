"""Limits to the last digit, and settings that stop the start."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from helix_core import ConfigError, PluginConfig, RiskContext, Ticker, Verdict
from helix_core.testing import sample_context, sample_intent
from helix_risk_extras import helix_risk_checks

if TYPE_CHECKING:
    from helix_core import RiskCheck

CONTEXT = sample_context()


def active(**values: object) -> list[RiskCheck]:
    return helix_risk_checks(PluginConfig(name="risk-extras", values=values))


async def verdict(setting: str, value: str, context: RiskContext) -> Verdict:
    (check,) = active(**{setting: value})
    return (await check.check(sample_intent(quantity=Decimal("0.1")), context)).verdict


def at(bid: str, ask: str) -> RiskContext:
    ticker = Ticker(symbol="BTC/USDT", bid=Decimal(bid), ask=Decimal(ask), last=Decimal(ask), at=CONTEXT.now)
    return sample_context(known_ticker=ticker, signal=replace(CONTEXT.signal, price=Decimal(50000)))


def hour(clock: str) -> RiskContext:
    return sample_context(now=datetime.fromisoformat(f"2026-05-15T{clock}").replace(tzinfo=UTC))


def stopped(seconds_ago: int) -> RiskContext:
    return sample_context(last_stop_out_at=CONTEXT.now - timedelta(seconds=seconds_ago))


@pytest.mark.parametrize(
    ("setting", "value", "allowed", "denied"),
    [
        ("max_spread_pct", "0.1", at("49950", "50000"), at("49949.99", "50000")),
        ("cooldown_after_stop_s", "3600", stopped(3600), stopped(3599)),
        ("cooldown_after_stop_s", "3600", sample_context(), stopped(-60)),
        ("price_collar_pct", "0.5", at("50250", "50250"), at("50250", "50250.01")),
        ("price_collar_pct", "0.5", at("49750", "49750"), at("49749", "49749.99")),
        ("max_order_value", "5000", at("50000", "50000"), at("50000", "50000.01")),
        ("trading_hours_utc", "07:00-11:30", hour("07:00:00"), hour("06:59:59")),
        ("trading_hours_utc", "07:00-11:30", hour("11:29:59"), hour("11:30:00")),
        ("trading_hours_utc", "07:00-11:30, 22:00-02:00", hour("01:59:59"), hour("02:00:00")),
        ("trading_hours_utc", "22:00-02:00", hour("22:00:00"), hour("21:59:59")),
    ],
)
async def test_at_the_limit_is_allowed_and_beyond_it_denied(
    setting: str, value: str, allowed: RiskContext, denied: RiskContext
) -> None:
    assert await verdict(setting, value, allowed) is Verdict.ALLOW
    assert await verdict(setting, value, denied) is Verdict.DENY


def test_nothing_is_active_until_it_is_set() -> None:
    assert active() == []
    assert [check.name for check in active(max_order_value="2500", max_spread_pct="0.05")] == [
        "max_spread",
        "max_order_value",
    ]


def test_none_of_them_holds_up_an_exit() -> None:
    everything = active(
        max_spread_pct="1",
        trading_hours_utc="07:00-08:00",
        cooldown_after_stop_s=60,
        price_collar_pct="1",
        max_order_value="1",
    )

    assert len(everything) == 5
    assert not any(check.judges_exits for check in everything)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"max_spred_pct": "0.1"}, "Did you mean max_spread_pct"),
        ({"nonsense": "1"}, "Its settings are max_spread_pct, trading_hours_utc"),
        ({"max_spread_pct": "0"}, "above 0"),
        ({"max_spread_pct": "much"}, "a number in quotes"),
        ({"max_order_value": 0.1}, "a number in quotes"),
        ({"trading_hours_utc": "7-20"}, "Write windows like"),
        ({"trading_hours_utc": "07:00-24:00"}, "Write windows like"),
        ({"trading_hours_utc": "07:00-07:00"}, "Write windows like"),
        ({"trading_hours_utc": ""}, "Write windows like"),
    ],
)
def test_a_setting_that_cannot_be_meant_stops_the_start_and_names_the_fix(values: dict[str, object], said: str) -> None:
    """A check that is silently not there is the worst of all."""
    with pytest.raises(ConfigError, match=said):
        active(**values)
