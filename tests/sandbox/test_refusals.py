"""Every refusal comes with Binance's own code and text, and changes nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from helix_core import Action
from helix_core.sandbox import NewOrder, OrderType, prove

from .conftest import SYMBOL

pytestmark = pytest.mark.asyncio(loop_scope="session")

ORDER, OCO = "/api/v3/order", "/api/v3/orderList/oco"
MARKET = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
LIMIT = {**MARKET, "type": "LIMIT", "price": "60000.00", "timeInForce": "GTC"}
MAKER = {**MARKET, "type": "LIMIT_MAKER", "price": "60000.00"}
STOP = {**MARKET, "side": "SELL", "type": "STOP_LOSS", "stopPrice": "60000.00"}
PAIR = {
    "symbol": "BTCUSDT",
    "side": "SELL",
    "quantity": "0.01",
    "aboveType": "LIMIT_MAKER",
    "abovePrice": "70000.00",
    "belowType": "STOP_LOSS",
    "belowStopPrice": "60000.00",
}
BUY_PAIR = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "quantity": "0.01",
    "aboveType": "STOP_LOSS",
    "aboveStopPrice": "70000.00",
    "belowType": "LIMIT_MAKER",
    "belowPrice": "60000.00",
}
FUNDS = "Account has insufficient balance for requested action."
RELATION = "The relationship of the prices for the orders is not correct."


def mandatory(name):
    return f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."


def not_required(name):
    return f"Parameter '{name}' sent when not required."


def without(parameters, *names):
    return {name: value for name, value in parameters.items() if name not in names}


ORDERS = [
    (without(MARKET, "symbol"), -1102, mandatory("symbol")),
    ({**MARKET, "symbol": "BTCUSD"}, -1121, "Invalid symbol."),
    (without(MARKET, "side"), -1102, mandatory("side")),
    ({**MARKET, "side": "HOLD"}, -1117, "Invalid side."),
    (without(MARKET, "type"), -1102, mandatory("type")),
    ({**MARKET, "type": "GUESS"}, -1116, "Invalid orderType."),
    ({**MARKET, "type": "TAKE_PROFIT"}, -1013, "Take profit orders are not supported for this symbol."),
    (
        without(MARKET, "quantity"),
        -1102,
        "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!",
    ),
    ({**MARKET, "quoteOrderQty": "100"}, -1106, not_required("quoteOrderQty")),
    ({**MARKET, "price": "60000"}, -1106, not_required("price")),
    ({**MARKET, "timeInForce": "GTC"}, -1106, not_required("timeInForce")),
    ({**STOP, "timeInForce": "GTC"}, -1106, not_required("timeInForce")),
    ({**STOP, "price": "60000"}, -1106, not_required("price")),
    ({**LIMIT, "stopPrice": "60000"}, -1106, not_required("stopPrice")),
    (without(LIMIT, "price"), -1102, mandatory("price")),
    (without(LIMIT, "timeInForce"), -1102, mandatory("timeInForce")),
    (without(STOP, "stopPrice"), -1102, mandatory("stopPrice")),
    (without(STOP, "quantity"), -1102, mandatory("quantity")),
    ({**LIMIT, "timeInForce": "GTD"}, -1115, "Invalid timeInForce."),
    (
        {**MARKET, "quantity": "1e-2"},
        -1100,
        r"Illegal characters found in parameter 'quantity'; legal range is '^([0-9]{1,20})(\.[0-9]{1,20})?$'.",
    ),
    (
        {**MARKET, "newClientOrderId": "has space"},
        -1100,
        "Illegal characters found in parameter 'newClientOrderId'; legal range is '^[a-zA-Z0-9-_]{1,36}$'.",
    ),
    ({**MARKET, "newClientOrderId": ""}, -1105, "Parameter 'newClientOrderId' was empty."),
    ({**MARKET, "quantity": "0.0000000001"}, -1111, "Parameter 'quantity' has too much precision."),
    ({**MARKET, "quantity": "0"}, -1013, "Invalid quantity."),
    ({**LIMIT, "price": "0.00"}, -1013, "Invalid price."),
    (
        {**MARKET, "leverage": "3"},
        -1104,
        "Not all sent parameters were read; read '6' parameter(s) but was sent '7'.",
    ),
    ({**MARKET, "quantity": "0.010001"}, -1013, "Filter failure: LOT_SIZE"),
    ({**LIMIT, "quantity": "9001"}, -1013, "Filter failure: LOT_SIZE"),
    ({**MARKET, "quantity": "100.1"}, -1013, "Filter failure: MARKET_LOT_SIZE"),
    ({**LIMIT, "price": "60000.001"}, -1013, "Filter failure: PRICE_FILTER"),
    ({**LIMIT, "price": "1000000.01"}, -1013, "Filter failure: PRICE_FILTER"),
    ({**STOP, "stopPrice": "60000.001"}, -1013, "Filter failure: PRICE_FILTER"),
    ({**LIMIT, "price": "12842.09"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    ({**LIMIT, "side": "SELL", "price": "321052.51"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    ({**MARKET, "quantity": "0.00007"}, -1013, "Filter failure: NOTIONAL"),
    ({**without(MARKET, "quantity"), "quoteOrderQty": "4.99"}, -1013, "Filter failure: NOTIONAL"),
    ({**LIMIT, "price": "15000", "quantity": "0.0003"}, -1013, "Filter failure: NOTIONAL"),
    ({**LIMIT, "quantity": "200"}, -1013, "Filter failure: NOTIONAL"),
    ({**STOP, "quantity": "0.00008"}, -1013, "Filter failure: NOTIONAL"),
    ({**MARKET, "quantity": "1"}, -2010, FUNDS),
    ({**MARKET, "side": "SELL", "quantity": "0.02"}, -2010, FUNDS),
    ({**LIMIT, "quantity": "0.5"}, -2010, FUNDS),
    ({**STOP, "quantity": "0.02"}, -2010, FUNDS),
    ({**STOP, "stopPrice": "64210.50"}, -2010, "Order would trigger immediately."),
    ({**MAKER, "price": "64210.50"}, -2010, "Order would immediately match and take."),
    ({**MAKER, "side": "SELL", "price": "64210.49"}, -2010, "Order would immediately match and take."),
    ({**MARKET, "newClientOrderId": "resting"}, -2010, "Duplicate order sent."),
]

PAIRS = [
    (without(PAIR, "abovePrice"), -1102, mandatory("abovePrice")),
    (without(PAIR, "belowStopPrice"), -1102, mandatory("belowStopPrice")),
    (without(PAIR, "aboveType"), -1102, mandatory("aboveType")),
    ({**PAIR, "belowTimeInForce": "GTC"}, -1106, not_required("belowTimeInForce")),
    ({**PAIR, "belowPrice": "60000"}, -1106, not_required("belowPrice")),
    ({**PAIR, "aboveStopPrice": "70000"}, -1106, not_required("aboveStopPrice")),
    ({**PAIR, "belowTrailingDelta": "100"}, -1104, None),
    ({**PAIR, "aboveType": "MARKET"}, -1158, "Order type not supported in OCO."),
    (
        {**PAIR, "belowType": "STOP_LOSS_LIMIT"},
        -1013,
        "Stop loss limit orders are not supported for this symbol.",
    ),
    ({**PAIR, "belowType": "LIMIT_MAKER"}, -1168, "At least one OCO order must be contingent."),
    ({**PAIR, "aboveType": "STOP_LOSS"}, -1197, "A stop loss order in a sell OCO must be below."),
    (
        {**PAIR, "aboveType": "STOP_LOSS", "belowType": "LIMIT_MAKER"},
        -1197,
        "A stop loss order in a sell OCO must be below.",
    ),
    (
        {**BUY_PAIR, "aboveType": "LIMIT_MAKER", "belowType": "STOP_LOSS"},
        -1165,
        "A limit order in a buy OCO must be below.",
    ),
    ({**PAIR, "belowStopPrice": "64210.50"}, -2010, RELATION),
    ({**PAIR, "abovePrice": "64210.49"}, -2010, RELATION),
    ({**BUY_PAIR, "aboveStopPrice": "64210.50"}, -2010, RELATION),
    ({**PAIR, "quantity": "0.02"}, -2010, FUNDS),
    ({**PAIR, "abovePrice": "400000.00"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    ({**PAIR, "quantity": "0.00008", "belowStopPrice": "62000.00"}, -1013, "Filter failure: NOTIONAL"),
    ({**PAIR, "belowClientOrderId": "resting"}, -2010, "Duplicate order sent."),
    ({**PAIR, "aboveClientOrderId": "x", "belowClientOrderId": "x"}, -2010, "Duplicate order sent."),
]

QUESTIONS = [
    ("GET", ORDER, {"symbol": "BTCUSDT", "orderId": "99"}, -2013, "Order does not exist."),
    ("GET", ORDER, {"symbol": "BTCUSDT", "origClientOrderId": "nobody"}, -2013, "Order does not exist."),
    (
        "GET",
        ORDER,
        {"symbol": "BTCUSDT"},
        -1102,
        "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
    ),
    (
        "GET",
        ORDER,
        {"symbol": "BTCUSDT", "orderId": "2", "origClientOrderId": "other"},
        -2039,
        "Client order ID is not correct for this order ID.",
    ),
    ("GET", "/api/v3/orderList", {"origClientOrderId": "nobody"}, -2018, "Order list does not exist."),
    ("GET", "/api/v3/myTrades", {}, -1102, mandatory("symbol")),
    ("DELETE", ORDER, {"symbol": "BTCUSDT", "orderId": "99"}, -2011, "Unknown order sent."),
    ("DELETE", ORDER, {"symbol": "BTCUSDT", "orderId": "1"}, -2011, "Unknown order sent."),
    ("DELETE", "/api/v3/orderList", {"symbol": "BTCUSDT", "orderListId": "7"}, -2011, "Unknown order list sent."),
    (
        "DELETE",
        "/api/v3/orderList",
        {"symbol": "BTCUSDT"},
        -1102,
        "Param 'listClientOrderId' or 'orderListId' must be sent, but both were empty/null!",
    ),
]


@pytest.fixture
def stocked(box):
    """Holds 0.01 BTC free, and a resting buy order called `resting`."""
    box.venue.transfer("BTC", Decimal("0.01"))
    market: dict[str, Any] = {
        "symbol": SYMBOL,
        "side": Action.BUY,
        "type": OrderType.MARKET,
        "quantity": Decimal("0.1"),
    }
    box.venue.place(NewOrder(**market))
    box.venue.transfer("BTC", -Decimal("0.0999"))
    box.venue.transfer("USDT", Decimal(6_000))
    resting = {**market, "type": OrderType.LIMIT, "price": Decimal(50_000), "quantity": Decimal("0.01")}
    box.venue.place(NewOrder(**resting, client_id="resting"))
    return box


@pytest.mark.parametrize(("parameters", "code", "text"), ORDERS)
async def test_order_is_refused(wire, stocked, parameters, code, text):
    """POST /api/v3/order says no in Binance's words and leaves no trace in the books."""
    before = (stocked.venue.ledger.orders, stocked.venue.balances())

    assert await wire.error("POST", ORDER, **parameters) == (code, text)

    assert (stocked.venue.ledger.orders, stocked.venue.balances()) == before
    prove(stocked.venue)


@pytest.mark.parametrize(("parameters", "code", "text"), PAIRS)
async def test_pair_is_refused(wire, stocked, parameters, code, text):
    """POST /api/v3/orderList/oco says no in Binance's words and leaves no trace in the books."""
    before = (stocked.venue.ledger.orders, stocked.venue.balances())

    found = await wire.error("POST", OCO, **parameters)

    assert found[0] == code
    assert text in {None, found[1]}
    assert (stocked.venue.ledger.orders, stocked.venue.balances()) == before


@pytest.mark.parametrize(("method", "path", "parameters", "code", "text"), QUESTIONS)
async def test_question_or_cancel_is_refused(wire, stocked, method, path, parameters, code, text):
    """What is not there, or no longer open, has its own code for a question and for a cancel."""
    assert await wire.error(method, path, **parameters) == (code, text)


async def test_accepted_parameters_are_accepted(wire, stocked):
    """The same requests without a mistake go through, so the tables above refuse for the reason they name."""
    for parameters in (MARKET, LIMIT, MAKER, STOP):
        await wire.ok("POST", "/api/v3/order/test", **parameters)

    await wire.ok("POST", OCO, **PAIR)
    await wire.ok("POST", OCO, **BUY_PAIR)


async def test_sixth_stop_of_a_symbol_is_one_too_many(wire, stocked):
    """Five algo orders are allowed; the sixth is refused."""
    for _ in range(5):
        await wire.ok("POST", ORDER, **{**STOP, "quantity": "0.001"})

    assert await wire.error("POST", ORDER, **{**STOP, "quantity": "0.001"}) == (
        -1013,
        "Filter failure: MAX_NUM_ALGO_ORDERS",
    )


async def test_open_list_id_is_refused_again(wire, stocked):
    """A pair's own id is unique among open pairs."""
    await wire.ok("POST", OCO, **{**PAIR, "quantity": "0.005"}, listClientOrderId="mine")

    found = await wire.error("POST", OCO, **{**PAIR, "quantity": "0.005"}, listClientOrderId="mine")

    assert found == (-2010, "Duplicate order sent.")


async def test_closed_market_takes_no_order(wire, stocked):
    """A halted symbol says so."""
    stocked.venue.listing().trading = False

    assert await wire.error("POST", ORDER, **MARKET) == (-1013, "Market is closed.")


async def test_deprecated_pair_has_no_stop_limit_leg(wire, stocked):
    """A stop-limit leg is not offered under its old name either."""
    old = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.01", "price": "70000", "stopPrice": "60000"}

    found = await wire.error("POST", "/api/v3/order/oco", **old, stopLimitPrice="59000")

    assert found == (-1013, "Stop loss limit orders are not supported for this symbol.")


async def test_symbols_must_be_a_list_of_known_names(wire, box):
    """The catalogue is asked by name, by a list of names, or as a whole."""
    path = "/api/v3/exchangeInfo"

    one = (await wire.http.get(path, params={"symbol": "BTCUSDT"})).json()
    some = (await wire.http.get(path, params={"symbols": '["BTCUSDT"]'})).json()
    wrong = (await wire.http.get(path, params={"symbols": '["BTCUSDT","NOPE"]'})).json()
    both = (await wire.http.get(path, params={"symbol": "BTCUSDT", "symbols": '["BTCUSDT"]'})).json()
    garbled = (await wire.http.get(path, params={"symbols": "BTCUSDT"})).json()

    assert one["symbols"] == some["symbols"]
    assert (wrong["code"], garbled["code"], both["code"]) == (-1121, -1100, -1128)
