"""The Binance driver with broken questions: digits lost, defaults made up, words guessed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from helix_core import (
    ApprovedOrder,
    Balance,
    Balances,
    DataMissing,
    ExchangeUnavailable,
    ExitOrder,
    Fill,
    Instrument,
    OrderBook,
    OrderRef,
    OrderReport,
    OrderStatus,
    RateLimited,
    Ticker,
)
from tests.conformance.test_binance import Impatient


class UsesFloats(Impatient):
    """Keeps money in floats."""

    async def get_balance(self) -> Balances:
        exact = await super().get_balance()
        rough = {
            coin: Balance(Decimal(float(held.free)), Decimal(float(held.locked)))
            for coin, held in exact.holdings.items()
        }
        return replace(exact, holdings=rough)


class RoundsTheSteps(Impatient):
    """Reads the market's rules through floats."""

    async def instrument(self, symbol: str) -> Instrument:
        market = await super().instrument(symbol)
        return replace(market, lot_step=Decimal(float(market.lot_step)), taker_fee=Decimal(float(market.taker_fee)))


class KnowsEveryMarket(Impatient):
    """Gives an unknown market the rules of another."""

    async def instrument(self, symbol: str) -> Instrument:
        try:
            return await super().instrument(symbol)
        except DataMissing:
            return await super().instrument(self.config.symbol)


class NaiveTimes(Impatient):
    """Drops the time zone."""

    async def get_ticker(self, symbol: str) -> Ticker:
        ticker = await super().get_ticker(symbol)
        return replace(ticker, at=ticker.at.replace(tzinfo=None))


class TurnsTheBookRound(Impatient):
    """Hands the worst level out first."""

    async def order_book(self, symbol: str) -> OrderBook:
        book = await super().order_book(symbol)
        return replace(book, asks=book.asks[::-1])


class SwallowsThePause(Impatient):
    """Answers with an empty account when the venue asks for a pause."""

    async def get_balance(self) -> Balances:
        try:
            return await super().get_balance()
        except RateLimited:
            return Balances(holdings={}, at=self.config.clock.now())


class AnswersFromMemory(Impatient):
    """Gives the balance of before when there is no new one."""

    _last: Balances | None = None

    async def get_balance(self) -> Balances:
        try:
            self._last = await super().get_balance()
        except ExchangeUnavailable as error:
            if self._last is None or isinstance(error, RateLimited):
                raise
        assert self._last is not None
        return self._last


class TakesSilenceForAbsence(Impatient):
    """Says "no such order" when the look-up got no answer."""

    async def find_order(self, ref: OrderRef) -> OrderReport | None:
        try:
            return await super().find_order(ref)
        except ExchangeUnavailable:
            return None


class TakesAbsenceForTrouble(Impatient):
    """Cannot say that an order is not there."""

    async def find_order(self, ref: OrderRef) -> OrderReport | None:
        found = await super().find_order(ref)
        if found is None:
            message = "no such order"
            raise ExchangeUnavailable(message)
        return found


class TakesANewWordForOpen(Impatient):
    """Takes a status it does not know for an open order."""

    async def find_order(self, ref: OrderRef) -> OrderReport | None:
        found = await super().find_order(ref)
        unknown = found is not None and found.status is OrderStatus.UNKNOWN
        return replace(found, status=OrderStatus.OPEN) if unknown and found else found


class CallsAPartTheWhole(Impatient):
    """Takes an order that expired half filled for a filled one."""

    async def find_order(self, ref: OrderRef) -> OrderReport | None:
        found = await super().find_order(ref)
        expired = found is not None and found.status is OrderStatus.EXPIRED
        return replace(found, status=OrderStatus.FILLED) if expired and found else found


class FindsNothingWithoutTheVenuesId(Impatient):
    """Looks orders up by the venue's id alone, which is what a crash loses."""

    async def find_order(self, ref: OrderRef) -> OrderReport | None:
        return await super().find_order(ref) if ref.venue_order_ids else None


class ForgetsTheFee(Impatient):
    """Leaves the fee out of the fills."""

    async def place_market_order(self, order: ApprovedOrder | ExitOrder) -> OrderReport:
        report = await super().place_market_order(order)
        return replace(report, fills=_without_fees(report.fills or ()))

    async def get_fills(self, symbol: str, venue_order_ids: tuple[str, ...]) -> tuple[Fill, ...]:
        return _without_fees(await super().get_fills(symbol, venue_order_ids))


class MergesTheFills(Impatient):
    """Makes one fill of several."""

    async def get_fills(self, symbol: str, venue_order_ids: tuple[str, ...]) -> tuple[Fill, ...]:
        return (await super().get_fills(symbol, venue_order_ids))[:1]


def _without_fees(fills: tuple[Fill, ...]) -> tuple[Fill, ...]:
    return tuple(replace(fill, fee=Decimal(0)) for fill in fills)
