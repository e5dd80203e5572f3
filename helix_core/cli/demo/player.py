"""Plays recorded candles into the sandbox venue: the market of the demo."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from helix_core.domain.money import floor_to

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from helix_core.cli.demo.candles import Candle

_STEPS = 5


def price_path(candle: Candle, tick: Decimal) -> Iterator[Decimal]:
    """Prices of one candle in time: first to the extreme that its direction makes likelier, then to the other.

    They are on the venue's `tick`, which may be coarser than that of the venue where they were recorded.
    """
    extremes = (candle.low, candle.high) if candle.close >= candle.open else (candle.high, candle.low)
    for start, end in pairwise((candle.open, *extremes, candle.close)):
        for step in range(1, _STEPS + 1):
            yield floor_to(start + (end - start) * step / _STEPS, tick)
