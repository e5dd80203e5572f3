"""What each documented answer to an order proves. Every row is a raw HTTP answer, through the real ccxt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helix_core import OrderOutcomeUnknown, OrderRefused, StopWouldTrigger
from tests.drivers.specimens import entry, leave, protect, refusal
from tests.drivers.tiny_venue import Reply

if TYPE_CHECKING:
    from helix_binance.client import BinanceClient
    from tests.drivers.tiny_venue import TinyVenue

REFUSED = [
    *(
        (-1013, f"Filter failure: {name}")
        for name in ("LOT_SIZE", "MARKET_LOT_SIZE", "PRICE_FILTER", "PERCENT_PRICE_BY_SIDE", "NOTIONAL")
    ),
    *((-1013, f"Filter failure: {name}") for name in ("MIN_NOTIONAL", "TRAILING_DELTA", "MAX_NUM_ALGO_ORDERS")),
    (-1013, "Filter failure: MAX_NUM_ORDER_LISTS"),
    (-1013, "Stop loss orders are not supported for this symbol."),
    (-1013, "Invalid quantity."),
    (-1013, "Market is closed."),
    (-1014, "Unsupported order combination."),
    (-1020, "This operation is not supported."),
    (-1100, "Illegal characters found in parameter 'newClientOrderId'."),
    (-1102, "Mandatory parameter 'quantity' was not sent, was empty/null, or malformed."),
    (-1104, "Not all sent parameters were read."),
    (-1106, "Parameter 'timeInForce' sent when not required."),
    (-1111, "Parameter 'quantity' has too much precision."),
    (-1121, "Invalid symbol."),
    (-1128, "Combination of optional parameters invalid."),
    *((code, "An order list of a wrong shape.") for code in (-1158, -1165, -1166, -1168, -1196, -1197, -1198, -1199)),
    (-1220, "The symbol's status does not match the requested symbolStatus."),
    (-2010, "Account has insufficient balance for requested action."),
    (-2010, "Market is closed."),
    (-2010, "Order would immediately match and take."),
    (-2010, "This symbol is not permitted for this account."),
    (-2010, "This symbol is restricted for this account."),
    (-2010, "This action is disabled on this account."),
    (-2010, "This account may not place or cancel orders."),
    (-2010, "Rest API trading is not enabled."),
    (-2010, "Filter failure: MAX_POSITION"),
    (-2039, "Client order ID is not correct for this order ID."),
]
UNKNOWN = [
    refusal(-1000, "An unknown error occurred while processing the request."),
    refusal(-1001, "Internal error; unable to process your request. Please try again."),
    refusal(-1003, "Too much request weight used.", 429),
    refusal(-1003, "Way too much request weight used; IP banned until 1780000000000.", 418),
    refusal(-1006, "An unexpected response was received from the message bus. Execution status unknown.", 500),
    refusal(-1007, "Timeout waiting for response from backend server.", 504),
    refusal(-1007, "Timeout waiting for response from backend server.", 408),
    refusal(-1007, "Timeout waiting for response from backend server.", 400),
    refusal(-1008, "Server is currently overloaded with other requests.", 503),
    refusal(-1010, "ERROR_MSG_RECEIVED"),
    refusal(-1016, "This service is no longer available."),
    refusal(-2010, "Duplicate order sent."),
    refusal(-2015, "Invalid API-key, IP, or permissions for action.", 401),
    refusal(-2015, "Invalid API-key, IP, or permissions for action.", 400),
    refusal(-2021, "Order cancel-replace partially failed.", 409),
    refusal(-2022, "Order cancel-replace failed."),
    refusal(-9999, "A code of next year."),
    refusal(-2010, "Account has insufficient balance for requested action.", 409),
    refusal(-2010, "Account has insufficient balance for requested action.", 500),
    refusal(-2010, "Account has insufficient balance for requested action.", 200),
    refusal(-2010, "Account has insufficient balance for requested action.", 302),
    Reply({"code": "-2010", "msg": "a code as text"}, 400),
    Reply({"msg": "no code"}, 400),
    Reply([{"code": -2010, "msg": "a list"}], 400),
    Reply('{"code":-2010,"msg":"Account has insuff', 400),
    Reply("", 400),
    *(Reply("<html>Request blocked</html>", status) for status in (400, 401, 403, 404, 405, 409, 418, 429, 451)),
]


@pytest.mark.parametrize(("code", "words"), REFUSED)
async def test_a_documented_refusal_is_final_and_in_the_venues_words(
    binance: BinanceClient, tiny: TinyVenue, code: int, words: str
) -> None:
    tiny.on("POST", "/api/v3/order", refusal(code, words))

    with pytest.raises(OrderRefused) as refused:
        await binance.place_market_order(entry())

    assert str(refused.value) == f"Binance refused: {code} {words}"
    assert (refused.value.code, refused.value.transient) == (str(code), False)
    assert type(refused.value) is OrderRefused
    assert len(tiny.sent("POST", "/api/v3/order")) == 1


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (refusal(-1002, "You are not authorized to execute this request.", 401), "-1002"),
        (refusal(-1015, "Too many new orders; current limit is 100 orders per 10 SECOND.", 429), "-1015"),
        (refusal(-1022, "Signature for this request is not valid."), "-1022"),
        (refusal(-2014, "API-key format invalid.", 401), "-2014"),
    ],
)
async def test_a_key_or_a_limit_refused_before_the_engine_placed_nothing(
    binance: BinanceClient, tiny: TinyVenue, reply: Reply, code: str
) -> None:
    tiny.on("POST", "/api/v3/order", reply)

    with pytest.raises(OrderRefused) as refused:
        await binance.place_market_order(entry())

    assert refused.value.code == code
    assert len(tiny.sent("POST", "/api/v3/order")) == 1


@pytest.mark.parametrize("reply", UNKNOWN, ids=lambda reply: f"{reply.status} {reply.text()[:40]}")
async def test_whatever_is_not_proven_is_unknown_and_never_sent_again(
    binance: BinanceClient, tiny: TinyVenue, reply: Reply
) -> None:
    tiny.on("POST", "/api/v3/order", reply)

    with pytest.raises(OrderOutcomeUnknown):
        await binance.place_market_order(leave())

    assert len(tiny.sent("POST", "/api/v3/order")) == 1


async def test_a_revoked_key_stays_unknown_after_good_calls(binance: BinanceClient, tiny: TinyVenue) -> None:
    """ccxt calls -2015 a network error once any private call succeeded: that must not show."""
    await binance.get_balance()
    tiny.on("POST", "/api/v3/order", refusal(-2015, "Invalid API-key, IP, or permissions for action.", 401))

    with pytest.raises(OrderOutcomeUnknown, match="-2015 Invalid API-key"):
        await binance.place_market_order(entry())


async def test_a_refused_clock_is_transient_and_set_right_at_once(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("POST", "/api/v3/order", refusal(-1021, "Timestamp for this request is outside of the recvWindow."))

    with pytest.raises(OrderRefused) as refused:
        await binance.place_market_order(entry())

    assert refused.value.transient
    assert [seen.path for seen in tiny.seen] == ["/api/v3/order", "/api/v3/time"]


@pytest.mark.parametrize("plain", [False, True], ids=["pair", "alone"])
@pytest.mark.parametrize(
    "words",
    [
        "Order would trigger immediately.",
        "Stop price would trigger immediately.",
    ],
)
async def test_a_stop_the_price_has_crossed_says_so(
    binance: BinanceClient, tiny: TinyVenue, words: str, plain: bool
) -> None:
    path = "/api/v3/order" if plain else "/api/v3/orderList/oco"
    tiny.on("POST", path, refusal(-2010, words))

    with pytest.raises(StopWouldTrigger) as refused:
        await binance.place_oco_order(protect(plain=plain))

    assert refused.value.code == "-2010"
    assert len(tiny.seen) == 1


@pytest.mark.parametrize(
    ("last", "error"),
    [("62926.30", StopWouldTrigger), ("62926.31", OrderRefused), ("130000.00", OrderRefused), (None, OrderRefused)],
)
async def test_prices_that_do_not_fit_say_too_late_only_below_the_stop(
    binance: BinanceClient, tiny: TinyVenue, last: str | None, error: type[Exception]
) -> None:
    """The same words come for a price above the far leg; where the price cannot be seen, a stop alone will be told."""
    words = "The relationship of the prices for the orders is not correct."
    tiny.on("POST", "/api/v3/orderList/oco", refusal(-2010, words))
    ticker = {"symbol": "BTCUSDT", "bidPrice": last, "askPrice": last, "lastPrice": last, "closeTime": 1}
    tiny.on("GET", "/api/v3/ticker/24hr", Reply(ticker) if last else Reply("", 502))

    with pytest.raises(OrderRefused) as refused:
        await binance.place_oco_order(protect())

    assert (type(refused.value), refused.value.code) == (error, "-2010")
    assert len(tiny.sent("POST", "/api/v3/orderList/oco")) == 1


async def test_a_stop_refused_for_another_reason_is_a_plain_refusal(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("POST", "/api/v3/orderList/oco", refusal(-1158, "Order type not supported in OCO."))

    with pytest.raises(OrderRefused) as refused:
        await binance.place_oco_order(protect())

    assert type(refused.value) is OrderRefused
