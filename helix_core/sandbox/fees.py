"""What the simulated venue charges, and in which coin."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import TYPE_CHECKING, NamedTuple

from helix_core.domain.signal import Action

if TYPE_CHECKING:
    from helix_core.sandbox.market import Market
    from helix_core.sandbox.orders import Order

SMALLEST = Decimal("1E-8")
"""Fees are charged in whole hundred-millionths of a coin."""


class Money(NamedTuple):
    """An amount in a currency."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeCoin:
    """A third coin that pays fees while the account has enough of it.

    `price` is quote per coin; `discount` is the part of the fee that is waived (0.25 is a quarter).
    """

    currency: str
    price: Decimal
    discount: Decimal = Decimal("0.25")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees:
    """Rates as ratios (0.001 is 0.1 %). A sell pays in quote; a buy in base, or in quote with `buys_pay_in_quote`.

    Fees in quote are cut to a whole `quote_step`, a power of ten.
    """

    taker: Decimal = Decimal("0.001")
    maker: Decimal = Decimal("0.001")
    buys_pay_in_quote: bool = False
    quote_step: Decimal = SMALLEST
    coin: FeeCoin | None = None

    def charge(self, market: Market, order: Order, notional: Decimal, quantity: Decimal, *, maker: bool) -> Money:
        """The fee for one fill of `order` in a currency of the pair."""
        rate = self.maker if maker else self.taker
        if order.side is Action.BUY and (order.fee_in_base or not self.buys_pay_in_quote):
            return Money(_whole(quantity * rate, ROUND_DOWN), market.base)
        return Money(_whole(notional * rate, ROUND_DOWN, self.quote_step), market.quote)

    def charge_in_coin(self, notional: Decimal, free: Decimal, *, maker: bool) -> Money | None:
        """The fee for one fill in the third coin; None without one, or when the `free` amount of it is too small."""
        if self.coin is None:
            return None
        rate = (self.maker if maker else self.taker) * (1 - self.coin.discount)
        amount = _whole(notional * rate / self.coin.price, ROUND_DOWN)
        return Money(amount, self.coin.currency) if amount <= free else None

    def reserve(self, side: Action, notional: Decimal) -> Decimal:
        """Quote that must be there beside the price of a buy to pay its fee."""
        if side is Action.SELL or not self.buys_pay_in_quote:
            return Decimal(0)
        return _whole(notional * max(self.taker, self.maker), ROUND_UP)


def _whole(amount: Decimal, rounding: str, step: Decimal = SMALLEST) -> Decimal:
    return amount.quantize(step, rounding=rounding)
