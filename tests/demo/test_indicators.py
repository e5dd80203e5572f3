"""The indicators give the figures that others published or that the definition gives."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helix_core.cli.demo.indicators import Rsi, ema, rma

# StockCharts' ChartSchool, "Relative Strength Index" and "Moving Averages": closes and the results printed there.
RSI_CLOSES = (
    "44.3389 44.0902 44.1497 43.6124 44.3278 44.8264 45.0955 45.4245 45.8433 46.0826 45.8931 46.0328 45.6140 46.2820 "
    "46.2820 46.0028 46.0328 46.4116 46.2222 45.6439 46.2122 46.2521 45.7137 46.4515 45.7835 45.3548 44.0288 44.1783 "
    "44.2181 44.5672 43.4205 42.6628 43.1314"
)
RSI_14 = (
    "70.53 66.32 66.55 69.41 66.36 57.97 62.93 63.26 56.06 62.38 54.71 50.42 39.99 41.46 41.87 45.46 37.30 33.08 37.77"
)
EMA_CLOSES = (
    "22.2734 22.1940 22.0847 22.1741 22.1840 22.1344 22.2337 22.4323 22.2436 22.2933 22.1542 22.3926 22.3816 22.6109 "
    "23.3558"
)
EMA_10 = "22.22 22.21 22.24 22.27 22.33 22.52"

prices = st.lists(st.decimals(min_value=1, max_value=100_000, places=2), min_size=30, max_size=60)


def decimals(text: str) -> list[Decimal]:
    return [Decimal(word) for word in text.split()]


def test_rsi_gives_the_published_figures() -> None:
    rsi = Rsi(14)

    values = [rsi.add(close) for close in decimals(RSI_CLOSES)]

    assert values[:14] == [None] * 14
    assert [round(value, 2) for value in values[14:] if value is not None] == decimals(RSI_14)


def test_ema_gives_the_published_figures() -> None:
    average = ema(10)

    values = [average.add(close) for close in decimals(EMA_CLOSES)]

    assert values[:9] == [None] * 9
    assert [round(value, 2) for value in values[9:] if value is not None] == decimals(EMA_10)


@given(prices)
def test_both_averages_equal_their_definition_in_exact_fractions(closes: list[Decimal]) -> None:
    for length, weight, average in ((9, Fraction(2, 10), ema(9)), (14, Fraction(1, 14), rma(14))):
        expected = Fraction(sum(closes[:length])) / length
        for close in closes[length:]:
            expected = weight * Fraction(close) + (1 - weight) * expected

        values = [average.add(close) for close in closes]

        assert values[-1] is not None
        assert abs(Fraction(values[-1]) - expected) < Fraction(1, 10**15)


@pytest.mark.parametrize(("step", "expected"), [(1, 100), (-1, 0)], ids=["only ups", "only downs"])
def test_rsi_of_a_one_way_market_is_the_end_of_the_scale(step: int, expected: int) -> None:
    rsi = Rsi(14)

    values = [rsi.add(Decimal(1000 + step * number)) for number in range(20)]

    assert values[-1] == expected
