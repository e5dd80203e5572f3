"""The paper account: what it holds and the orders it has, one value that is replaced and never changed."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from helix_core import Balance
from helix_plugins.paper.order import PaperOrder

_MOST_FINISHED = 100


class PaperAccount(BaseModel):
    """One account for one pair on one exchange's prices.

    `holdings` are totals by currency; what resting stops lock is part of them. `born` begins every id, so that two
    accounts never use the same one. Finished orders are forgotten when 100 younger ones are there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    exchange: str
    symbol: str
    born: str
    holdings: dict[str, Decimal]
    orders: tuple[PaperOrder, ...] = ()
    orders_made: int = 0
    fills_made: int = 0

    @model_validator(mode="after")
    def _holds_what_it_locks(self) -> PaperAccount:
        for currency in (*self.holdings, self.base):
            if self.balance(currency).free < 0:
                message = f"more {currency} is spent or locked than there is"
                raise ValueError(message)
        return self

    @property
    def base(self) -> str:
        """The coin that is bought and sold."""
        return self.symbol.split("/")[0]

    @property
    def quote(self) -> str:
        """The coin that is paid with."""
        return self.symbol.split("/")[1]

    @property
    def resting(self) -> tuple[PaperOrder, ...]:
        """Stops that can still fill, oldest first."""
        return tuple(order for order in self.orders if order.resting)

    def balance(self, currency: str) -> Balance:
        """What can be spent, and what resting stops hold."""
        held = self.holdings.get(currency, Decimal(0))
        locked = sum((order.locked for order in self.orders), Decimal(0)) if currency == self.base else Decimal(0)
        return Balance(held - locked, locked)

    def find(self, client_order_id: str) -> PaperOrder | None:
        """The order under Helix's own id, or None."""
        return next((order for order in self.orders if order.client_order_id == client_order_id), None)

    def next_order_id(self) -> str:
        """What the next order will be called."""
        return f"paper-{self.born}-{self.orders_made + 1}"

    def added(self, order: PaperOrder) -> PaperAccount:
        """The account with a new order."""
        return self.model_copy(update={"orders": _trimmed((*self.orders, order)), "orders_made": self.orders_made + 1})

    def replaced(self, order: PaperOrder) -> PaperAccount:
        """The account with an order as it stands now."""
        orders = tuple(order if order.order_id == each.order_id else each for each in self.orders)
        return self.model_copy(update={"orders": orders})


def _trimmed(orders: tuple[PaperOrder, ...]) -> tuple[PaperOrder, ...]:
    finished = [order.order_id for order in orders if not order.resting]
    forgotten = set(finished[: max(0, len(finished) - _MOST_FINISHED)])
    return tuple(order for order in orders if order.order_id not in forgotten)
