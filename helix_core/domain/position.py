"""A position is a pure fold of fills; so is what a trade earned."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.domain.signal import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from helix_core.domain.market import Instrument
    from helix_core.domain.order import Fill


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What a trade's fills add up to.

    `bought` and `sold` are base units executed, `held` what is left in the account after fees taken in the base
    coin; `cost` and `proceeds` are quote; `quote_fees` holds every fee not taken in base, valued in quote.
    """

    bought: Decimal
    sold: Decimal
    held: Decimal
    cost: Decimal
    proceeds: Decimal
    quote_fees: Decimal

    @property
    def entry_price(self) -> Decimal:
        """Average price paid, before fees. Raises ZeroDivisionError when nothing was bought."""
        return self.cost / self.bought

    @property
    def exit_price(self) -> Decimal:
        """Average price received, before fees. Raises ZeroDivisionError when nothing was sold."""
        return self.proceeds / self.sold

    @property
    def pnl(self) -> Decimal:
        """Quote that came in less quote that went out, fees included: the change of the account's quote balance.

        Dust below one lot that could not be sold counts as nothing.
        """
        return self.proceeds - self.cost - self.quote_fees

    @property
    def pnl_pct(self) -> Decimal:
        """`pnl` as a percentage of the cost."""
        return 100 * self.pnl / self.cost


def fold(fills: Iterable[Fill], instrument: Instrument, rates: Mapping[str, Decimal] | None = None) -> Position:
    """Add up one trade's fills.

    `rates` values a fee taken in a third coin, in quote per unit. Raises KeyError when such a fee has no rate:
    an unknown cost is never taken for zero.
    """
    zero = Decimal(0)
    bought = sold = held = cost = proceeds = quote_fees = zero
    for fill in fills:
        value = fill.price * fill.quantity
        if fill.side is Action.BUY:
            bought, held, cost = bought + fill.quantity, held + fill.quantity, cost + value
        else:
            sold, held, proceeds = sold + fill.quantity, held - fill.quantity, proceeds + value
        if fill.fee_currency == instrument.base:
            held -= fill.fee
        elif fill.fee:
            rate = Decimal(1) if fill.fee_currency == instrument.quote else (rates or {})[fill.fee_currency]
            quote_fees += fill.fee * rate
    return Position(bought=bought, sold=sold, held=held, cost=cost, proceeds=proceeds, quote_fees=quote_fees)
