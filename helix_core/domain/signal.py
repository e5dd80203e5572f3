"""A trading signal: what someone asks Helix to do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

_SYMBOL = re.compile(r"[A-Z0-9]{2,15}/[A-Z0-9]{2,10}", re.ASCII)


class Action(StrEnum):
    """BUY opens a long position, SELL closes it."""

    BUY = "BUY"
    SELL = "SELL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One signal, read and checked.

    `symbol` is in CCXT form (BTC/USDT). `price` is the sender's, kept for the record: sizing uses the venue's live
    price. `timestamp` is the sender's own time (aware UTC), or None where the message carries none.
    """

    signal_id: str
    action: Action
    symbol: str
    price: Decimal
    timestamp: datetime | None = None
    strategy: str | None = None

    def __post_init__(self) -> None:
        """Keep the promises above."""
        if not isinstance(self.action, Action):
            message = f"an action is Action.BUY or Action.SELL, not {self.action!r}"
            raise TypeError(message)
        if not self.signal_id or not _SYMBOL.fullmatch(self.symbol):
            message = f"not a signal: id {self.signal_id!r}, symbol {self.symbol!r}"
            raise ValueError(message)
        if not (self.price.is_finite() and self.price > 0):
            message = f"a price is positive and finite, not {self.price}"
            raise ValueError(message)
        if self.timestamp is not None and self.timestamp.tzinfo is None:
            message = "a timestamp is aware UTC"
            raise ValueError(message)
