"""Everything that ever happened at the simulated venue. Nothing in it is changed or removed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from helix_core.errors import InvariantBroken
from helix_core.sandbox.feed import Change, Feed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from helix_core.domain.signal import Action
    from helix_core.sandbox.orders import Order, OrderList

MOST_ENTRIES = 2_000_000
"""A ledger that forgets would prove nothing: rather than drop an entry it stops the venue."""


class Cause(StrEnum):
    """Why a balance moved."""

    FILL = "fill"
    FEE = "fee"
    HOLD = "hold"
    RELEASE = "release"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One fill: `quantity` base units at `price` quote per base, `fee` charged in `fee_currency`."""

    execution_id: int
    order_id: int
    symbol: str
    side: Action
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_currency: str
    maker: bool
    at: datetime

    @property
    def notional(self) -> Decimal:
        """What was paid or received in quote, before the fee."""
        return self.price * self.quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One change of a balance: `free` and `locked` are what was added to each."""

    currency: str
    free: Decimal
    locked: Decimal
    cause: Cause
    by: str
    at: datetime


class Ledger:
    """Appends, and answers questions. `initial` is what the account began with, `feed` tells of changed orders."""

    def __init__(self, initial: Mapping[str, Decimal]) -> None:
        """Begin with balances that nobody has traded yet."""
        self.initial: Mapping[str, Decimal] = MappingProxyType(dict(initial))
        self._movements: list[Movement] = []
        self._executions: list[Execution] = []
        self._versions: list[Order] = []
        self._orders: dict[int, Order] = {}
        self._open: dict[int, Order] = {}
        self._lists: dict[int, OrderList] = {}
        self._by_order: defaultdict[int, list[Execution]] = defaultdict(list)
        self.feed = Feed()

    @property
    def movements(self) -> tuple[Movement, ...]:
        """Every change of a balance, oldest first."""
        return tuple(self._movements)

    @property
    def versions(self) -> tuple[Order, ...]:
        """Every state of every order, in the order in which they came about."""
        return tuple(self._versions)

    @property
    def orders(self) -> tuple[Order, ...]:
        """Every order as it stands, oldest first."""
        return tuple(self._orders.values())

    @property
    def lists(self) -> tuple[OrderList, ...]:
        """Every pair of orders, oldest first."""
        return tuple(self._lists.values())

    @property
    def executions(self) -> tuple[Execution, ...]:
        """Every fill, oldest first."""
        return tuple(self._executions)

    def executions_of(self, order_id: int) -> tuple[Execution, ...]:
        """The fills of one order, oldest first."""
        return tuple(self._by_order[order_id])

    def open_orders(self, symbol: str) -> tuple[Order, ...]:
        """Orders that can still fill, oldest first."""
        return tuple(order for order in self._open.values() if order.symbol == symbol)

    def order(self, order_id: int) -> Order | None:
        """The order as it stands, or None."""
        return self._orders.get(order_id)

    def order_list(self, list_id: int) -> OrderList | None:
        """The pair of orders, or None."""
        return self._lists.get(list_id)

    def legs(self, pair: OrderList) -> tuple[Order, ...]:
        """The orders of a pair as they stand, the stop first."""
        return tuple(self._orders[order_id] for order_id in pair.order_ids)

    def add_order(self, order: Order) -> Order:
        """Record a new order or a new state of one, and tell the feed."""
        self._make_room(len(self._versions))
        before = self._orders.get(order.order_id)
        filled = before is not None and order.executed > before.executed
        self._versions.append(order)
        self._orders[order.order_id] = order
        if order.open:
            self._open[order.order_id] = order
        else:
            self._open.pop(order.order_id, None)
        self.feed.tell(Change(order=order, before=before, fill=self._by_order[order.order_id][-1] if filled else None))
        return order

    def add_list(self, pair: OrderList) -> OrderList:
        """Record a pair of orders."""
        self._lists[pair.list_id] = pair
        return pair

    def add_execution(self, execution: Execution) -> None:
        """Record a fill."""
        self._make_room(len(self._executions))
        self._executions.append(execution)
        self._by_order[execution.order_id].append(execution)

    def add_movement(self, movement: Movement) -> None:
        """Record a change of a balance."""
        self._make_room(len(self._movements))
        self._movements.append(movement)

    @staticmethod
    def _make_room(entries: int) -> None:
        if entries >= MOST_ENTRIES:
            message = f"the ledger holds {MOST_ENTRIES} entries: start a new sandbox"
            raise InvariantBroken(message)
