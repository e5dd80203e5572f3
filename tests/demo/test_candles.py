"""The recorded market is whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from helix_core.cli.demo.candles import INTERVAL, recorded_candles


def test_the_extract_is_the_one_that_sources_md_describes() -> None:
    candles = recorded_candles()

    assert len(candles) == 384
    assert candles[0].opened_at == datetime(2024, 4, 3, 18, 0, tzinfo=UTC)
    assert candles[-1].opened_at == datetime(2024, 4, 5, 1, 55, tzinfo=UTC)
    assert candles[-1].opened_at - candles[0].opened_at == 383 * INTERVAL
    assert (candles[0].open, candles[-1].close) == (Decimal("65952.0"), Decimal("68160.0"))


def test_a_candle_whose_close_lies_outside_its_range_is_refused() -> None:
    candle = recorded_candles()[0]

    with pytest.raises(ValueError, match="2024-04-03 18:00: the prices do not make a candle"):
        replace(candle, close=candle.high + 1)
