"""Orders: the intent, the three kinds that may reach a venue, and what the venue says of them.

Only these three can be sent, and each proves in its constructor that it may be:
an `ApprovedOrder` opens a position and needs a risk report that allows that very intent;
a `ProtectiveOrder` is the stop for what is held; an `ExitOrder` sells at most what is held.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from helix_core.domain.risk import ENTRY_GATES
from helix_core.domain.signal import Action
from helix_core.errors import OrderNotAllowed

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from helix_core.domain.risk import RiskReport


class OrderKind(StrEnum):
    """What an order is for."""

    ENTRY = "entry"
    STOP = "stop"
    EXIT = "exit"


class OrderStatus(StrEnum):
    """The venue's word on an order, in one vocabulary. A word not understood is UNKNOWN, never OPEN."""

    OPEN = "open"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    UNKNOWN = "unknown"

    @property
    def final(self) -> bool:
        """True when the order can fill no more. Look at what was filled: an expired order may hold a fill."""
        return self not in {OrderStatus.OPEN, OrderStatus.UNKNOWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderIntent:
    """An order that somebody wants, before anyone allowed it.

    `quantity` in base units, already on the lot step (zero when no size could be found: no report will allow it).
    `stop_price` is where the protective stop is planned, from the price known now; None for an exit.
    """

    client_order_id: str
    signal_row: int
    signal_id: str
    symbol: str
    side: Action
    quantity: Decimal
    stop_price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """What an atomic entry carries: the most it may pay, and the stop that the venue itself places with its fill.

    The quantity of the stop is the venue's affair: what was received, net of a fee taken in the coin.
    """

    limit_price: Decimal
    stop_price: Decimal
    take_profit_price: Decimal
    stop_client_order_id: str

    def __post_init__(self) -> None:
        """Raises OrderNotAllowed unless 0 < stop price < limit price < take profit price."""
        if not 0 < self.stop_price < self.limit_price < self.take_profit_price:
            message = f"a bracket's stop {self.stop_price}, limit {self.limit_price} and take profit do not rise"
            raise OrderNotAllowed(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedOrder:
    """An order that opens a position: the only key to an entry. At market, or with a `bracket` in one request."""

    intent: OrderIntent
    report: RiskReport
    bracket: Bracket | None = None

    def __post_init__(self) -> None:
        """Refuse to exist without an explicit ALLOW from all seven gates, and every other check, for this intent.

        Raises OrderNotAllowed.
        """
        missing = set(ENTRY_GATES) - set(self.report.required)
        if missing:
            message = f"the risk report does not require {', '.join(sorted(missing))}"
            raise OrderNotAllowed(message)
        if self.report.intent != self.intent or not self.report.allowed:
            message = "the risk report does not allow this intent"
            raise OrderNotAllowed(message)
        if self.intent.quantity <= 0 or self.intent.stop_price is None:
            message = "an entry has a positive size and a planned stop"
            raise OrderNotAllowed(message)

    @property
    def kind(self) -> OrderKind:
        """Always ENTRY."""
        return OrderKind.ENTRY

    @property
    def client_order_id(self) -> str:
        """The id under which the intent was journalled."""
        return self.intent.client_order_id

    @property
    def symbol(self) -> str:
        """CCXT form."""
        return self.intent.symbol

    @property
    def quantity(self) -> Decimal:
        """Base units."""
        return self.intent.quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitOrder:
    """A market sell that only reduces: `quantity` is at most `held`, what Helix's own position holds."""

    client_order_id: str
    symbol: str
    quantity: Decimal
    held: Decimal

    def __post_init__(self) -> None:
        """Raises OrderNotAllowed unless 0 < quantity <= held."""
        _prove_reduces(self.quantity, self.held)

    @property
    def kind(self) -> OrderKind:
        """Always EXIT."""
        return OrderKind.EXIT


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectiveOrder:
    """The stop that rests on the venue for a long position: sell `quantity` when the price falls to `stop_price`.

    `take_profit_price` is the far limit leg that an OCO needs; None asks for a stop alone, where the pair of orders was
    refused. `entry_order_id` is the venue's id of the entry: stops that the venue itself attached to it count, and only
    what they leave uncovered is placed.
    """

    client_order_id: str
    symbol: str
    quantity: Decimal
    held: Decimal
    stop_price: Decimal
    take_profit_price: Decimal | None
    entry_order_id: str | None = None

    def __post_init__(self) -> None:
        """Raises OrderNotAllowed unless 0 < quantity <= held and 0 < stop price < take profit price."""
        _prove_reduces(self.quantity, self.held)
        far = self.take_profit_price
        if self.stop_price <= 0 or (far is not None and far <= self.stop_price):
            message = f"a long's stop {self.stop_price} is above nothing and below its take profit {far}"
            raise OrderNotAllowed(message)

    @property
    def kind(self) -> OrderKind:
        """Always STOP."""
        return OrderKind.STOP


def _prove_reduces(quantity: Decimal, held: Decimal) -> None:
    if not 0 < quantity <= held:
        message = f"an order that reduces sells more than nothing and at most what is held: {quantity} of {held}"
        raise OrderNotAllowed(message)


AnyOrder = ApprovedOrder | ExitOrder | ProtectiveOrder
"""Everything a venue can be asked to place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRef:
    """How to find an order again: Helix's own id, what it is for, and what the venue called it, once known.

    Of a stop `entry_order_id` is the venue's id of the entry it protects.
    """

    client_order_id: str
    kind: OrderKind
    symbol: str
    venue_order_ids: tuple[str, ...] = ()
    entry_order_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One execution at the venue.

    `fill_id` is the venue's own and unique there. `price` in quote per base, `quantity` in base units,
    `fee` in `fee_currency`; `at` is the venue's time (aware UTC).
    """

    fill_id: str
    venue_order_id: str
    symbol: str
    side: Action
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_currency: str
    at: datetime

    def __post_init__(self) -> None:
        """Refuse a side that is only a word: taken for the other one it would turn a sale into a purchase."""
        if not isinstance(self.side, Action):
            message = f"a side is Action.BUY or Action.SELL, not {self.side!r}"
            raise TypeError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReport:
    """What the venue says of an order Helix sent.

    A protective order may be several orders at the venue (the legs of an OCO, one close order for each fill):
    `venue_order_ids` names all of them, the first being the stop. `filled` is what has been executed so far in base
    units, all of them together; `protecting` is what living stops still cover, and `stop_price` where they rest, if
    the venue says; `resting` names those of them that rest right now (None: all, while any does). `raw_status` is the
    venue's own word. `average_price` is what was paid or got for `filled`, in quote per base, where the venue says.
    """

    client_order_id: str
    status: OrderStatus
    filled: Decimal
    venue_order_ids: tuple[str, ...]
    raw_status: str
    protecting: Decimal
    stop_price: Decimal | None = None
    resting: tuple[str, ...] | None = None
    average_price: Decimal | None = None
    fills: tuple[Fill, ...] | None = None
