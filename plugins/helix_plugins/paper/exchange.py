"""PaperExchange: the contract of an exchange client, kept by a simulation on another client's live prices."""

from __future__ import annotations

import logging
import math
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, TypeVar

from helix_core import (
    Balances,
    Capabilities,
    ConfigError,
    DataMissing,
    ExchangeClient,
    ExchangeError,
    ExchangeUnavailable,
    HelixError,
    Holding,
    KeyPermissions,
    OrderOutcomeUnknown,
    OrderRefused,
)
from helix_plugins.paper import matching
from helix_plugins.paper.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from helix_core import (
        ApprovedOrder,
        ExchangeConfig,
        ExitOrder,
        Fill,
        Instrument,
        LineState,
        OpenOrder,
        OrderBook,
        OrderRef,
        OrderReport,
        PastOrder,
        ProtectiveOrder,
        Ticker,
    )
    from helix_plugins.paper.account import PaperAccount

logger = logging.getLogger("helix.paper")

T = TypeVar("T")
_LATE_S = 1.5
"""The core asks for the price every second. An answer older than this is not relied on for resting stops."""


def paper_exchange(config: ExchangeConfig) -> PaperExchange:
    """The simulation on `config.venue`, under that driver's name. Raises ConfigError without a venue or a memory."""
    if config.venue is None:
        raise ConfigError("Paper mode simulates orders on a driver's prices. Set TRADING_MODE to paper to use it.")
    venue = config.venue

    class Paper(PaperExchange):
        name: ClassVar[str] = venue.name
        label: ClassVar[str] = f"{venue.label} (paper)"

    return Paper(config, venue)


class PaperExchange(ExchangeClient):
    """One simulated account. Every question about the market goes to the venue, every order ends here.

    A call that places, cancels or fills has changed the account on disk when it returns; killed before, it has changed
    nothing. No order ever leaves this machine.
    """

    # Nothing is under way anywhere else: an order that is not found after this was never placed.
    capabilities: ClassVar[Capabilities] = Capabilities(testnet=False, entry_carries_stop=False, order_fence_s=1.0)

    def __init__(self, config: ExchangeConfig, venue: ExchangeClient) -> None:
        """Simulate on the prices of `venue`. Raises ConfigError without a memory."""
        if config.memory is None:
            raise ConfigError("Paper mode was given no memory, so that a restart would lose the account.")
        self._venue, self._symbol, self._clock = venue, config.symbol, config.clock
        self._vault = Vault(config, config.memory)
        self._rules: Instrument | None = None
        self._priced_at = -math.inf
        self._stuck = False

    # The session -----------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Connect to the venue, and read the account. Raises ConfigError when it cannot be used."""
        await self._venue.connect()
        await self._vault.account()

    async def disconnect(self) -> None:
        """Disconnect from the venue. The account is on disk at all times."""
        await self._venue.disconnect()

    def line_state(self) -> LineState:
        """The venue's."""
        return self._venue.line_state()

    async def clock_offset_s(self) -> float:
        """Ask the venue."""
        return await self._venue.clock_offset_s()

    async def key_permissions(self) -> KeyPermissions:
        """There is no key."""
        return KeyPermissions(applicable=False, can_trade=True, can_withdraw=False, detail="paper mode uses no key")

    # The market: the venue's own answers -----------------------------------------------------------------------

    async def instrument(self, symbol: str) -> Instrument:
        """Ask the venue for the rules and its published taker fee. Entries with their stop are not simulated here."""
        rules = replace(await self._venue.instrument(symbol), atomic_entry=False)
        if symbol == self._symbol:
            self._rules = rules
        return rules

    async def get_ticker(self, symbol: str) -> Ticker:
        """Ask the venue, and let the price work on resting stops."""
        ticker = await self._venue.get_ticker(symbol)
        if symbol == self._symbol:
            self._priced_at = self._clock.monotonic()
            await self._let_it_work(ticker)
        return ticker

    async def order_book(self, symbol: str) -> OrderBook:
        """Ask the venue."""
        return await self._venue.order_book(symbol)

    # The account -----------------------------------------------------------------------------------------------

    async def get_balance(self) -> Balances:
        """All that the account holds; resting stops lock what they cover."""
        account = await self._vault.account()
        held = {currency: account.balance(currency) for currency, total in account.holdings.items() if total}
        return Balances(holdings=held, at=self._clock.now())

    async def get_open_positions(self) -> tuple[Holding, ...]:
        """What the account holds in the base coin."""
        account = await self._vault.account()
        held = account.balance(account.base).total
        return (Holding(symbol=self._symbol, quantity=held),) if held else ()

    async def open_orders(self, symbol: str) -> tuple[OpenOrder, ...]:
        """Stops that rest, the latest price considered."""
        await self._consider_price(_LATE_S)
        account = await self._vault.account()
        return tuple(order.open_order(symbol) for order in account.resting if symbol == account.symbol)

    async def recent_orders(self, symbol: str, since: datetime) -> tuple[PastOrder, ...]:
        """Every order since then that is remembered. Raises DataMissing when younger ones may have been forgotten."""
        account = await self._vault.account()
        orders = account.orders if symbol == account.symbol else ()
        if len(account.orders) < account.orders_made and account.orders[0].at >= since:
            raise DataMissing("the paper account has forgotten orders since then")
        return tuple(order.past_order(symbol) for order in orders if order.at >= since)

    async def find_order(self, ref: OrderRef) -> OrderReport | None:
        """Look an order up; one that rests is seen in the light of the price now."""
        order = (await self._vault.account()).find(ref.client_order_id)
        if order is not None and order.resting:
            await self._consider_price(0)
        return await self._report(ref.client_order_id)

    async def get_fills(self, symbol: str, venue_order_ids: tuple[str, ...]) -> tuple[Fill, ...]:
        """Every execution of these orders, oldest first."""
        account = await self._vault.account()
        found = [order for order in account.orders if order.order_id in venue_order_ids]
        return tuple(fill for order in found for fill in order.domain_fills(symbol))

    # Orders ----------------------------------------------------------------------------------------------------

    async def place_market_order(self, order: ApprovedOrder | ExitOrder) -> OrderReport:
        """Fill a market order from the venue's live book, as deep as it takes; where the book ends it is EXPIRED.

        Raises OrderRefused for what a venue refuses, and (transient) when the book could not be read.
        """
        rules = await _first(self._known_rules())
        book = await _first(self._venue.order_book(self._symbol))
        return await self._change(
            lambda before: matching.trade(before, order, book, rules, self._clock.now()), order.client_order_id
        )

    async def place_oco_order(self, order: ProtectiveOrder) -> OrderReport:
        """Let a stop rest here, with its far leg unless `plain`. Raises as place_market_order, StopWouldTrigger too."""
        rules = await _first(self._known_rules())
        ticker = await _first(self._venue.get_ticker(self._symbol))
        return await self._change(
            lambda before: matching.rest(before, order, ticker, rules, self._clock.now()), order.client_order_id
        )

    async def cancel_order(self, ref: OrderRef) -> OrderReport:
        """Cancel a stop, unless the price sets it off first: then the report says what it sold.

        Raises OrderOutcomeUnknown while the price cannot be read, a stop set off cannot be sold, or there is no such
        order.
        """

        def step(before: PaperAccount) -> PaperAccount:
            order = before.find(ref.client_order_id)
            if order is None or not order.resting:
                return before
            if order.triggered:
                raise OrderOutcomeUnknown("The stop was set off, and the book it is to be sold into cannot be read.")
            return matching.cancelled(before, order)

        try:
            await self._consider_price(0)
        except HelixError as error:
            raise OrderOutcomeUnknown(f"Not cancelled, since the price cannot be read: {error}") from error
        return await self._change(step, ref.client_order_id)

    async def _change(self, step: Callable[[PaperAccount], PaperAccount], client_order_id: str) -> OrderReport:
        order = (await self._vault.change(step)).find(client_order_id)
        if order is None:
            raise OrderOutcomeUnknown(f"The paper account knows no order {client_order_id}.")
        return order.report(self._symbol)

    async def _report(self, client_order_id: str) -> OrderReport | None:
        order = (await self._vault.account()).find(client_order_id)
        return None if order is None else order.report(self._symbol)

    # The price at work -----------------------------------------------------------------------------------------

    async def _consider_price(self, late_s: float) -> None:
        """See that stops which rest have met a price at most `late_s` seconds old."""
        if (await self._vault.account()).resting and self._clock.monotonic() - self._priced_at >= late_s:
            await self.get_ticker(self._symbol)

    async def _let_it_work(self, ticker: Ticker) -> None:
        """Set off what the price sets off, and sell it.

        Both steps are kept by themselves: a stop that was set off while the book could not be read is still sold, at
        the first book that can be.
        """
        if not (await self._vault.account()).resting:
            return
        try:
            rules = await self._known_rules()
            account = await self._vault.change(lambda before: matching.touch(before, ticker, rules, self._clock.now()))
            if any(order.triggered for order in account.resting):
                book = await self._venue.order_book(self._symbol)
                await self._vault.change(lambda before: matching.sell_triggered(before, book, rules, self._clock.now()))
            self._stuck = False
        except ExchangeError as error:
            if not self._stuck:
                logger.warning("a paper stop waits, and is tried again with every price: %s", error)
            self._stuck = True

    async def _known_rules(self) -> Instrument:
        return self._rules or await self.instrument(self._symbol)


async def _first(question: Awaitable[T]) -> T:
    """Ask what an order needs to know. Raises OrderRefused instead of anything else: nothing was placed."""
    try:
        return await question
    except HelixError as error:
        passing = isinstance(error, ExchangeUnavailable)
        raise OrderRefused(
            f"The order was not placed, since the venue does not answer: {error}", transient=passing
        ) from error
