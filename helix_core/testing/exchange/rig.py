"""What a driver's author gives the rules: a client, the wire it speaks over, and the truth at the venue."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from pydantic import SecretStr

from helix_core.clock import SystemClock
from helix_core.config import ExchangeConfig, TradingMode
from helix_core.sandbox import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal
    from types import TracebackType

    from helix_core.contracts.exchange import ExchangeClient
    from helix_core.domain.market import Balance
    from helix_core.testing.exchange.wiretap import Request, Trouble, Wiretap


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """One execution as the venue booked it."""

    fill_id: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestingStop:
    """One stop that waits at the venue: base units, and quote per base."""

    quantity: Decimal
    stop_price: Decimal


class VenueAccount(ABC):
    """The truth at the venue, seen without the driver, and the hand of the market."""

    @property
    @abstractmethod
    def price(self) -> Decimal:
        """The last price, quote per base."""

    @abstractmethod
    def set_price(self, price: Decimal) -> None:
        """Move the market; stops that it reaches are sold."""

    @abstractmethod
    def balance(self, currency: str) -> Balance:
        """What the account holds."""

    @abstractmethod
    def deposit(self, currency: str, amount: Decimal) -> None:
        """Put `amount` into the account."""

    @abstractmethod
    def executions(self) -> tuple[Executed, ...]:
        """Every execution of the account, oldest first."""

    @abstractmethod
    def resting_stops(self) -> tuple[RestingStop, ...]:
        """Every stop that waits at the venue."""

    @abstractmethod
    def thin_out(self, quantity: Decimal) -> None:
        """Leave only `quantity` base units at each price of the book, so that one order makes several fills."""

    @abstractmethod
    def fill_only(self, fraction: Decimal) -> None:
        """Let market orders fill this part of their quantity and then expire."""

    @abstractmethod
    def allow_withdrawals(self) -> None:
        """Give the API key the right to withdraw."""

    @abstractmethod
    def orders(self) -> tuple[str, ...]:
        """The venue's id of every order of the account, whoever sent it."""

    @abstractmethod
    def trade_by_hand(self, quantity: Decimal, times: int) -> None:
        """Buy `quantity` at market, so many times, as a human does."""

    @abstractmethod
    def arrive_late(self, late_s: float) -> None:
        """Let whatever is sent from now on arrive so much later, by the venue's clock."""

    @abstractmethod
    def refuse_pairs(self) -> None:
        """Let the venue refuse the stop that an entry brings, after it filled the entry."""

    @abstractmethod
    def keep_pairs_back(self, delay_s: float) -> None:
        """Let the stop that an entry brings go to the market so much after the entry filled."""


class ExchangeRig(ABC):
    """One driver on one venue. Opened and closed as an async context, once.

    `account` is None where the venue only plays recorded answers: then the rules about money are left out, and say so.
    `stated` is what the venue's documents say of the market, by the names of Instrument's fields. `patience_s` is how
    long a rule waits for a call of the driver that gets no answer: more than the driver's own bounds.
    """

    wire: Wiretap
    account: VenueAccount | None
    stated: Mapping[str, Decimal]

    def __init__(
        self,
        driver: Callable[[ExchangeConfig], ExchangeClient],
        *,
        symbol: str,
        key: str,
        secret: str,
        patience_s: float,
    ) -> None:
        """`key` and `secret` are planted: no text may ever show them."""
        self.symbol, self.key, self.secret, self.patience_s = symbol, key, secret, patience_s
        self._driver, self._open = driver, AsyncExitStack()
        self.url: str | None = None

    def client(self, **changes: Any) -> ExchangeClient:
        """A new client, not connected, with `changes` to its ExchangeConfig."""
        settings: dict[str, Any] = {
            "name": "conformance",
            "mode": TradingMode.LIVE,
            "symbol": self.symbol,
            "clock": SystemClock(),
            "api_key": SecretStr(self.key),
            "api_secret": SecretStr(self.secret),
            "base_url": self.url,
            "ws_url": None if self.url is None else self.url.replace("http", "ws", 1),
        }
        return self._driver(ExchangeConfig(**{**settings, **changes}))

    def arm(self, request: Request, trouble: Trouble) -> None:
        """Let every request of this kind meet `trouble`, until `clear`."""
        self.wire.arm(request, trouble)

    def clear(self) -> None:
        """End all trouble."""
        self.wire.clear()

    async def __aenter__(self) -> Self:
        """Open the venue on a free port of the loopback."""
        self.url = await self._open.enter_async_context(serving(self.wire))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self._open.aclose()
