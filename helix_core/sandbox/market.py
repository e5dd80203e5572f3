"""A market at the simulated venue: its rules, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from helix_core.sandbox.orders import OrderType
from helix_core.sandbox.refusal import Reason, Refused

if TYPE_CHECKING:
    from decimal import Decimal

    from helix_core.sandbox.book import Book
    from helix_core.sandbox.orders import NewOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """The rules of one pair. Quantities in base units, prices in quote per base, notionals in quote.

    `price_ratios` are the least and the most a limit price may be of the last price. `max_notional` does not bind
    market orders. None: no such rule. `stops_go_off_at_once`: a stop that the price has already passed is carried
    out, where other venues refuse it.
    """

    symbol: str
    native_id: str
    price_tick: Decimal
    lot_step: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    max_market_quantity: Decimal
    min_notional: Decimal
    max_notional: Decimal | None = None
    max_price: Decimal | None = None
    price_ratios: tuple[Decimal, Decimal] | None = None
    max_orders: int = 200
    max_stops: int = 5
    max_lists: int = 20
    stops_go_off_at_once: bool = False

    @property
    def base(self) -> str:
        """The coin that is bought and sold."""
        return self.symbol.split("/")[0]

    @property
    def quote(self) -> str:
        """The coin that is paid with."""
        return self.symbol.split("/")[1]

    def check(self, new: NewOrder, last: Decimal) -> None:
        """Raise Refused when `new` breaks a rule while the price is `last`."""
        for price in (new.price, new.stop_price):
            if price is not None:
                self._check_price(price)
        if self.price_ratios and new.price is not None:
            lowest, highest = (ratio * last for ratio in self.price_ratios)
            if not lowest <= new.price <= highest:
                raise Refused(Reason.PRICE_RANGE, f"{new.price} is not between {lowest} and {highest}")
        if new.quantity is not None:
            self._check_quantity(new, new.quantity)
        self._check_notional(new, last)

    def _check_price(self, price: Decimal) -> None:
        too_high = self.max_price is not None and price > self.max_price
        if price <= 0 or price % self.price_tick or too_high:
            raise Refused(Reason.PRICE_STEP, f"{price} is not a price on a tick of {self.price_tick}")

    def _check_quantity(self, new: NewOrder, quantity: Decimal) -> None:
        if not self.min_quantity <= quantity <= self.max_quantity or quantity % self.lot_step:
            raise Refused(Reason.LOT_SIZE, f"{quantity} is not a lot of {self.lot_step}")
        if new.type is OrderType.MARKET and quantity > self.max_market_quantity:
            raise Refused(Reason.MARKET_LOT_SIZE, f"{quantity} is more than {self.max_market_quantity}")

    def _check_notional(self, new: NewOrder, last: Decimal) -> None:
        """An order is worth its own price times its quantity; a stop counts at its trigger, the strictest reading."""
        notional = new.quote_quantity if new.quantity is None else new.quantity * (new.own_price or last)
        assert notional is not None, "an order states its size"
        too_much = self.max_notional is not None and new.own_price is not None and notional > self.max_notional
        if notional < self.min_notional or too_much:
            raise Refused(Reason.NOTIONAL, f"{notional} is not between {self.min_notional} and {self.max_notional}")


@dataclass(slots=True, kw_only=True)
class Listing:
    """A market as it stands: the last price, the shape of its book and whether it trades."""

    market: Market
    last: Decimal
    book: Book
    trading: bool = True
    opening: Decimal = field(init=False)
    highest: Decimal = field(init=False)
    lowest: Decimal = field(init=False)

    def __post_init__(self) -> None:
        """Open the day at the first price."""
        self.opening = self.highest = self.lowest = self.last

    @property
    def bid(self) -> Decimal:
        """Best price to sell at."""
        return self.book.bids(self.last)[0].price

    @property
    def ask(self) -> Decimal:
        """Best price to buy at."""
        return self.book.asks(self.last)[0].price

    def trade_at(self, price: Decimal) -> None:
        """Move the last price. Raises Refused for one that is not on the tick."""
        if price <= self.market.price_tick * self.book.spread_ticks or price % self.market.price_tick:
            raise Refused(Reason.PRICE_STEP, f"{price} is not a price: use a multiple of {self.market.price_tick}")
        self.last = price
        self.highest, self.lowest = max(self.highest, price), min(self.lowest, price)
