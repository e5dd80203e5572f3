"""Binance spot over ccxt: what is particular to this venue.

A position is protected by an OCO: a STOP_LOSS below and a LIMIT_MAKER far above, because Binance lets no order list
start with a market order. Helix's id of the stop names the parts: `-l` the list, `-sl` the stop, `-tp` the far leg.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from helix_binance import entry_list, errors, history, market, pair, permissions
from helix_binance.entry_list import LIST_SUFFIX, PROFIT_SUFFIX, STOP_SUFFIX
from helix_binance.stream import UserDataStream
from helix_binance.weight import Weighed
from helix_core import (
    Balance,
    Balances,
    Capabilities,
    DataMissing,
    ExchangeError,
    KeyPermissions,
    OrderKind,
    OrderRefused,
    OrderReport,
    OrderStatus,
    StopWouldTrigger,
    TradingMode,
    floor_to,
    plain,
)
from helix_core.ccxt import Bounds, NoSuchOrder, QuestionRefused, decimal, fields, need

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from helix_core import ApprovedOrder, Instrument, OrderRef, PastOrder, ProtectiveOrder
    from helix_core.ccxt import Answer, Ruling

_RECV_WINDOW_S = 5
_LOOK_TIMEOUT_S = 1.0
_ORDER_FIELDS = ("orderId", "status", "origQty", "executedQty")


class BinanceClient(Weighed):
    """One Binance spot account, live or on the testnet."""

    name: ClassVar[str] = "binance"
    label: ClassVar[str] = "Binance"
    ccxt_id: ClassVar[str] = "binance"
    # recvWindow is checked again just before the matching engine, which is given 10 s; 5 s more for good measure.
    capabilities: ClassVar[Capabilities] = Capabilities(
        testnet=True,
        entry_carries_stop=False,
        order_fence_s=_RECV_WINDOW_S + 10.0 + 5.0,
        stops_lock_funds=True,
        # "Orders with the same newClientOrderID can be accepted only when the previous one is filled" (spot REST API,
        # new order; the same of listClientOrderId): a market order frees its id at once, a resting pair keeps it.
        one_open_order_per_id=True,
        # Weight 6 of the 6,000 a minute: a stop that is gone is seen and put again within 2 s, streams or not.
        orders_poll_s=0.5,
        streams=True,
    )
    # Without these, loading markets asks seven endpoints on three hosts, some of which a trade-only key may not use.
    venue_options: ClassVar[Mapping[str, object]] = {
        "recvWindow": _RECV_WINDOW_S * 1000,
        "fetchMarkets": {"types": ["spot"]},
        "fetchCurrencies": False,
        "fetchMargins": False,
    }
    key_advice = permissions.ADVICE
    stop_suffix: ClassVar[str] = STOP_SUFFIX
    # Binance counts weight by the minute, not requests by the second: both legs of a stop, what they filled and the
    # balance are asked almost at once when it is gone.
    bounds: ClassVar[Bounds] = Bounds(question_interval_s=0.01)

    def ruling(self, answer: Answer) -> Ruling:
        """By Binance's own codes."""
        return errors.ruling(answer)

    def speech(self, symbol: str) -> UserDataStream:
        """The user data stream."""
        return UserDataStream(symbol)

    def use_clock_offset(self, venue: Any, offset_s: float) -> None:
        """Every signed request carries a time, checked against recvWindow."""
        venue.options["timeDifference"] = round(offset_s * 1000)

    async def fetch_market(self, venue: Any, symbol: str) -> Any:
        """Fetch one symbol: 18 ms instead of half a second for all."""
        return self.keep_market(venue, symbol, await venue.fetch_markets({"symbol": symbol.replace("/", "")}))

    def read_instrument(self, market_: Mapping[str, Any], taker_fee: Decimal) -> Instrument:
        """Read from the filters: ccxt's unified limits leave some out."""
        return market.read_instrument(market_["symbol"], market_["info"], taker_fee)

    async def ask_taker_fee(self, market_: Mapping[str, Any]) -> Decimal:
        """Ask for the account's rate; where it states none, the symbol's, and last the account's whole bips."""
        account = fields(await self.line.ask(lambda venue: venue.private_get_account({"omitZeroBalances": "true"})))
        if account.get("commissionRates"):
            return market.read_rate(account["commissionRates"])
        symbol = {"symbol": market_["id"]}
        try:
            answer = await self.line.ask(lambda venue: venue.private_get_account_commission(symbol))
        except QuestionRefused:
            return market.read_bips(account)
        return market.read_commission(fields(answer))

    async def key_permissions(self) -> KeyPermissions:
        """Ask what the key may do. The testnet cannot say."""
        if self.config.mode is TradingMode.TESTNET:
            return permissions.TESTNET
        answer = await self.line.ask(lambda venue: venue.sapi_get_account_apirestrictions())
        return permissions.read_permissions(fields(answer))

    async def get_balance(self) -> Balances:
        """Ask for all holdings. An answer without the list of balances is no answer, not an empty account."""

        async def ask(venue: Any) -> Balances:
            account = await venue.private_get_account({"omitZeroBalances": "true"})
            rows = _rows(need(account, "balances"), "asset", "free", "locked")
            listed = {
                venue.safe_currency_code(row["asset"]): Balance(decimal(row, "free"), decimal(row, "locked"))
                for row in rows
            }
            held = {code: balance for code, balance in listed.items() if balance.total}
            return Balances(holdings=held, at=self.config.clock.now())

        return await self.line.ask(ask)

    async def fetch_open_orders(self, venue: Any, symbol: str) -> Any:
        """Fetch the open orders of one symbol (without it the question weighs 13 times as much).

        Of one that waits for its entry nothing is at the market yet.
        """
        known = venue.market(symbol)
        answer = await venue.private_get_openorders({"symbol": known["id"]})
        pending = [row for row in _rows(answer, "status") if entry_list.pending(row)]
        resting = _rows([row for row in answer if row not in pending], *_ORDER_FIELDS)
        waiting = [{**order, "remaining": "0"} for order in venue.parse_orders(_rows(pending, "orderId"), known)]
        return [*venue.parse_orders(resting, known), *waiting]

    async def recent_orders(self, symbol: str, since: datetime) -> tuple[PastOrder, ...]:
        """Ask for every order since then. Those of the last seconds may not be listed yet."""
        return await history.orders_since(self.line, symbol, since, self.config.clock.now())

    async def fetch_fills(self, venue: Any, symbol: str, venue_order_id: str) -> Any:
        """Fetch the trades of one order."""
        known = venue.market(symbol)
        wanted = {"symbol": known["id"], "orderId": venue_order_id, "limit": 1000}
        answer = await venue.private_get_mytrades(wanted)
        return venue.parse_trades(_rows(answer, "id", "qty", "commission"), known)

    def read_report(self, order: Mapping[str, Any], client_order_id: str, *, protects: bool) -> OrderReport:
        """Read an order. ccxt takes a missing executedQty for zero; here it is missing."""
        row = need(order, "info")
        if entry_list.never_at_market(row):
            return entry_list.read_waiting(row, client_order_id)
        _rows([row], *_ORDER_FIELDS)
        report = super().read_report(order, client_order_id, protects=protects)
        return replace(report, average_price=entry_list.average_price(row))

    async def look_up(self, ref: OrderRef, client_order_id: str, *, protects: bool) -> OrderReport | None:
        """Ask for one order; an archived one was cancelled or expired without a fill."""
        try:
            return await super().look_up(ref, client_order_id, protects=protects)
        except QuestionRefused as error:
            if error.ruling.code != errors.ARCHIVED:
                raise
        return OrderReport(
            client_order_id=ref.client_order_id,
            status=OrderStatus.CANCELED,
            filled=Decimal(0),
            venue_order_ids=ref.venue_order_ids,
            raw_status="ARCHIVED",
            protecting=Decimal(0),
        )

    async def find_order(self, ref: OrderRef) -> OrderReport | None:
        """Look an order up; of a stop both legs at once.

        A stop that was sent twice frees its name when it is set off, and a late copy may take it: then the first is
        asked for by the venue's own ids, and both are told as one.
        """
        if ref.kind is not OrderKind.STOP:
            return await super().find_order(ref)
        stop = self.look_up(ref, ref.client_order_id + self.stop_suffix, protects=True)
        profit = self.look_up(ref, ref.client_order_id + PROFIT_SUFFIX, protects=False)
        found = await pair.seen(stop, profit)
        if found is None:
            return None
        replaced = [known for known in ref.venue_order_ids if known not in found.venue_order_ids]
        return pair.with_first(found, [await self._by_venue_id(ref, known) for known in replaced])

    async def _by_venue_id(self, ref: OrderRef, venue_order_id: str) -> OrderReport:
        """Ask for a leg that is over by the venue's id."""

        async def ask(venue: Any) -> OrderReport:
            order = await venue.fetch_order(venue_order_id, ref.symbol)
            return self.read_report(order, ref.client_order_id, protects=False)

        return await self.line.ask(ask)

    async def place_entry_with_stop(self, order: ApprovedOrder) -> OrderReport:
        """Send the entry and its stop as one list. The answer's word on the stop is old: look it up by its own id."""

        async def send(venue: Any) -> OrderReport:
            known = venue.market(order.symbol)
            answer = await venue.private_post_orderlist_opoco(entry_list.form(known, order))
            rows = {row.get("clientOrderId"): row for row in _rows(need(answer, "orderReports"))}
            placed = venue.parse_order(need(rows, order.client_order_id), known)
            return self.read_report(placed, order.client_order_id, protects=False)

        return await self.line.order(send)

    async def place_oco_order(self, order: ProtectiveOrder) -> OrderReport:
        """Put the OCO on the venue; without a take profit a STOP_LOSS. Source: "New Order list - OCO (TRADE)"."""
        if order.take_profit_price is None:
            return await super().place_oco_order(order)
        far = order.take_profit_price

        async def send(venue: Any) -> OrderReport:
            return self._read_list(venue, order, await venue.private_post_orderlist_oco(self._oco(venue, order, far)))

        try:
            return await self.line.order(send)
        except StopWouldTrigger as error:
            refusal = error
        if errors.PRICE_RELATION in str(refusal) and not await self._crossed(order):
            raise OrderRefused(str(refusal), code=refusal.code)
        raise refusal

    async def _crossed(self, order: ProtectiveOrder) -> bool:
        """Whether the price is at or below the stop. Where it cannot be seen, no: a stop alone will be told."""
        try:
            async with asyncio.timeout(_LOOK_TIMEOUT_S):
                return (await self.get_ticker(order.symbol)).last <= order.stop_price
        except (ExchangeError, DataMissing, TimeoutError):
            return False

    async def send_cancel(self, venue: Any, ref: OrderRef) -> None:
        """Cancel one order; of a stop the whole list."""
        if ref.kind is not OrderKind.STOP:
            await super().send_cancel(venue, ref)
            return
        named = {"symbol": venue.market(ref.symbol)["id"], "listClientOrderId": ref.client_order_id + LIST_SUFFIX}
        await venue.private_delete_orderlist(named)

    async def cancel_order(self, ref: OrderRef) -> OrderReport:
        """Cancel and confirm. Where no list has the name and the stop still lives, it was placed alone."""
        try:
            return await super().cancel_order(ref)
        except NoSuchOrder:
            if ref.kind is not OrderKind.STOP:
                raise
        return await self.cancel_by(super().send_cancel, ref)

    def _oco(self, venue: Any, order: ProtectiveOrder, far: Decimal) -> dict[str, str]:
        quantity, stop_price = self.on_steps(venue, order)
        known = venue.market(order.symbol)
        return {
            "symbol": known["id"],
            "side": "SELL",
            "quantity": quantity,
            "aboveType": "LIMIT_MAKER",
            "abovePrice": plain(floor_to(far, decimal(known, "precision", "price"))),
            "belowType": "STOP_LOSS",
            "belowStopPrice": stop_price,
            "listClientOrderId": order.client_order_id + LIST_SUFFIX,
            "aboveClientOrderId": order.client_order_id + PROFIT_SUFFIX,
            "belowClientOrderId": order.client_order_id + self.stop_suffix,
            "newOrderRespType": "RESULT",
        }

    def _read_list(self, venue: Any, order: ProtectiveOrder, answer: Mapping[str, Any]) -> OrderReport:
        known = venue.market(order.symbol)
        legs = {row.get("clientOrderId"): row for row in _rows(need(answer, "orderReports"), *_ORDER_FIELDS)}
        reports = [
            self.read_report(
                venue.parse_order(need(legs, order.client_order_id + suffix), known),
                order.client_order_id,
                protects=suffix == self.stop_suffix,
            )
            for suffix in (self.stop_suffix, PROFIT_SUFFIX)
        ]
        return pair.both(*reports)


def _rows(answer: Any, *fields: str) -> list[Any]:
    """`answer` as a list whose every row states `fields`; ccxt would take what is missing for nothing or zero."""
    if not isinstance(answer, list):
        message = "the venue's answer is not a list"
        raise DataMissing(message)
    for row in answer:
        for field in fields:
            need(row, field)
    return answer
