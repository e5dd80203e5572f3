"""Orders of the simulated venue: what is asked for, what it became, and pairs of them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from helix_core.domain.order import OrderStatus
from helix_core.domain.signal import Action

if TYPE_CHECKING:
    from datetime import datetime


class OrderType(StrEnum):
    """The kinds of order the venue knows. LIMIT_MAKER is a limit order that may only rest (post only).

    STOP_LOSS and TAKE_PROFIT wait for a trigger and then go to market.
    """

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    LIMIT_MAKER = "LIMIT_MAKER"
    STOP_LOSS = "STOP_LOSS"
    TAKE_PROFIT = "TAKE_PROFIT"

    def reached(self, side: Action, trigger: Decimal, last: Decimal) -> bool:
        """Whether a trade at `last` sets off an order that waits for `trigger`.

        A sell stop goes off at or below it and a buy stop at or above; a take-profit the other way round.
        """
        falling = (side is Action.SELL) is (self is OrderType.STOP_LOSS)
        return last <= trigger if falling else last >= trigger


class TimeInForce(StrEnum):
    """How long a limit order lives: until cancelled, only for an instant, or all at once or not at all."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class ExpiryReason(StrEnum):
    """Why an order ended without anybody cancelling it."""

    SIBLING_TRIGGERED = "sibling_triggered"
    NO_LIQUIDITY = "no_liquidity"
    IOC_REMAINDER = "ioc_remainder"
    FOK_UNFILLED = "fok_unfilled"
    NO_FUNDS = "no_funds"
    ENTRY_UNFILLED = "entry_unfilled"
    NOT_ADMITTED = "not_admitted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """A template: every fill of the order that carries it places one order of this kind, opposite and as large."""

    type: OrderType
    price: Decimal | None = None
    stop_price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """An order as it is sent in.

    `quantity` in base units; a MARKET order may state `quote_quantity` in its place. `price` is a limit,
    `stop_price` a trigger. `client_id` None lets the venue choose one. `fee_in_base` makes a buy pay in coins where
    buys pay in quote.
    """

    symbol: str
    side: Action
    type: OrderType
    quantity: Decimal | None = None
    quote_quantity: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    client_id: str | None = None
    close: Close | None = None
    fee_in_base: bool = False

    def __post_init__(self) -> None:
        """A plain word for a side would be taken for the other one: raises TypeError, and ValueError for no size."""
        if not isinstance(self.side, Action) or not isinstance(self.type, OrderType):
            message = f"side and type are an Action and an OrderType, not {self.side!r} and {self.type!r}"
            raise TypeError(message)
        if (self.quantity is None) == (self.quote_quantity is None):
            message = "an order states quantity or quote_quantity, one of the two"
            raise ValueError(message)

    @property
    def own_price(self) -> Decimal | None:
        """The price it names: its limit, else its trigger; None for a market order."""
        return self.price or self.stop_price


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One state of an order the venue accepted. `executed` is base units, `quote_executed` what they cost or brought.

    `working_at` is None while a stop waits for its trigger. `list_id` is set for an order in a list, `parent_id` for an
    order that a fill of another one placed. While `pending`, a leg of a list is not at the market yet.
    """

    order_id: int
    client_id: str
    symbol: str
    side: Action
    type: OrderType
    quantity: Decimal
    quote_quantity: Decimal | None
    price: Decimal | None
    stop_price: Decimal | None
    time_in_force: TimeInForce
    list_id: int | None
    created_at: datetime
    updated_at: datetime
    working_at: datetime | None
    status: OrderStatus = OrderStatus.OPEN
    expiry_reason: ExpiryReason | None = None
    executed: Decimal = Decimal(0)
    quote_executed: Decimal = Decimal(0)
    close: Close | None = None
    parent_id: int | None = None
    fee_in_base: bool = False
    pending: bool = False

    @property
    def open(self) -> bool:
        """True while the order can still fill."""
        return self.status is OrderStatus.OPEN

    @property
    def own_price(self) -> Decimal | None:
        """The price it names: its limit, else its trigger; None for a market order."""
        return self.price or self.stop_price

    @property
    def remaining(self) -> Decimal:
        """Base units not executed."""
        return self.quantity - self.executed

    @property
    def as_sent(self) -> NewOrder:
        """What would be sent in to have this order."""
        return NewOrder(
            symbol=self.symbol,
            side=self.side,
            type=self.type,
            quantity=self.quantity,
            price=self.price,
            stop_price=self.stop_price,
            client_id=self.client_id,
        )

    @property
    def holder(self) -> str:
        """Who holds the funds: a pair of orders shares one hold."""
        return f"order {self.order_id}" if self.list_id is None else f"list {self.list_id}"

    def triggers_at(self, last: Decimal) -> bool:
        """Whether a trade at `last` sets this order off."""
        if self.stop_price is None or self.pending or not self.open:
            return False
        return self.type.reached(self.side, self.stop_price, last)

    def touched_at(self, last: Decimal) -> bool:
        """Whether a trade at `last` fills this resting limit order."""
        if self.price is None or self.pending or not self.open:
            return False
        return last >= self.price if self.side is Action.SELL else last <= self.price


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderList:
    """One-cancels-the-other: a stop and a limit order over the same coins. `order_ids` names the stop first.

    `entry_id` is the order whose fill placed the pair, where one did.
    """

    list_id: int
    client_id: str
    symbol: str
    order_ids: tuple[int, int]
    created_at: datetime
    entry_id: int | None = None
