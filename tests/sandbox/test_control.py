"""The control endpoints: the market moves, people act, and wrong input is named with its fix."""

from __future__ import annotations

from decimal import Decimal

import pytest

from .conftest import SYMBOL

pytestmark = pytest.mark.asyncio(loop_scope="session")

BUY = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}


async def test_ledger_tells_everything_in_exact_text(wire, box):
    """Balances, orders, fills and every movement, as decimals in text."""
    await wire.ok("POST", "/api/v3/order", **BUY)

    ledger = (await wire.http.get("/sandbox/ledger")).json()

    assert ledger["initial"] == {"USDT": "20000"}
    assert ledger["balances"]["BTC"] == {"free": "0.00999", "locked": "0"}
    assert ledger["balances"]["USDT"] == {"free": "19357.895", "locked": "0"}
    assert (ledger["orders"][0]["status"], ledger["orders"][0]["executed"]) == ("filled", "0.01")
    assert (ledger["fills"][0]["fee"], ledger["fills"][0]["fee_currency"]) == ("0.00001", "BTC")
    assert [movement["cause"] for movement in ledger["movements"]] == ["fill", "fill", "fee"]


async def test_price_is_moved_and_stops_go_to_work(wire, box):
    """Moving the price answers which orders it set to work."""
    await wire.ok("POST", "/api/v3/order", **BUY)
    stop = {**BUY, "side": "SELL", "type": "STOP_LOSS", "quantity": "0.009", "stopPrice": "60000"}
    await wire.ok("POST", "/api/v3/order", **stop)

    answer = await wire.http.post("/sandbox/price", json={"symbol": SYMBOL, "price": "59000.00"})

    assert answer.json() == {"price": "59000.00", "worked": [2]}
    assert box.venue.listing().last == Decimal(59_000)


async def test_person_cancels_an_order(wire, box):
    """A cancel by hand is a cancel like any other."""
    resting = {**BUY, "type": "LIMIT", "price": "60000", "timeInForce": "GTC"}
    await wire.ok("POST", "/api/v3/order", **resting)

    answer = await wire.http.post("/sandbox/cancel", json={"order_id": 1})

    assert answer.json() == {"canceled": [1]}
    assert (await wire.ok("GET", "/api/v3/order", symbol="BTCUSDT", orderId=1))["status"] == "CANCELED"


async def test_money_is_deposited_and_withdrawn(wire, box):
    """Transfers move the free balance both ways."""
    await wire.http.post("/sandbox/transfer", json={"currency": "USDT", "amount": "100.5"})

    answer = await wire.http.post("/sandbox/transfer", json={"currency": "USDT", "amount": "-0.5"})

    assert answer.json() == {"currency": "USDT", "free": "20100.0"}


async def test_faults_are_armed_listed_and_cleared(wire, box):
    """A fault posted over HTTP strikes like one added in Python."""
    fault = {"on": "POST /api/v3/order", "kind": "refused", "code": -2010, "msg": "No."}

    await wire.http.post("/sandbox/faults", json=fault)
    listed = (await wire.http.get("/sandbox/faults")).json()
    refused = await wire.error("POST", "/api/v3/order", **BUY)
    await wire.http.post("/sandbox/faults", json=fault)
    cleared = (await wire.http.delete("/sandbox/faults")).json()

    assert listed[0]["kind"] == "refused"
    assert refused == (-2010, "No.")
    assert cleared == []
    assert (await wire.ok("POST", "/api/v3/order", **BUY))["status"] == "FILLED"


async def test_rights_of_the_key_are_changed(wire, box):
    """The key can be given the right to withdraw."""
    await wire.http.post("/sandbox/rights", json={"withdraw": True})

    assert (await wire.ok("GET", "/sapi/v1/account/apiRestrictions"))["enableWithdrawals"] is True


async def test_requests_are_listed_without_the_controls_own(wire, box):
    """Only what the venue was asked is in the log."""
    await wire.ok("GET", "/api/v3/openOrders", symbol="BTCUSDT")

    logged = (await wire.http.get("/sandbox/requests")).json()

    assert [(entry["method"], entry["path"]) for entry in logged] == [("GET", "/api/v3/openOrders")]
    assert logged[0]["parameters"]["symbol"] == "BTCUSDT"


@pytest.mark.parametrize(
    ("path", "body", "field", "fix"),
    [
        ("price", {"price": 64210.5}, "price", "in quotes"),
        ("price", {"price": "NaN"}, "price", "in quotes"),
        ("price", {"price": "64210.501"}, "price", "in quotes"),
        ("price", {"price": "0"}, "price", "in quotes"),
        ("price", {"price": "60000", "symbol": "ETH/USDT"}, "symbol", "BTC/USDT"),
        ("price", {}, "price", "in quotes"),
        ("price", {"price": "60000", "when": "now"}, "when", "symbol, price"),
        ("cancel", {"order_id": 7}, "order_id", "open order"),
        ("cancel", {"order_id": "x"}, "order_id", "open order"),
        ("transfer", {"currency": "USDT", "amount": "-20001"}, "amount", "withdraw"),
        ("faults", {"on": "POST /api/v3/order", "kind": "fire"}, "kind", "lost_request"),
        ("faults", {"on": "/api/v3/order", "kind": "lost_request"}, "on", "METHOD /path"),
        ("faults", {"on": "POST /api/v3/order", "kind": "delay"}, "delay_s", "seconds"),
        ("faults", {"on": "POST /api/v3/order", "kind": "refused", "code": -1}, "msg", "text"),
        ("faults", {"on": "POST /api/v3/order", "kind": "partial_fill", "fraction": "1"}, "fraction", "below one"),
        ("faults", {"on": "TRIGGER BTC/USDT", "kind": "delay", "delay_s": 1}, "kind", "partial_fill"),
        ("rights", {"withdraw": "perhaps"}, "withdraw", "true or false"),
    ],
)
async def test_wrong_input_names_the_field_and_the_fix(wire, box, path, body, field, fix):
    """422 says which field is wrong and what to write, and nothing changes."""
    before = (box.venue.listing().last, box.venue.balances(), box.faults.armed)

    answer = await wire.http.post(f"/sandbox/{path}", json=body)

    problems = {problem["field"]: problem["fix"] for problem in answer.json()["problems"]}
    assert answer.status_code == 422
    assert fix in problems[field]
    assert (box.venue.listing().last, box.venue.balances(), box.faults.armed) == before


async def test_input_that_is_no_json_is_refused(wire, box):
    """A body that cannot be read is answered, not crashed on."""
    answer = await wire.http.post("/sandbox/price", content=b"{price")

    assert answer.status_code == 422
    assert answer.json()["problems"][0]["field"] == "message"
