"""A rig for a driver that has a sandbox: every rule can be tried on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from helix_core.clock import Clock
from helix_core.domain.market import Balance
from helix_core.domain.signal import Action
from helix_core.sandbox import CLOSE, Fault, FaultKind, NewOrder, OrderType
from helix_core.testing.exchange.rig import ExchangeRig, Executed, RestingStop, VenueAccount
from helix_core.testing.exchange.wiretap import Request, Speech, Trouble, Wiretap

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from helix_core.config import ExchangeConfig
    from helix_core.contracts.exchange import ExchangeClient
    from helix_core.sandbox import Sandbox
    from helix_core.testing.exchange.wiretap import Requests


class SandboxRig(ExchangeRig):
    """A driver on its own sandbox. Give each test a new sandbox."""

    def __init__(
        self,
        sandbox: Sandbox,
        driver: Callable[[ExchangeConfig], ExchangeClient],
        requests: Requests,
        *,
        error: str = "WORDS",
        error_status: int = 400,
        status_field: str = "status",
        patience_s: float = 30.0,
    ) -> None:
        """`requests` names the venue's request for each purpose, `error` its form of an error with WORDS in it.

        `driver` makes a client of a configuration; one with short time-outs makes the rules quick.
        """
        super().__init__(
            driver, symbol=sandbox.symbol, key=sandbox.api_key, secret=sandbox.api_secret, patience_s=patience_s
        )
        self._sandbox = sandbox
        secrets = (sandbox.api_key, sandbox.api_secret)
        speech = Speech(error, error_status)
        self.wire = Wiretap(sandbox.app, requests, speech=speech, status_field=status_field, secrets=secrets)
        ways = self.wire.ways
        self.account = SandboxAccount(
            sandbox, ways.get(Request.MARKET_ORDER, ()), ways.get(Request.ENTRY_WITH_STOP, ())
        )
        market = sandbox.venue.listing(sandbox.symbol).market
        self.stated = {
            "lot_step": market.lot_step,
            "price_tick": market.price_tick,
            "min_quantity": market.min_quantity,
            "min_notional": market.min_notional,
            "taker_fee": sandbox.venue.fees.taker,
        }

    def arm(self, request: Request, trouble: Trouble) -> None:
        """As any rig does; but a pause is asked for in the venue's own words, which the sandbox knows."""
        if trouble is Trouble.RATE_LIMITED:
            for way in self.wire.ways[request]:
                self._sandbox.faults.add(_fault(way, FaultKind.RATE_LIMITED))
        else:
            super().arm(request, trouble)

    def clear(self) -> None:
        """End all trouble."""
        super().clear()
        self._sandbox.faults.clear()


class SandboxAccount(VenueAccount):
    """The one account of a sandbox."""

    def __init__(
        self, sandbox: Sandbox, market_orders: tuple[str, ...], entries_with_stop: tuple[str, ...] = ()
    ) -> None:
        """`market_orders` are the requests that place one, `entries_with_stop` those of an entry that brings it."""
        self._sandbox, self._market_orders, self._entries = sandbox, market_orders, entries_with_stop

    @property
    def price(self) -> Decimal:
        """The last price."""
        return self._sandbox.venue.listing(self._sandbox.symbol).last

    def set_price(self, price: Decimal) -> None:
        """Move the market."""
        self._sandbox.venue.set_price(price, self._sandbox.symbol)

    def balance(self, currency: str) -> Balance:
        """Free and locked."""
        return self._sandbox.venue.balances().get(currency, Balance(Decimal(0), Decimal(0)))

    def deposit(self, currency: str, amount: Decimal) -> None:
        """As its owner does."""
        self._sandbox.venue.transfer(currency, amount)

    def executions(self) -> tuple[Executed, ...]:
        """From the ledger."""
        return tuple(
            Executed(
                fill_id=str(fill.execution_id),
                price=fill.price,
                quantity=fill.quantity,
                fee=fill.fee,
                fee_currency=fill.fee_currency,
            )
            for fill in self._sandbox.venue.ledger.executions
        )

    def resting_stops(self) -> tuple[RestingStop, ...]:
        """From the ledger."""
        return tuple(
            RestingStop(quantity=order.remaining, stop_price=order.stop_price)
            for order in self._sandbox.venue.ledger.open_orders(self._sandbox.symbol)
            if order.type is OrderType.STOP_LOSS and order.stop_price is not None
        )

    def thin_out(self, quantity: Decimal) -> None:
        """Change the shape of the book."""
        listing = self._sandbox.venue.listing(self._sandbox.symbol)
        listing.book = replace(listing.book, level_quantity=quantity)

    def fill_only(self, fraction: Decimal) -> None:
        """Through a fault of the engine, which stays."""
        for way in self._market_orders:
            self._sandbox.faults.add(_fault(way, FaultKind.PARTIAL_FILL, fraction))

    def allow_withdrawals(self) -> None:
        """Change the key's rights."""
        self._sandbox.rights.withdraw = True

    def orders(self) -> tuple[str, ...]:
        """From the ledger."""
        return tuple(self._sandbox.order_name(order.order_id) for order in self._sandbox.venue.ledger.orders)

    def trade_by_hand(self, quantity: Decimal, times: int) -> None:
        """Past the venue's wire."""
        new = NewOrder(symbol=self._sandbox.symbol, side=Action.BUY, type=OrderType.MARKET, quantity=quantity)
        for _ in range(times):
            self._sandbox.venue.place(new)

    def arrive_late(self, late_s: float) -> None:
        """By putting the venue's clock forward."""
        self._sandbox.venue.clock = _Ahead(self._sandbox.venue.clock, late_s)

    def refuse_pairs(self) -> None:
        """Through a fault of the engine, which stays."""
        self._sandbox.faults.add(
            Fault(on=f"{CLOSE} {self._sandbox.symbol}", kind=FaultKind.REFUSED, code=0, msg="", times=None)
        )

    def keep_pairs_back(self, delay_s: float) -> None:
        """Through a fault of the engine, which stays."""
        for way in self._entries:
            self._sandbox.faults.add(_fault(way, FaultKind.PENDING, delay_s=delay_s))


class _Ahead(Clock):
    """A clock that is ahead of another one."""

    def __init__(self, clock: Clock, ahead_s: float) -> None:
        self._clock, self._ahead_s = clock, ahead_s

    def now(self) -> datetime:
        return self._clock.now() + timedelta(seconds=self._ahead_s)

    def monotonic(self) -> float:
        return self._clock.monotonic() + self._ahead_s


def _fault(pattern: str, kind: FaultKind, fraction: Decimal | None = None, delay_s: float | None = None) -> Fault:
    way, _, query = pattern.partition("?")
    return Fault(on=way, where=dict(parse_qsl(query)), kind=kind, fraction=fraction, delay_s=delay_s, times=None)
