"""The recorded market of the demo: real 5-minute candles, shipped with the package (see SOURCES.md)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING

from helix_core.domain.money import exact

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

SYMBOL = "BTC/USDT"
INTERVAL = timedelta(minutes=5)
_FILE = "candles_btcusdt_5m.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candle:
    """One closed candle. Prices in quote per base, `volume` in base units, `opened_at` aware UTC."""

    opened_at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal

    def __post_init__(self) -> None:
        """Refuse a candle that no market can have made."""
        if not 0 < self.low <= min(self.open, self.close) <= max(self.open, self.close) <= self.high:
            message = f"{self.opened_at:%Y-%m-%d %H:%M}: the prices do not make a candle"
            raise ValueError(message)


def recorded_candles() -> tuple[Candle, ...]:
    """All candles, oldest first, without a gap. Raises ValueError when the file was damaged."""
    with files(__package__).joinpath(_FILE).open(encoding="ascii") as text:
        candles = tuple(_candle(row) for row in csv.DictReader(text))
    for earlier, later in pairwise(candles):
        if later.opened_at - earlier.opened_at != INTERVAL:
            message = f"{_FILE}: no candle follows {earlier.opened_at:%Y-%m-%d %H:%M}"
            raise ValueError(message)
    return candles


def _candle(row: Mapping[str, str]) -> Candle:
    return Candle(
        opened_at=datetime.fromtimestamp(int(row["ts"]) // 1000, UTC),
        open=exact(row["open"]),
        high=exact(row["high"]),
        low=exact(row["low"]),
        close=exact(row["close"]),
        volume=exact(row["volume"]),
    )
