"""Binance's answers read into Helix's words, and nothing invented where something is missing."""

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
    Fill,
    Holding,
    OpenOrder,
    OrderKind,
    OrderStatus,
    RateLimited,
)
from tests.drivers.specimens import (
    AT_MS,
    CID,
    SYMBOL,
    account,
    bought,
    entry,
    market,
    order,
    order_list,
    profit_leg,
    protect,
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


def filters(**changes: Any) -> list[dict[str, Any]]:
    """The market's filters by type, with some replaced (None: left out)."""
    known = {entry["filterType"]: entry for entry in market()["filters"]}
    for kind, values in changes.items():
        known[kind] = values and {"filterType": kind, **values}
    return [entry for entry in known.values() if entry]


async def test_the_instrument_is_read_from_the_filters(binance: BinanceClient) -> None:
    found = await binance.instrument(SYMBOL)

    assert (found.symbol, found.base, found.quote, found.native_id) == (SYMBOL, "BTC", "USDT", "BTCUSDT")
    assert found.trading
    assert found.lot_step == Decimal("0.00001")
    assert found.price_tick == Decimal("0.01")
    assert found.min_quantity == Decimal("0.00001")
    assert found.max_quantity == Decimal("107.6")  # of one market order, not of a limit order
    assert found.min_notional == Decimal(5)
    assert found.taker_fee == Decimal("0.001")
    assert found.max_price_ratio == Decimal(5)


async def test_asking_for_another_market_does_not_forget_the_traded_one(
    binance: BinanceClient, tiny: TinyVenue
) -> None:
    tiny.on("GET", INFO, Reply({"symbols": [market(symbol="ETHUSDT", baseAsset="ETH")]}))
    tiny.on("POST", ORDER, Reply(bought()))

    other = await binance.instrument("ETH/USDT")
    report = await binance.place_market_order(entry())

    assert (other.symbol, other.native_id) == ("ETH/USDT", "ETHUSDT")
    assert report.status is OrderStatus.FILLED


@pytest.mark.parametrize("status", ["HALT", "BREAK", "CANCEL_ONLY", "END_OF_DAY", "A_WORD_OF_NEXT_YEAR"])
async def test_only_the_word_trading_means_trading(binance: BinanceClient, tiny: TinyVenue, status: str) -> None:
    tiny.on("GET", INFO, Reply({"symbols": [market(status=status)]}))

    assert not (await binance.instrument(SYMBOL)).trading


async def test_a_coarser_step_of_market_orders_is_kept(binance: BinanceClient, tiny: TinyVenue) -> None:
    lots = {"minQty": "0.001", "maxQty": "50", "stepSize": "0.00100"}
    tiny.on("GET", INFO, Reply({"symbols": [market(filters=filters(MARKET_LOT_SIZE=lots))]}))

    found = await binance.instrument(SYMBOL)

    assert (found.lot_step, found.min_quantity, found.max_quantity) == (Decimal("0.001"), Decimal("0.001"), Decimal(50))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"orderTypes": ["MARKET", "LIMIT_MAKER"]}, "STOP_LOSS"),
        ({"orderTypes": ["STOP_LOSS", "MARKET"]}, "LIMIT_MAKER"),
        ({"ocoAllowed": False}, "OCO"),
        ({"ocoAllowed": None}, "OCO"),
        ({"filters": filters(LOT_SIZE=None)}, "LOT_SIZE"),
        ({"filters": filters(PRICE_FILTER=None)}, "PRICE_FILTER"),
        ({"filters": filters(NOTIONAL=None)}, "MIN_NOTIONAL"),
        ({"filters": filters(PRICE_FILTER={"tickSize": "0.00"})}, "tickSize"),
        ({"filters": filters(LOT_SIZE={"minQty": "0", "maxQty": "9", "stepSize": "0"})}, "stepSize"),
        ({"filters": filters(LOT_SIZE={"minQty": "0", "stepSize": "0.1"})}, "maxQty"),
        ({"filters": filters(MARKET_LOT_SIZE={"minQty": "0", "maxQty": "9", "stepSize": "0.000015"})}, "do not fit"),
        ({"filters": filters(NOTIONAL={"minNotional": "NaN"})}, "minNotional"),
    ],
)
async def test_a_rule_that_is_not_stated_is_named(
    binance: BinanceClient, tiny: TinyVenue, changes: dict[str, Any], named: str
) -> None:
    tiny.on("GET", INFO, Reply({"symbols": [market(**changes)]}))

    with pytest.raises(DataMissing, match=named):
        await binance.instrument(SYMBOL)


@pytest.mark.parametrize("reply", [refusal(-1121, "Invalid symbol."), Reply({"symbols": []}), Reply({})])
async def test_an_unknown_market_is_data_missing(binance: BinanceClient, tiny: TinyVenue, reply: Reply) -> None:
    tiny.on("GET", INFO, reply)

    with pytest.raises(DataMissing):
        await binance.instrument(SYMBOL)


@pytest.mark.parametrize(
    ("stated", "commission", "fee"),
    [
        (account(commissionRates={"taker": "0.00075", "buyer": "0.0001", "seller": "0.0002"}), ABSENT, "0.00095"),
        (
            account(commissionRates=None),
            Reply({"standardCommission": {"taker": "0.001"}, "taxCommission": {"taker": "0.0002"}}),
            "0.0012",
        ),
        (account(commissionRates=None), refusal(-1020, "This operation is not supported."), "0.0015"),
    ],
)
async def test_the_taker_fee_is_the_accounts_own(
    binance: BinanceClient, tiny: TinyVenue, stated: dict[str, Any], commission: Reply, fee: str
) -> None:
    tiny.on("GET", ACCOUNT, Reply(stated))
    tiny.on("GET", "/api/v3/account/commission", commission)

    assert (await binance.instrument(SYMBOL)).taker_fee == Decimal(fee)


async def test_no_rate_anywhere_is_no_rate(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("GET", ACCOUNT, Reply({"balances": []}))
    tiny.on("GET", "/api/v3/account/commission", refusal(-1020, "This operation is not supported."))

    with pytest.raises(DataMissing, match="takerCommission"):
        await binance.instrument(SYMBOL)


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


async def test_a_bought_order_carries_its_fills_with_their_fees(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("POST", ORDER, Reply(bought()))

    report = await binance.place_market_order(entry())

    assert (report.status, report.raw_status) == (OrderStatus.FILLED, "FILLED")
    assert (report.client_order_id, report.venue_order_ids) == (CID, ("28",))
    assert (report.filled, report.protecting) == (Decimal("0.0084"), 0)
    assert report.fills is not None
    assert report.fills[0] == Fill(
        fill_id="56",
        venue_order_id="28",
        symbol=SYMBOL,
        side=Action.BUY,
        price=Decimal("64210.5"),
        quantity=Decimal("0.008"),
        fee=Decimal("0.000008"),
        fee_currency="BTC",
        at=AT,
    )
    assert report.fills[1].fee_currency == "BNB"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda fills: fills.pop(),
        lambda fills: fills[0].pop("commission"),
        lambda fills: fills[1].pop("commissionAsset"),
        lambda fills: fills[1].update(tradeId=None),
    ],
)
async def test_fills_that_are_not_whole_are_left_to_be_asked_for(
    binance: BinanceClient, tiny: TinyVenue, spoil: Any
) -> None:
    """The order was placed all the same: its report stands."""
    answer = bought()
    spoil(answer["fills"])
    tiny.on("POST", ORDER, Reply(answer))

    report = await binance.place_market_order(entry())

    assert report.fills is None
    assert report.filled == Decimal("0.0084")


@pytest.mark.parametrize(
    ("status", "executed", "read"),
    [
        ("EXPIRED", "0.0050", OrderStatus.EXPIRED),
        ("EXPIRED_IN_MATCH", "0.0000", OrderStatus.EXPIRED),
        ("FILLED", "0.0050", OrderStatus.EXPIRED),
        ("PARTIALLY_FILLED", "0.0050", OrderStatus.OPEN),
        ("REJECTED", "0.0000", OrderStatus.REJECTED),
        ("PENDING_NEW", "0.0000", OrderStatus.UNKNOWN),
        ("A_WORD_OF_NEXT_YEAR", "0.0050", OrderStatus.UNKNOWN),
    ],
)
async def test_what_was_filled_counts_whatever_the_status(
    binance: BinanceClient, tiny: TinyVenue, status: str, executed: str, read: OrderStatus
) -> None:
    tiny.on("POST", ORDER, Reply(order(status=status, executedQty=executed)))

    report = await binance.place_market_order(entry())

    assert (report.status, report.raw_status, report.filled) == (read, status, Decimal(executed))


async def test_fills_are_asked_for_by_order_and_come_oldest_first(binance: BinanceClient, tiny: TinyVenue) -> None:
    def trade(number: int, order_id: int, at_ms: int) -> dict[str, Any]:
        return {
            "symbol": "BTCUSDT",
            "id": number,
            "orderId": order_id,
            "price": "63000.10",
            "qty": "0.0042",
            "quoteQty": "264.60",
            "commission": "0.26460042",
            "commissionAsset": "USDT",
            "time": at_ms,
            "isBuyer": False,
            "isMaker": False,
        }

    tiny.on("GET", "/api/v3/myTrades", Reply([trade(9, 31, AT_MS + 5)]), Reply([trade(8, 30, AT_MS)]))

    fills = await binance.get_fills(SYMBOL, ("31", "30"))

    assert [(fill.fill_id, fill.venue_order_id, fill.side) for fill in fills] == [
        ("8", "30", Action.SELL),
        ("9", "31", Action.SELL),
    ]
    assert fills[0].fee == Decimal("0.26460042")
    assert [seen.parameters["orderId"] for seen in tiny.seen] == ["31", "30"]


@pytest.mark.parametrize("answer", [{}, [{"id": 1, "qty": "1"}]])
async def test_fills_that_are_not_stated_are_not_none(binance: BinanceClient, tiny: TinyVenue, answer: Any) -> None:
    tiny.on("GET", "/api/v3/myTrades", Reply(answer))

    with pytest.raises(DataMissing):
        await binance.get_fills(SYMBOL, ("31",))


async def test_an_order_the_venue_does_not_know_is_none(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("GET", ORDER, ABSENT)

    assert await binance.find_order(ref()) is None
    assert await binance.find_order(STOP) is None


@pytest.mark.parametrize("reply", [Reply("", 404), Reply({"code": -1100, "msg": "Illegal characters."}, 400)])
async def test_another_refusal_is_not_proof_of_absence(binance: BinanceClient, tiny: TinyVenue, reply: Reply) -> None:
    tiny.on("GET", ORDER, reply)

    with pytest.raises(ExchangeUnavailable):
        await binance.find_order(ref())
    assert len(tiny.seen) == 1


async def test_an_archived_order_was_cancelled_without_a_fill(binance: BinanceClient, tiny: TinyVenue) -> None:
    words = "Order was canceled or expired with no executed qty over 90 days ago and has been archived."
    tiny.on("GET", ORDER, refusal(-2026, words))

    report = await binance.find_order(ref(venue_order_id="28"))

    assert report is not None
    assert (report.status, report.filled, report.venue_order_ids) == (OrderStatus.CANCELED, 0, ("28",))


@pytest.mark.parametrize(
    ("stop", "profit", "status", "filled", "protecting"),
    [
        (stop_leg(), profit_leg(), OrderStatus.OPEN, "0", "0.0084"),
        (stop_leg(), None, OrderStatus.OPEN, "0", "0.0084"),
        (
            stop_leg("PARTIALLY_FILLED", executedQty="0.0034"),
            profit_leg("EXPIRED"),
            OrderStatus.OPEN,
            "0.0034",
            "0.005",
        ),
        (stop_leg("FILLED"), profit_leg("EXPIRED"), OrderStatus.FILLED, "0.0084", "0"),
        (stop_leg("EXPIRED"), profit_leg("FILLED"), OrderStatus.FILLED, "0.0084", "0"),
        (stop_leg("EXPIRED"), profit_leg("EXPIRED"), OrderStatus.EXPIRED, "0", "0"),
        (stop_leg("EXPIRED", executedQty="0.002"), profit_leg("EXPIRED"), OrderStatus.EXPIRED, "0.002", "0"),
        (stop_leg("CANCELED"), profit_leg("CANCELED"), OrderStatus.CANCELED, "0", "0"),
        (stop_leg("CANCELED"), None, OrderStatus.CANCELED, "0", "0"),
        (
            stop_leg("EXPIRED"),
            profit_leg("PARTIALLY_FILLED", executedQty="0.001"),
            OrderStatus.OPEN,
            "0.001",
            "0",
        ),
        (stop_leg("PENDING_NEW"), profit_leg(), OrderStatus.UNKNOWN, "0", "0"),
        (None, profit_leg(), OrderStatus.UNKNOWN, "0", "0"),
    ],
)
async def test_the_legs_of_a_stop_are_one_order(
    binance: BinanceClient, tiny: TinyVenue, stop: Any, profit: Any, status: str, filled: str, protecting: str
) -> None:
    tiny.on("GET", ORDER, *(Reply(leg) if leg else ABSENT for leg in (stop, profit)))

    report = await binance.find_order(STOP)

    assert report is not None
    assert (report.status, report.filled, report.protecting) == (status, Decimal(filled), Decimal(protecting))
    assert report.venue_order_ids == tuple(str(leg["orderId"]) for leg in (stop, profit) if leg)
    assert report.client_order_id == CID


async def test_a_placed_pair_protects_with_the_stop_first(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("POST", "/api/v3/orderList/oco", Reply(order_list()))

    report = await binance.place_oco_order(protect())

    assert (report.status, report.protecting) == (OrderStatus.OPEN, Decimal("0.0084"))
    assert (report.venue_order_ids, report.client_order_id) == (("31", "30"), CID)


async def test_a_stop_placed_alone_protects(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("POST", ORDER, Reply(stop_leg(orderListId=-1, fills=[])))

    report = await binance.place_oco_order(protect(plain=True))

    assert (report.status, report.protecting, report.venue_order_ids) == (OrderStatus.OPEN, Decimal("0.0084"), ("31",))
    assert report.client_order_id == CID


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
