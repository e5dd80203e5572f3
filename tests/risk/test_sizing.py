"""Sizes: the specification's example, and what holds for every account, price and market."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from helix_core import Instrument, OrderNotAllowed, RiskLimits
from helix_core.risk import size_entry, stop_price, take_profit_price
from tests.risk.conftest import INSTRUMENT, LIMITS

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


def decimals(low: str, high: str, places: int) -> SearchStrategy[Decimal]:
    return st.decimals(min_value=low, max_value=high, places=places, allow_nan=False, allow_infinity=False)


STEPS = st.sampled_from([Decimal(step) for step in ("0.00000001", "0.00001", "0.001", "0.25", "1", "50")])

instruments = st.builds(
    replace,
    st.just(INSTRUMENT),
    lot_step=STEPS,
    price_tick=STEPS,
    max_quantity=decimals("0.5", "5000", 3),
    taker_fee=decimals("0", "0.01", 4),
)
limits = st.builds(
    replace, st.just(LIMITS), risk_per_trade_pct=decimals("0.01", "5", 2), stop_loss_pct=decimals("0.1", "50", 2)
)
money = decimals("0", "10000000", 8)
prices = decimals("0.001", "200000", 8)


def test_the_specifications_example() -> None:
    size = size_entry(
        equity_quote=Decimal(10000),
        free_quote=Decimal(10000),
        ask=Decimal(64210),
        limits=LIMITS,
        instrument=INSTRUMENT,
    )

    assert size == Decimal("0.07786")  # 5,000 of notional: 0.078 BTC, 100 at risk at the stop
    assert round(size, 3) == Decimal("0.078")
    assert round(size * Decimal(64210) * 2 / 100) == 100


@pytest.mark.parametrize(
    ("equity", "free", "expected"),
    [
        ("10000", "0", "0"),
        ("0", "10000", "0"),
        ("-5", "-5", "0"),
        ("10000", "1001", "9.95"),  # the cash decides: 1001 x 0.995 / 1.001 / 100
        ("10000", "10000", "50"),  # the risk decides
        ("1000000", "1000000", "100"),  # the largest market order decides
        ("0.001", "0.001", "0.00000"),
    ],
)
def test_what_decides_the_size(equity: str, free: str, expected: str) -> None:
    size = size_entry(
        equity_quote=Decimal(equity),
        free_quote=Decimal(free),
        ask=Decimal(100),
        limits=LIMITS,
        instrument=INSTRUMENT,
    )

    assert size == Decimal(expected)


@settings(max_examples=300, deadline=None)
@given(equity=money, free=money, ask=prices, limits=limits, instrument=instruments)
def test_a_size_is_affordable_legal_and_risks_no_more_than_asked(
    equity: Decimal, free: Decimal, ask: Decimal, limits: RiskLimits, instrument: Instrument
) -> None:
    size = size_entry(equity_quote=equity, free_quote=free, ask=ask, limits=limits, instrument=instrument)

    assert size >= 0
    assert size % instrument.lot_step == 0
    assert size <= instrument.max_quantity
    assert size * ask * (1 + instrument.taker_fee) <= free
    loss_at_stop = size * (ask - stop_price(ask, limits, instrument))
    assert loss_at_stop <= equity * limits.risk_per_trade_pct / 100


@settings(max_examples=200, deadline=None)
@given(equity=money, ask=prices, limits=limits, instrument=instruments)
def test_one_lot_more_would_break_a_limit(
    equity: Decimal, ask: Decimal, limits: RiskLimits, instrument: Instrument
) -> None:
    size = size_entry(equity_quote=equity, free_quote=equity, ask=ask, limits=limits, instrument=instrument)

    more = size + instrument.lot_step
    too_risky = more * ask * limits.stop_loss_pct > equity * limits.risk_per_trade_pct
    too_dear = more * ask * (1 + instrument.taker_fee) > equity * Decimal("0.995")
    assert too_risky or too_dear or more > instrument.max_quantity


@settings(max_examples=200, deadline=None)
@given(price=prices, limits=limits, instrument=instruments)
def test_a_stop_is_on_the_tick_and_never_further_away_than_asked(
    price: Decimal, limits: RiskLimits, instrument: Instrument
) -> None:
    stop = stop_price(price, limits, instrument)

    wanted = price * (1 - limits.stop_loss_pct / 100)
    assert stop % instrument.price_tick == 0
    assert wanted <= stop < wanted + instrument.price_tick


def test_the_stop_of_the_specifications_message() -> None:
    assert stop_price(Decimal("64210.50"), LIMITS, INSTRUMENT) == Decimal("62926.29")


@pytest.mark.parametrize(
    ("ratio", "tick", "expected"),
    [
        (None, "0.01", "200.50"),
        ("5", "0.01", "200.50"),
        ("2", "0.01", "180.45"),
        ("1.2", "0.1", "108.2"),
        ("1.2", "50", None),
        ("1.11", "0.01", None),
    ],
)
def test_the_far_leg_is_twice_the_price_or_as_far_as_the_venue_lets_it(
    ratio: str | None, tick: str, expected: str | None
) -> None:
    market = replace(INSTRUMENT, max_price_ratio=None if ratio is None else Decimal(ratio), price_tick=Decimal(tick))

    if expected is None:
        with pytest.raises(OrderNotAllowed, match="BTC/USDT"):
            take_profit_price(Decimal("100.25"), market)
    else:
        assert take_profit_price(Decimal("100.25"), market) == Decimal(expected)


@settings(max_examples=100, deadline=None)
@given(price=prices, instrument=instruments)
def test_the_far_leg_is_always_above_the_price_and_on_the_tick(price: Decimal, instrument: Instrument) -> None:
    assume(price >= instrument.price_tick)

    far = take_profit_price(price, instrument)

    assert far > price
    assert far % instrument.price_tick == 0
