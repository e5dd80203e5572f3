"""The contract between Helix and a venue.

Every call that asks a question raises ExchangeUnavailable (RateLimited when the venue asks for a pause) when it got no
usable answer, and AuthenticationFailed when the key is not accepted. Every call that places or cancels ends in one of
three ways: it returns (done), raises OrderRefused (the venue said no) or raises OrderOutcomeUnknown (nobody knows).
No implementation ever sends an order twice, retries one, or waits for a poll before it sends one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from helix_core.errors import OrderRefused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime
    from decimal import Decimal

    from helix_core.config import TradingMode
    from helix_core.domain.market import Balances, Instrument, OrderBook, Ticker
    from helix_core.domain.order import (
        ApprovedOrder,
        ExitOrder,
        Fill,
        OrderRef,
        OrderReport,
        OrderStatus,
        ProtectiveOrder,
    )
    from helix_core.domain.signal import Action

IN_HAND: ContextVar[bool] = ContextVar("helix_in_hand", default=False)
"""True while a question belongs to an order or a position in hand, not to a poll: the worker says so of all it asks.

A driver whose venue counts questions strictly lets these go first. Tasks started meanwhile inherit it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a venue and its driver can do.

    `testnet`: the venue has a public test environment. `entry_carries_stop`: the stop is sent with the entry itself.
    `order_fence_s`: seconds after sending from which an order that is not found can no longer appear.
    `stops_lock_funds`: a resting stop locks the coins it would sell, so that a second one over them is refused.
    `one_open_order_per_id`: no second order is taken under the client order id of one that rests.
    `balance_poll_s`, `orders_poll_s`: how often Helix asks for the balance, and for the open orders while a stop must
    be resting. A driver whose venue counts questions strictly asks less often; the core trusts an answer that longer.
    `streams`: `order_events` works.
    """

    testnet: bool
    entry_carries_stop: bool
    order_fence_s: float
    stops_lock_funds: bool = False
    one_open_order_per_id: bool = False
    balance_poll_s: float = 5.0
    orders_poll_s: float = 1.0
    streams: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPermissions:
    """What the API key may do. `applicable` is False where the environment cannot say (a testnet)."""

    applicable: bool
    can_trade: bool
    can_withdraw: bool
    detail: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOrder:
    """An order resting at the venue, Helix's own or a human's. `stop_price` is None for an order without one."""

    venue_order_id: str
    client_order_id: str
    symbol: str
    side: Action
    remaining: Decimal
    stop_price: Decimal | None
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastOrder:
    """An order in the venue's own list of them, open or over, Helix's or a human's. `at` is when the venue took it."""

    venue_order_id: str
    client_order_id: str
    symbol: str
    side: Action
    filled: Decimal
    status: OrderStatus
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """Something happened to an order, says the venue's stream: a hint where to look. The truth is asked for."""

    venue_order_id: str
    client_order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Base units of one symbol that the account holds, free and locked, whoever bought them."""

    symbol: str
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LineState:
    """What a driver knows of its line to the venue without asking; None where it does not know.

    `clock_offset_s` as last measured: seconds by which this machine's clock is ahead. `budget_left`: which part of the
    questions that the venue allows is still unused, from 1 (all) to 0 (none).
    """

    clock_offset_s: float | None = None
    budget_left: float | None = None


class ExchangeClient(ABC):
    """One account at one venue. `name` is what ACTIVE_EXCHANGE says, `label` what people call it."""

    name: ClassVar[str]
    label: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    key_advice: ClassVar[Mapping[TradingMode, str]] = {}
    """Where the owner gets a key for each mode, and with which rights: `helix init` says it when it asks for one."""

    @abstractmethod
    async def connect(self) -> None:
        """Open the session and learn what every later call needs. Raises as a question does."""

    @abstractmethod
    async def disconnect(self) -> None:
        """Close the session. Calling it twice, or before `connect`, is fine."""

    def line_state(self) -> LineState:
        """What is known of the line to the venue, without asking. Never raises."""
        return LineState()

    @abstractmethod
    async def clock_offset_s(self) -> float:
        """Seconds by which this machine's clock is ahead of the venue's (negative: behind), half the trip taken off."""

    @abstractmethod
    async def key_permissions(self) -> KeyPermissions:
        """Ask the venue what the key may do. A field the venue leaves out counts as the dangerous answer."""

    @abstractmethod
    async def instrument(self, symbol: str) -> Instrument:
        """Ask the venue for the market's rules and this account's taker fee. Raises DataMissing for an unknown one."""

    @abstractmethod
    async def get_ticker(self, symbol: str) -> Ticker:
        """Ask for best bid, best ask and last price."""

    @abstractmethod
    async def order_book(self, symbol: str) -> OrderBook:
        """Ask for the best levels of the book, as deep as the venue tells in one answer."""

    async def make_room(self) -> None:
        """Return once the venue will answer all that an entry and its stop may ask of it. Raises RateLimited.

        Called before an entry, while nothing is open. Only a venue that counts questions strictly needs it.
        """

    @abstractmethod
    async def get_balance(self) -> Balances:
        """Ask for all holdings, free and locked."""

    @abstractmethod
    async def get_open_positions(self) -> tuple[Holding, ...]:
        """Ask what the account holds in the base coin of the traded symbol; empty when nothing."""

    @abstractmethod
    async def open_orders(self, symbol: str) -> tuple[OpenOrder, ...]:
        """Ask for every order resting at the venue for `symbol`, Helix's and others'."""

    @abstractmethod
    async def recent_orders(self, symbol: str, since: datetime) -> tuple[PastOrder, ...]:
        """Ask for every order of the account for `symbol` that the venue took at or after `since`, oldest first.

        Whole or not at all: DataMissing when the venue's answer may have left some out.
        """

    def order_events(self, symbol: str) -> AsyncIterator[OrderEvent | None]:
        """News of this account's orders for `symbol`, for as long as one connection to the venue's stream lasts.

        Yields None once the venue has confirmed the subscription: from there on no change is missed. Raises
        ExchangeUnavailable when the connection ends or falls silent, AuthenticationFailed when the key may not listen.
        Without `capabilities.streams` there is none.
        """
        raise NotImplementedError(f"{self.label} has no stream of orders for {symbol}")

    @abstractmethod
    async def find_order(self, ref: OrderRef) -> OrderReport | None:
        """Look an order up by Helix's own id. None: the venue answered that it knows no such order *now*."""

    @abstractmethod
    async def get_fills(self, symbol: str, venue_order_ids: tuple[str, ...]) -> tuple[Fill, ...]:
        """Ask for every execution of these orders with fees, oldest first."""

    @abstractmethod
    async def place_market_order(self, order: ApprovedOrder | ExitOrder) -> OrderReport:
        """Send one market order, once. `fills` is set where the answer carried them with their fees."""

    async def place_entry_with_stop(self, order: ApprovedOrder) -> OrderReport:
        """Send one entry with its stop in one request, as `order.bracket` says; the report is the entry's.

        All of it is bought at no more than the bracket's limit, or nothing. The venue places the stop with the fill:
        find it by the bracket's `stop_client_order_id`. Only for an instrument with `atomic_entry`.
        """
        raise OrderRefused(f"{self.label} takes no entry with its stop in one request: {order.client_order_id}")

    @abstractmethod
    async def place_oco_order(self, order: ProtectiveOrder) -> OrderReport:
        """Cover `quantity` with stops on the venue, whatever the venue calls them. StopWouldTrigger: too late.

        Stops that the venue attached to the entry by itself count: only a shortfall is placed.
        """

    @abstractmethod
    async def cancel_order(self, ref: OrderRef) -> OrderReport:
        """Cancel the order with everything linked to it, and return only when the venue confirms that it is final.

        An order that filled meanwhile is not an error: the report says FILLED.
        """
