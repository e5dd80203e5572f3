"""A position is a pure fold of fills; so is what a trade earned."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.domain.signal import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from helix_core.domain.market import Instrument
    from helix_core.domain.order import Fill


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What a trade's fills add up to.

    `bought` and `sold` are base units executed, `held` what is left in the account after fees taken in the base
    coin; `cost` and `proceeds` are quote; `quote_fees` are fees taken in quote. `other_fees` are those taken in third
    coins, each with the quote value of the fills it was taken for. `opened_at` is the time of the first fill.
    """

    bought: Decimal
    sold: Decimal
    held: Decimal
    cost: Decimal
    proceeds: Decimal
    quote_fees: Decimal
    other_fees: Mapping[str, tuple[Decimal, Decimal]]
    opened_at: datetime | None = None

    @property
    def entry_price(self) -> Decimal:
        """Average price paid, before fees. Raises ZeroDivisionError when nothing was bought."""
        return self.cost / self.bought

    @property
    def exit_price(self) -> Decimal:
        """Average price received, before fees. Raises ZeroDivisionError when nothing was sold."""
        return self.proceeds / self.sold

    def pnl(self, rates: Mapping[str, Decimal], taker_fee: Decimal) -> Decimal:
        """Quote that came in less quote that went out, all fees included.

        `rates` values third coins in quote per unit. A fee in a coin without a rate counts as the full `taker_fee` of
        its fills, which a discount coin never exceeds: an unknown cost is never taken for zero. Dust below one lot
        that could not be sold counts as nothing.
        """
        third = Decimal(0)
        for coin, (fee, value) in self.other_fees.items():
            third += fee * rates[coin] if coin in rates else value * taker_fee
        return self.proceeds - self.cost - self.quote_fees - third


def fold(fills: Iterable[Fill], instrument: Instrument) -> Position:
    """Add up one trade's fills."""
    zero = Decimal(0)
    bought = sold = held = cost = proceeds = quote_fees = zero
    other_fees: dict[str, tuple[Decimal, Decimal]] = {}
    opened_at: datetime | None = None
    for fill in fills:
        opened_at = opened_at or fill.at
        value = fill.price * fill.quantity
        if fill.side is Action.BUY:
            bought, held, cost = bought + fill.quantity, held + fill.quantity, cost + value
        else:
            sold, held, proceeds = sold + fill.quantity, held - fill.quantity, proceeds + value
        if fill.fee_currency == instrument.base:
            held -= fill.fee
        elif fill.fee_currency == instrument.quote:
            quote_fees += fill.fee
        elif fill.fee:
            fee, of_value = other_fees.get(fill.fee_currency, (zero, zero))
            other_fees[fill.fee_currency] = (fee + fill.fee, of_value + value)
    return Position(
        bought=bought,
        sold=sold,
        held=held,
        cost=cost,
        proceeds=proceeds,
        quote_fees=quote_fees,
        other_fees=other_fees,
        opened_at=opened_at,
    )
