"""The half of the contract that changes nothing: the session, the clock, and every question."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from typing import TYPE_CHECKING, Any, ClassVar

from ccxt import TICK_SIZE  # type: ignore[import-untyped]

from helix_core.ccxt import reading, stream
from helix_core.ccxt.line import Bounds, Line, QuestionRefused
from helix_core.ccxt.ruling import Meaning, Ruling, by_ccxt_class
from helix_core.ccxt.stream import StreamBounds
from helix_core.ccxt.wire import open_venue
from helix_core.config import TradingMode
from helix_core.contracts.exchange import ExchangeClient, Holding, LineState
from helix_core.domain.money import exact
from helix_core.domain.order import OrderKind
from helix_core.errors import DataMissing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime
    from decimal import Decimal

    from helix_core.ccxt.evidence import Answer
    from helix_core.config import ExchangeConfig
    from helix_core.contracts.exchange import OpenOrder, OrderEvent, PastOrder
    from helix_core.domain.market import Balances, Instrument, OrderBook, Ticker
    from helix_core.domain.order import Fill, OrderRef, OrderReport

_CLOSE_TIMEOUT_S = 2.0
_MOST_FILLS = 1000
_MOST_ORDERS = 500


class CcxtQuestions(ExchangeClient):
    """What CcxtExchange asks a venue. The `fetch_` methods are single requests, given the ccxt exchange."""

    ccxt_id: ClassVar[str]
    venue_options: ClassVar[Mapping[str, object]] = {}
    bounds: ClassVar[Bounds] = Bounds()
    stream_bounds: ClassVar[StreamBounds] = StreamBounds()
    stop_suffix: ClassVar[str] = ""

    def __init__(self, config: ExchangeConfig) -> None:
        """Keep the configuration. Nothing is opened before `connect`."""
        self.config = config
        secrets = tuple(key.get_secret_value() for key in (config.api_key, config.api_secret) if key)
        self.line = Line(self.label, config.clock, self.ruling, self.bounds, secrets)
        self.line.set_clock = self.clock_offset_s
        self._offset_s: float | None = None

    # What a driver may replace ---------------------------------------------------------------------------------

    def ruling(self, answer: Answer) -> Ruling:
        """Say what an answer that is not a plain success proves."""
        return by_ccxt_class(answer)

    def prepare(self, venue: Any) -> None:
        """Change the ccxt exchange before its first request: its nonces, or the `lane` its requests take."""

    def use_clock_offset(self, venue: Any, offset_s: float) -> None:
        """Tell `venue` by how much this clock is ahead. Nothing to do where requests carry no time."""

    def hear(self, answer: Answer) -> None:
        """Take note of what an answer says beside its data. Must not raise: it may be that to an order."""

    def budget_left(self) -> float | None:
        """Say which part of the questions that the venue allows is still unused; None where that is not known."""
        return None

    async def fetch_market(self, venue: Any, symbol: str) -> Any:
        """Fetch ccxt's unified market for `symbol` and let `venue` know it (`keep_market`)."""
        return self.keep_market(venue, symbol, await venue.fetch_markets())

    async def ask_taker_fee(self, market: Mapping[str, Any]) -> Decimal:
        """Ask for this account's taker fee as a ratio. Raises as a question does."""
        answer = await self.line.ask(lambda venue: venue.fetch_trading_fee(market["symbol"]))
        return reading.decimal(answer, "taker")

    async def fetch_order(self, venue: Any, client_order_id: str, symbol: str) -> Any:
        """Fetch ccxt's unified order by Helix's own id."""
        return await venue.fetch_order(None, symbol, {"clientOrderId": client_order_id})

    async def fetch_open_orders(self, venue: Any, symbol: str) -> Any:
        """Fetch ccxt's unified orders resting at the venue."""
        return await venue.fetch_open_orders(symbol)

    async def fetch_recent_orders(self, venue: Any, symbol: str, since_ms: int) -> Any:
        """Fetch ccxt's unified orders, open and over, since then: at most 500, oldest first."""
        return await venue.fetch_orders(symbol, since_ms, _MOST_ORDERS)

    async def fetch_fills(self, venue: Any, symbol: str, venue_order_id: str) -> Any:
        """Fetch ccxt's unified trades of one order, at most 1000."""
        return await venue.fetch_order_trades(venue_order_id, symbol, None, _MOST_FILLS)

    def read_instrument(self, market: Mapping[str, Any], taker_fee: Decimal) -> Instrument:
        """Read the market's rules. Raises DataMissing, naming the rule that is not stated."""
        return reading.read_instrument(market, taker_fee)

    def read_report(self, order: Mapping[str, Any], client_order_id: str, *, protects: bool) -> OrderReport:
        """Read ccxt's unified order. Raises DataMissing."""
        return reading.read_report(order, client_order_id, protects=protects)

    def speech(self, symbol: str) -> stream.Speech:
        """Give what the venue's stream of orders is spoken with. Needed with `capabilities.streams` only."""
        raise NotImplementedError(f"{self.label} has no stream of orders for {symbol}")

    # The contract ----------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Open the session, learn the venue's time and the one market. Raises as a question does."""
        await self.disconnect()
        self.line.venue = open_venue(self.ccxt_id, self.config, self.venue_options)
        self.line.venue.hear = self.hear
        self.prepare(self.line.venue)
        try:
            await self.clock_offset_s()
            await self.line.ask(lambda venue: self.fetch_market(venue, self.config.symbol))
        except BaseException:
            await self.disconnect()
            raise

    async def disconnect(self) -> None:
        """Close the session. Calling it twice, or before `connect`, is fine."""
        venue, self.line.venue = self.line.venue, None
        if venue is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                    await venue.close()

    def line_state(self) -> LineState:
        """The clock's offset as last measured, and what the driver knows of its budget."""
        return LineState(clock_offset_s=self._offset_s, budget_left=self.budget_left())

    async def clock_offset_s(self) -> float:
        """Ask the venue for its time, and use it from now on: seconds by which this machine's clock is ahead."""
        return await self.line.ask(self._measure_clock, mend_clock=False)

    async def instrument(self, symbol: str) -> Instrument:
        """Ask for the market's rules and this account's taker fee. Raises DataMissing for an unknown market."""
        market = await self.line.ask(lambda venue: self.fetch_market(venue, symbol))
        return self.read_instrument(market, await self._taker_fee(market))

    async def get_ticker(self, symbol: str) -> Ticker:
        """Ask for best bid, best ask and last price. Raises DataMissing where one is not stated."""

        async def ask(venue: Any) -> Ticker:
            if symbol not in (venue.markets or {}):
                await self.fetch_market(venue, symbol)
            return reading.read_ticker(symbol, await venue.fetch_ticker(symbol), self.config.clock.now())

        return await self.line.ask(ask)

    async def order_book(self, symbol: str) -> OrderBook:
        """Ask for the best levels of the book. Raises DataMissing for a level without price or quantity."""

        async def ask(venue: Any) -> OrderBook:
            return reading.read_book(symbol, await venue.fetch_order_book(symbol), self.config.clock.now())

        return await self.line.ask(ask)

    async def get_balance(self) -> Balances:
        """Ask for all holdings. Raises DataMissing where an amount is not stated."""

        async def ask(venue: Any) -> Balances:
            return reading.read_balances(await venue.fetch_balance(), self.config.clock.now())

        return await self.line.ask(ask)

    async def get_open_positions(self) -> tuple[Holding, ...]:
        """Ask what the account holds in the base coin of the traded symbol."""
        held = (await self.get_balance()).of(self.config.symbol.split("/")[0]).total
        return (Holding(symbol=self.config.symbol, quantity=held),) if held else ()

    async def open_orders(self, symbol: str) -> tuple[OpenOrder, ...]:
        """Ask for every order resting at the venue for `symbol`."""

        async def ask(venue: Any) -> tuple[OpenOrder, ...]:
            return tuple(reading.read_open_order(order) for order in await self.fetch_open_orders(venue, symbol))

        return await self.line.ask(ask)

    async def recent_orders(self, symbol: str, since: datetime) -> tuple[PastOrder, ...]:
        """Ask for every order since then. Raises DataMissing when one answer does not hold them all."""

        async def ask(venue: Any) -> tuple[PastOrder, ...]:
            orders = await self.fetch_recent_orders(venue, symbol, int(since.timestamp() * 1000))
            if len(orders) >= _MOST_ORDERS:
                message = f"{symbol} has more orders since {since:%Y-%m-%d %H:%M} UTC than one answer holds"
                raise DataMissing(message)
            return tuple(sorted((reading.read_past_order(order) for order in orders), key=lambda past: past.at))

        return await self.line.ask(ask)

    def order_events(self, symbol: str) -> AsyncIterator[OrderEvent | None]:
        """Listen to the venue's stream of orders for as long as one connection lasts."""
        return stream.order_events(self.line, self.config, self.speech(symbol), self.stream_bounds)

    async def find_order(self, ref: OrderRef) -> OrderReport | None:
        """Look an order up by Helix's own id. None: the venue answered that it knows no such order now."""
        return await self.look_up(ref, self.venue_client_id(ref), protects=ref.kind is OrderKind.STOP)

    async def get_fills(self, symbol: str, venue_order_ids: tuple[str, ...]) -> tuple[Fill, ...]:
        """Ask for every execution of these orders, oldest first. Raises DataMissing when a fee is not stated."""
        told = await asyncio.gather(*(self._fills_of(symbol, order_id) for order_id in venue_order_ids))
        return tuple(sorted(itertools.chain.from_iterable(told), key=lambda fill: (fill.at, fill.fill_id)))

    # Parts a driver builds with --------------------------------------------------------------------------------

    def venue_client_id(self, ref: OrderRef) -> str:
        """Give the client order id under which `ref` was placed (of a stop: its stop leg)."""
        return ref.client_order_id + self.stop_suffix if ref.kind is OrderKind.STOP else ref.client_order_id

    def keep_market(self, venue: Any, symbol: str, markets: list[Any]) -> Any:
        """Let `venue` know `symbol` beside the traded one, and return it. Raises DataMissing when it is not there."""
        found = [market for market in markets if market.get("symbol") == symbol and market.get("spot")]
        if not found:
            message = f"{self.label} has no spot market {symbol}"
            raise DataMissing(message)
        if venue.precisionMode != TICK_SIZE:
            message = f"ccxt counts digits for {self.label} instead of stating steps: its driver must read them"
            raise DataMissing(message)
        known = (venue.markets or {}).get(self.config.symbol)
        venue.set_markets([known, *found] if known and symbol != self.config.symbol else found)
        return venue.market(symbol)

    async def look_up(self, ref: OrderRef, client_order_id: str, *, protects: bool) -> OrderReport | None:
        """Ask for one order by its client order id; None when the venue answers that it knows none."""

        async def ask(venue: Any) -> OrderReport:
            order = await self.fetch_order(venue, client_order_id, ref.symbol)
            return self.read_report(order, ref.client_order_id, protects=protects)

        try:
            return await self.line.ask(ask)
        except QuestionRefused as error:
            if error.ruling.meaning is not Meaning.ABSENT:
                raise
        return None

    async def _measure_clock(self, venue: Any) -> float:
        clock = self.config.clock
        began, local = clock.monotonic(), clock.now().timestamp()
        server_ms = reading.decimal({"time": await venue.fetch_time()}, "time")
        offset_s = local + (clock.monotonic() - began) / 2 - float(server_ms) / 1000
        self.use_clock_offset(venue, offset_s)
        self._offset_s = offset_s
        return offset_s

    async def _taker_fee(self, market: Mapping[str, Any]) -> Decimal:
        if self.config.mode is TradingMode.PAPER and self.config.api_key is None:
            # Paper mode without a key: nobody's own rate can be asked, so the simulation pays the published one.
            return exact(reading.need(market, "taker"))
        return await self.ask_taker_fee(market)

    async def _fills_of(self, symbol: str, order_id: str) -> list[Fill]:
        async def ask(venue: Any) -> list[Fill]:
            trades = await self.fetch_fills(venue, symbol, order_id)
            if len(trades) >= _MOST_FILLS:
                message = f"order {order_id} has more executions than one answer holds"
                raise DataMissing(message)
            return [reading.read_fill(trade, symbol=symbol, order_id=order_id) for trade in trades]

        return await self.line.ask(ask)
