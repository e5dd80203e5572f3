"""Kraken spot over ccxt: what is particular to this venue.

The stop travels with the entry (a conditional close); each fill of the entry makes a stop of its own. Every request is
written out here in Kraken's own words: ccxt signs it, and leaves it as it is.
"""

from __future__ import annotations

import base64
import binascii
from contextlib import AbstractContextManager, nullcontext, suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from helix_core import (
    AuthenticationFailed,
    Capabilities,
    ConfigError,
    ExchangeUnavailable,
    NotSentYet,
    OrderKind,
    OrderReport,
    OrderStatus,
    RateLimited,
)
from helix_core.ccxt import Bounds, CcxtExchange, Meaning, StreamBounds, fields, need
from helix_kraken import errors, market, permissions
from helix_kraken.absences import Absences
from helix_kraken.counter import Counter, RestLimit
from helix_kraken.dispatch import DEADLINE_S, Dispatch
from helix_kraken.holdings import Holdings
from helix_kraken.lane import Lane
from helix_kraken.orders import read_open_order, read_past_order, report_of
from helix_kraken.protection import Protection
from helix_kraken.questions import Questions
from helix_kraken.rank import Rank, look, looking, rank
from helix_kraken.stops import Stops
from helix_kraken.stream import Executions, Tokens
from helix_kraken.trail import Trail

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from helix_core import (
        ApprovedOrder,
        Balances,
        ExchangeConfig,
        ExitOrder,
        Fill,
        Instrument,
        KeyPermissions,
        OpenOrder,
        OrderRef,
        PastOrder,
        ProtectiveOrder,
    )
    from helix_core.ccxt import Answer, Ruling

R = TypeVar("R", bound="OrderReport | None")

_SOLD = OrderStatus.FILLED
_FENCE_S = DEADLINE_S + 5.0
_FEE_FOR_S = 900.0
_ENTRY_AND_STOP, _ROOM_PATIENCE_S = 9.0, 50.0
"""Points: the balance, the entry's look-up and its fills, and for a stop that is gone open orders, the balance and the
ended orders. Of an empty counter they are there again after 27 s."""


class KrakenClient(CcxtExchange):
    """One Kraken spot account. There is no testnet."""

    name: ClassVar[str] = "kraken"
    label: ClassVar[str] = "Kraken"
    ccxt_id: ClassVar[str] = "kraken"
    # Every order carries a deadline of 5 s, after which the matching engine rejects it; 5 s more for good measure.
    # The lowest tier is given 20 questions a minute. The balance takes 2 of them, open orders 10 while there is a stop
    # to watch, and comparing the account about 3; the rest is for looking after orders.
    capabilities: ClassVar[Capabilities] = Capabilities(
        testnet=False,
        entry_carries_stop=True,
        # cl_ord_id is "unique across open orders" of a client (spot API, AddOrder): a market order frees it at once.
        one_open_order_per_id=True,
        order_fence_s=_FENCE_S,
        balance_poll_s=30.0,
        orders_poll_s=6.0,
        streams=True,
    )
    key_advice = permissions.ADVICE
    rest_limit: ClassVar[RestLimit] = RestLimit()
    # Requests are sent one after the other, so one more would only wait behind a silent one; and each costs a point.
    bounds: ClassVar[Bounds] = Bounds(hedge_after_s=None)
    # Kraken says something every second or so; a quarter of a minute without a word is a connection that died.
    stream_bounds: ClassVar[StreamBounds] = StreamBounds(silence_s=15.0)

    def __init__(self, config: ExchangeConfig) -> None:
        """Keep the configuration. Nothing is opened before `connect`."""
        super().__init__(config)
        self._counter = Counter(config.clock, self.rest_limit)
        self._lane = Lane(config.clock, self._counter)
        self._absences = Absences(config.clock, _FENCE_S)
        self._holdings = Holdings(config.symbol.split("/")[0], self.get_balance)
        self._questions = Questions(self.line, self._lane, self._counter, config.clock, self._absences)
        self._trail = Trail(self._questions)
        self._stops = Stops(self._questions, self._holdings, self._absences, config.clock)
        self._dispatch = Dispatch(self.line, config.clock, self._absences)
        self._protection = Protection(self._dispatch, self._stops, self.get_ticker)
        self._tokens = Tokens(config.clock)
        self._disarmed = self._checked = False
        self._fees: dict[str, tuple[float, Decimal]] = {}

    # The session -----------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Connect; with a key also disarm Kraken's "dead man's switch", which would cancel every stop.

        Raises ConfigError for a secret that cannot be one.
        """
        self._check_secret()
        await super().connect()
        if self.config.api_key is None or self._disarmed:
            return
        try:
            # A key that may not do this may not trade either, which key_permissions says in better words.
            with looking(), suppress(AuthenticationFailed):
                await self.line.ask(lambda venue: venue.private_post_cancelallordersafter({"timeout": "0"}))
                self._disarmed = True
        except BaseException:
            await self.disconnect()
            raise

    async def make_room(self) -> None:
        """Wait until the counter has room for what an entry and its stop may ask. Raises RateLimited."""
        await self._counter.room(_ENTRY_AND_STOP, _ROOM_PATIENCE_S)

    def prepare(self, venue: Any) -> None:
        """One lane for all requests, one source of nonces for as long as this client lives."""
        venue.lane, venue.incrementing_nonce = self._lane, self._lane.nonce

    def ruling(self, answer: Answer) -> Ruling:
        """By Kraken's own texts."""
        ruling = errors.ruling(answer)
        if ruling.meaning is Meaning.HELD_OFF and ruling.pause_s:
            self._counter.fill()
        return ruling

    def budget_left(self) -> float:
        """The counter's, as this client keeps it."""
        return self._counter.left

    def speech(self, symbol: str) -> Executions:
        """The channel of executions."""
        return Executions(symbol, self._tokens)

    def use_clock_offset(self, venue: Any, offset_s: float) -> None:  # noqa: ARG002 - the base hands it over
        """Deadlines are in Kraken's time. Nonces are not moved: they must never step back."""
        self._dispatch.ahead_s = offset_s

    # The market ------------------------------------------------------------------------------------------------

    async def fetch_market(self, venue: Any, symbol: str) -> Any:
        """Fetch one pair, by a name that means the same market as `symbol`."""
        return self.keep_market(venue, symbol, await venue.fetch_markets({"pair": market.pair_name(symbol)}))

    def read_instrument(self, market_: Mapping[str, Any], taker_fee: Decimal) -> Instrument:
        """Read from Kraken's own fields."""
        return market.read_instrument(market_, taker_fee)

    async def ask_taker_fee(self, market_: Mapping[str, Any]) -> Decimal:
        """Ask for the account's rate. It moves with the trades of a month, so that an answer serves for 15 minutes."""
        now_s, pair = self.config.clock.monotonic(), market_["id"]
        until_s, fee = self._fees.get(pair, (0.0, Decimal(0)))
        if now_s >= until_s:
            with self._urgency():
                answer = await self.line.ask(lambda venue: venue.private_post_tradevolume({"pair": pair}))
            fee = market.read_fee(answer, market_)
            self._fees[pair] = (now_s + _FEE_FOR_S, fee)
        return fee

    # The account -----------------------------------------------------------------------------------------------

    async def key_permissions(self) -> KeyPermissions:
        """Ask what the key may do."""
        with self._urgency():
            answer = await self.line.ask(lambda venue: venue.private_post_getapikeyinfo())
        return permissions.read_permissions(fields(answer, "result"))

    async def get_balance(self) -> Balances:
        """Ask for all holdings. The first time it raises ConfigError for coins parked in Kraken's rewards."""

        async def ask(venue: Any) -> Balances:
            return market.read_balances(venue, await venue.private_post_balanceex(), self.config.clock.now())

        with self._urgency():
            balances = await self._questions.balances(ask)
        self._holdings.saw(balances)
        if not self._checked:
            market.refuse_auto_earn(balances, self.config.symbol)
            self._checked = True
        return balances

    async def open_orders(self, symbol: str) -> tuple[OpenOrder, ...]:
        """Ask for every order resting at the venue for `symbol`."""
        names = self._names(symbol)
        with looking(min(rank(), Rank.WATCH)):
            every = await self._questions.list_open()
        return tuple(read_open_order(order, symbol) for order in every if order.pair in names)

    async def recent_orders(self, symbol: str, since: datetime) -> tuple[PastOrder, ...]:
        """Ask for every order since then, the stops that entries made among them; at most once in a minute."""
        names = self._names(symbol)
        with looking(max(rank(), Rank.WATCH)):
            every = await self._questions.recent_orders(since)
        return tuple(read_past_order(order, symbol) for order in every if order.pair in names)

    def _urgency(self) -> AbstractContextManager[None]:
        """At start everything matters, until balance and fee are known."""
        return nullcontext() if self._checked and self._fees else looking()

    def _names(self, symbol: str) -> set[str]:
        """What Kraken calls the pair in its lists. Raises ExchangeUnavailable for one that was never read."""
        known = self._dispatch.market(symbol)
        return {known["id"], known["altname"], known["wsId"]}

    # Orders ----------------------------------------------------------------------------------------------------

    @look
    async def place_market_order(self, order: ApprovedOrder | ExitOrder) -> OrderReport:
        """Send one market order, once; an entry with its stop. The report is OPEN where the fills are not known yet."""
        if order.kind is OrderKind.ENTRY:
            self._holdings.buying(order.client_order_id)
        txid = await self._dispatch.trade(order)
        return self._noted(order.kind, await self._trail.follow(order, txid))

    @look
    async def place_oco_order(self, order: ProtectiveOrder) -> OrderReport:
        """Cover `quantity`: count the stops that the entry made, and place one for what they leave uncovered."""
        return self._noted(OrderKind.STOP, await self._protection.place(order))

    @look
    async def find_order(self, ref: OrderRef) -> OrderReport | None:
        """Look an order up: by Kraken's id where it is known, else by Helix's own; of a stop all its orders."""
        if self._protection.is_unsent(ref.client_order_id):
            raise NotSentYet("it is being prepared")
        if self._trail.is_followed(ref.client_order_id):
            raise ExchangeUnavailable("it is being placed right now")
        sold_never = ref.kind is OrderKind.EXIT and self._absences.was_refused(ref.client_order_id)
        if sold_never or self._absences.is_gone(ref.client_order_id):
            return self._noted(ref.kind, None)
        again_in_s = self._absences.again_in_s(ref.client_order_id)
        if ref.kind is not OrderKind.EXIT and again_in_s > 0:
            raise RateLimited("it was sought a moment ago, and may still appear", retry_after_s=again_in_s)
        if ref.kind is not OrderKind.STOP:
            return self._noted(ref.kind, await self._trail.find(ref))
        cover = await self._stops.find(ref)
        return self._noted(ref.kind, report_of(ref.client_order_id, cover.stops) if cover.settled else None)

    def _noted(self, kind: OrderKind, report: R) -> R:
        """Note whether coins lie bare, as far as the report of a stop or a sale tells."""
        entry = kind is OrderKind.ENTRY
        if report is None:
            if not entry:
                self._counter.bare()
        elif report.protecting or (report.status.final and (report.filled == 0 if entry else report.status is _SOLD)):
            self._counter.covered()
        else:
            self._counter.bare()
        return report

    @look
    async def get_fills(self, symbol: str, venue_order_ids: tuple[str, ...]) -> tuple[Fill, ...]:
        """Ask for every execution of these orders, oldest first."""
        return await self._questions.executions(symbol, set(venue_order_ids))

    @look
    async def cancel_order(self, ref: OrderRef) -> OrderReport:
        """Cancel and confirm; of a stop every living order, each by Kraken's id."""
        if ref.kind is not OrderKind.STOP:
            return await super().cancel_order(ref)
        self._counter.bare()
        cover = await self._stops.cancel(ref, self._dispatch.cancel)
        return report_of(ref.client_order_id, cover.stops)

    async def send_cancel(self, venue: Any, ref: OrderRef) -> None:
        """Send one cancel by Helix's id, judged by its own answer."""
        need(await venue.private_post_cancelorder({"cl_ord_id": ref.client_order_id}), "result", "count")

    def _check_secret(self) -> None:
        if self.config.api_secret is None:
            return
        try:
            base64.b64decode(self.config.api_secret.get_secret_value(), validate=True)
        except (binascii.Error, ValueError):
            problem = "KRAKEN_API_SECRET is not a Kraken secret (it is not base64). Copy the private key again."
        else:
            return
        raise ConfigError(problem)
