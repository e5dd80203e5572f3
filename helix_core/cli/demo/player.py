"""Plays recorded candles into the sandbox venue: the market of the demo."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helix_core.cli.demo.candles import Candle

_STEPS = 5
_CENT = Decimal("0.01")


def price_path(candle: Candle) -> Iterator[Decimal]:
    """Prices of one candle in time: first to the extreme that its direction makes likelier, then to the other."""
    extremes = (candle.low, candle.high) if candle.close >= candle.open else (candle.high, candle.low)
    for start, end in pairwise((candle.open, *extremes, candle.close)):
        for step in range(1, _STEPS + 1):
            yield (start + (end - start) * step / _STEPS).quantize(_CENT)
