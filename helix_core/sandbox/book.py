"""A synthetic order book around the last price."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from helix_core.domain.signal import Action


class Level(NamedTuple):
    """So many base units at one price."""

    price: Decimal
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """The shape of the book: the best ask is the last price, the best bid `spread_ticks` below it.

    Behind them stand `levels` levels of `level_quantity` base units each, `step_ticks` apart. The book is whole
    again after every order, so equal orders at an equal price get equal fills.
    """

    tick: Decimal
    spread_ticks: int = 1
    step_ticks: int = 50
    level_quantity: Decimal = Decimal(1)
    levels: int = 50

    def asks(self, last: Decimal) -> list[Level]:
        """What is offered, best (lowest) first."""
        step = self.tick * self.step_ticks
        return [Level(last + step * depth, self.level_quantity) for depth in range(self.levels)]

    def bids(self, last: Decimal) -> list[Level]:
        """What is bid for, best (highest) first; never at a price of zero or less."""
        best, step = last - self.tick * self.spread_ticks, self.tick * self.step_ticks
        prices = (best - step * depth for depth in range(self.levels))
        return [Level(price, self.level_quantity) for price in prices if price > 0]

    def against(self, side: Action, last: Decimal) -> list[Level]:
        """The levels an order of `side` takes from."""
        return self.asks(last) if side is Action.BUY else self.bids(last)

    def walk(self, side: Action, last: Decimal, quantity: Decimal, limit: Decimal | None = None) -> list[Level]:
        """What an order of `quantity` takes, best first, no worse than `limit`; less than asked where the book ends."""
        taken: list[Level] = []
        for price, offered in self.against(side, last):
            beyond = limit is not None and (price > limit if side is Action.BUY else price < limit)
            if quantity <= 0 or beyond:
                break
            taken.append(Level(price, min(offered, quantity)))
            quantity -= taken[-1].quantity
        return taken

    def quantity_for(self, side: Action, last: Decimal, quote: Decimal) -> Decimal:
        """Base units that an amount of quote buys, or that must be sold to receive it."""
        quantity = Decimal(0)
        for price, offered in self.against(side, last):
            part = min(offered, quote / price)
            quantity += part
            quote -= part * price
        return quantity
