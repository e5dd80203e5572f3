"""What a venue says of a market: the instrument and its rules, the ticker, the balances."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.domain.money import ceil_to, floor_to

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One spot market with the venue's own rules, as read from the venue.

    `lot_step`, `min_quantity`, `max_quantity` (of one market order) are in base units; `price_tick` in quote per
    base; `min_notional` in quote. `taker_fee` is a ratio (0.001 is 0.1 %). `max_price_ratio` caps a limit sell
    above the market (None: the venue states none). `atomic_entry`: an entry can carry its stop in one
    request.
    """

    symbol: str
    base: str
    quote: str
    native_id: str
    trading: bool
    lot_step: Decimal
    price_tick: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    min_notional: Decimal
    taker_fee: Decimal
    max_price_ratio: Decimal | None = None
    atomic_entry: bool = False

    def lots(self, quantity: Decimal) -> Decimal:
        """`quantity` floored to the lot step: never more than asked."""
        return floor_to(quantity, self.lot_step)

    def stop_price(self, price: Decimal) -> Decimal:
        """`price` rounded up to the tick: a long's stop is never further away than asked."""
        return ceil_to(price, self.price_tick)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticker:
    """Best bid and ask and the last price, with the time Helix learnt them (aware UTC)."""

    symbol: str
    bid: Decimal
    ask: Decimal
    last: Decimal
    at: datetime

    def __post_init__(self) -> None:
        """Refuse a book that cannot be true."""
        if not 0 < self.bid <= self.ask:
            message = f"{self.symbol}: bid {self.bid} and ask {self.ask} are not a market"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Level:
    """One price of the order book with the base units that wait there."""

    price: Decimal
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderBook:
    """The best levels of both sides, best first, with the time Helix learnt them (aware UTC)."""

    symbol: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Balance:
    """Holdings in one currency: `free` can be spent, `locked` is held by open orders."""

    free: Decimal
    locked: Decimal

    @property
    def total(self) -> Decimal:
        """Free and locked together."""
        return self.free + self.locked


@dataclass(frozen=True, slots=True, kw_only=True)
class Balances:
    """Every non-zero holding of the account by currency, with the time Helix learnt them (aware UTC)."""

    holdings: Mapping[str, Balance]
    at: datetime

    def of(self, currency: str) -> Balance:
        """Holding in `currency`. The venue lists what is not zero, so a currency it leaves out is zero."""
        return self.holdings.get(currency, Balance(Decimal(0), Decimal(0)))
