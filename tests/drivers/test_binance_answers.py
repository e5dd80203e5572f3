"""Balances, prices, open orders and the ways a question ends; nothing is invented where something is missing."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from helix_core import (
    Action,
    AuthenticationFailed,
    DataMissing,
    ExchangeUnavailable,
    Holding,
    OpenOrder,
    OrderKind,
    RateLimited,
)
from tests.drivers.specimens import (
    AT_MS,
    CID,
    SYMBOL,
    account,
    bought,
    entry,
    order,
    profit_leg,
    ref,
    refusal,
    stop_leg,
)
from tests.drivers.tiny_venue import Reply

if TYPE_CHECKING:
    from helix_binance.client import BinanceClient
    from tests.drivers.tiny_venue import TinyVenue

ORDER, ACCOUNT, INFO = "/api/v3/order", "/api/v3/account", "/api/v3/exchangeInfo"
AT = datetime(2026, 5, 28, 20, 26, 40, 123000, tzinfo=UTC)
ABSENT = refusal(-2013, "Order does not exist.")
STOP = ref(OrderKind.STOP)


async def test_the_balance_lists_what_is_held(binance: BinanceClient, tiny: TinyVenue) -> None:
    balances = await binance.get_balance()

    assert balances.of("BTC").free == Decimal("0.1")
    assert balances.of("BTC").locked == Decimal("0.02")
    assert balances.of("USDT").total == Decimal(10000)
    assert balances.of("DOGE").total == 0
    assert await binance.get_open_positions() == (Holding(symbol=SYMBOL, quantity=Decimal("0.12")),)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"balances": None},
        {"balances": {}},
        {"balances": [{"asset": "BTC", "free": "1"}]},
        {"balances": [{"asset": "BTC", "free": None, "locked": "0"}]},
        {"balances": [{"asset": "BTC", "free": "much", "locked": "0"}]},
    ],
)
async def test_a_balance_that_is_not_stated_is_never_zero(
    binance: BinanceClient, tiny: TinyVenue, answer: dict[str, Any]
) -> None:
    tiny.on("GET", ACCOUNT, Reply(answer))

    with pytest.raises(DataMissing):
        await binance.get_balance()


async def test_the_ticker_has_bid_ask_and_last(binance: BinanceClient, tiny: TinyVenue) -> None:
    prices = {"symbol": "BTCUSDT", "bidPrice": "64210.49", "askPrice": "64210.50", "lastPrice": "64210.50"}
    tiny.on("GET", "/api/v3/ticker/24hr", Reply(prices))

    ticker = await binance.get_ticker(SYMBOL)

    assert (ticker.bid, ticker.ask, ticker.last) == (Decimal("64210.49"), Decimal("64210.5"), Decimal("64210.5"))
    assert ticker.at.tzinfo is UTC
    assert tiny.seen[0].parameters == {"symbol": "BTCUSDT"}


@pytest.mark.parametrize("change", [{"bidPrice": None}, {"askPrice": "0.00"}, {"bidPrice": "7"}, {"lastPrice": "x"}])
async def test_a_ticker_that_is_no_market_is_refused(
    binance: BinanceClient, tiny: TinyVenue, change: dict[str, Any]
) -> None:
    tiny.on("GET", "/api/v3/ticker/24hr", Reply({"bidPrice": "1", "askPrice": "2", "lastPrice": "1", **change}))

    with pytest.raises(DataMissing):
        await binance.get_ticker(SYMBOL)


async def test_open_orders_show_stops_and_what_remains(binance: BinanceClient, tiny: TinyVenue) -> None:
    partly = profit_leg("PARTIALLY_FILLED", executedQty="0.0020", time=AT_MS, stopPrice="0.00000000")
    tiny.on("GET", "/api/v3/openOrders", Reply([stop_leg(time=AT_MS), partly]))

    stop, profit = await binance.open_orders(SYMBOL)

    assert stop == OpenOrder(
        venue_order_id="31",
        client_order_id=f"{CID}-sl",
        symbol=SYMBOL,
        side=Action.SELL,
        remaining=Decimal("0.0084"),
        stop_price=Decimal("62926.3"),
        at=AT,
    )
    assert (profit.stop_price, profit.remaining) == (None, Decimal("0.0064"))
    assert tiny.seen[0].parameters["symbol"] == "BTCUSDT"


@pytest.mark.parametrize("answer", [{}, [{"orderId": 1}], [{**order(), "executedQty": None}]])
async def test_open_orders_that_are_not_stated_are_not_none(
    binance: BinanceClient, tiny: TinyVenue, answer: Any
) -> None:
    tiny.on("GET", "/api/v3/openOrders", Reply(answer))

    with pytest.raises(DataMissing):
        await binance.open_orders(SYMBOL)


@pytest.mark.parametrize(
    ("reply", "error", "text"),
    [
        (refusal(-1003, "Too much request weight used.", 429), RateLimited, "-1003"),
        (Reply("", 418, {"Retry-After": "120"}), RateLimited, "too many requests"),
        (refusal(-2014, "API-key format invalid.", 401), AuthenticationFailed, "-2014"),
        (refusal(-2015, "Invalid API-key, IP, or permissions for action.", 401), AuthenticationFailed, "-2015"),
        (refusal(-1022, "Signature for this request is not valid."), AuthenticationFailed, "-1022"),
        (refusal(-1002, "You are not authorized to execute this request.", 401), AuthenticationFailed, "-1002"),
        (Reply("", 401), AuthenticationFailed, "401"),
        (Reply("<html>", 403), ExchangeUnavailable, "403"),
        (Reply("<html>", 451), ExchangeUnavailable, "451"),
        (refusal(-1000, "An unknown error occurred.", 500), ExchangeUnavailable, "-1000"),
        (refusal(-1100, "Illegal characters found in a parameter."), ExchangeUnavailable, "-1100"),
    ],
)
async def test_a_question_that_is_not_answered_says_why(
    binance: BinanceClient, tiny: TinyVenue, reply: Reply, error: type[Exception], text: str
) -> None:
    await binance.get_balance()  # ccxt changes its mind about -2015 after a good call
    tiny.on("GET", ACCOUNT, reply)

    with pytest.raises(error, match=text) as raised:
        await binance.get_balance()

    assert isinstance(raised.value, RateLimited) is (error is RateLimited)


async def test_a_pause_the_venue_asks_for_is_kept_by_questions_only(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("GET", ACCOUNT, Reply({"code": -1003, "msg": "Too much."}, 429, {"Retry-After": "7"}), Reply(account()))
    tiny.on("POST", ORDER, Reply(bought()))

    with pytest.raises(RateLimited) as first:
        await binance.get_balance()
    with pytest.raises(RateLimited) as second:
        await binance.get_ticker(SYMBOL)
    await binance.place_market_order(entry())

    assert first.value.retry_after_s == 7
    assert second.value.retry_after_s == pytest.approx(7, abs=0.5)
    assert [seen.path for seen in tiny.seen] == [ACCOUNT, ORDER]


async def test_a_clock_refused_in_a_question_is_set_and_the_question_repeated(
    binance: BinanceClient, tiny: TinyVenue
) -> None:
    tiny.on(
        "GET", ACCOUNT, refusal(-1021, "Timestamp for this request is outside of the recvWindow."), Reply(account())
    )

    await binance.get_balance()

    assert [seen.path for seen in tiny.seen] == [ACCOUNT, "/api/v3/time", ACCOUNT]
