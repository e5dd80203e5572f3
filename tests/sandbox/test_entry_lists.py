"""POST /api/v3/orderList/opoco on the local Binance: what it takes, what it answers, what it does to the money."""

from __future__ import annotations

from decimal import Decimal

import pytest

from helix_core.sandbox import Fault, FaultKind, prove

pytestmark = pytest.mark.asyncio(loop_scope="session")

OPOCO = "/api/v3/orderList/opoco"
FORM = {
    "symbol": "BTCUSDT",
    "listClientOrderId": "list-1",
    "workingType": "LIMIT",
    "workingSide": "BUY",
    "workingClientOrderId": "entry-1",
    "workingPrice": "64852.60",
    "workingQuantity": "0.0084",
    "workingTimeInForce": "FOK",
    "pendingSide": "SELL",
    "pendingAboveType": "LIMIT_MAKER",
    "pendingAboveClientOrderId": "above-1",
    "pendingAbovePrice": "128421.00",
    "pendingBelowType": "STOP_LOSS",
    "pendingBelowClientOrderId": "below-1",
    "pendingBelowStopPrice": "62926.30",
}


async def test_the_answer_shows_the_entry_filled_and_the_pair_pending(wire, box) -> None:
    """Although the pair rests already, over what was received less the fee; then a look-up says so."""
    answer = await wire.ok("POST", OPOCO, **FORM)
    stop = await wire.ok("GET", "/api/v3/order", symbol="BTCUSDT", origClientOrderId="below-1")

    assert (answer["contingencyType"], answer["listOrderStatus"]) == ("OTO", "EXECUTING")
    assert [row["status"] for row in answer["orderReports"]] == ["FILLED", "PENDING_NEW", "PENDING_NEW"]
    assert ["origQty" in row for row in answer["orderReports"]] == [True, False, False]
    assert (stop["status"], stop["origQty"]) == ("NEW", "0.00839000")
    prove(box.venue)


async def test_an_entry_that_cannot_fill_takes_its_pair_with_it(wire, box) -> None:
    answer = await wire.ok("POST", OPOCO, **{**FORM, "workingPrice": "64000.00"})

    assert [row["status"] for row in answer["orderReports"]] == ["EXPIRED"] * 3
    assert answer["orderReports"][0]["expiryReason"] == "UNFILLED_FOK_ORDER_EXPIRED"
    assert answer["orderReports"][1]["expiryReason"] == "OTO_PHASE_ONE_EXPIRED"
    assert answer["listOrderStatus"] == "ALL_DONE"
    assert box.venue.ledger.executions == ()
    prove(box.venue)


async def test_an_ioc_entry_filled_in_part_is_naked(wire, box) -> None:
    """Why only FOK will do: the pair is placed only when the entry filled whole."""
    box.faults.add(Fault(on=f"POST {OPOCO}", kind=FaultKind.PARTIAL_FILL, fraction=Decimal("0.5")))

    answer = await wire.ok("POST", OPOCO, **{**FORM, "workingTimeInForce": "IOC"})

    assert [row["executedQty"] for row in answer["orderReports"]] == ["0.00420000", "0.00000000", "0.00000000"]
    assert box.venue.ledger.open_orders("BTC/USDT") == ()
    prove(box.venue)


async def test_names_can_be_used_again_only_when_the_list_is_done(wire, box) -> None:
    await wire.ok("POST", OPOCO, **FORM)
    twice = await wire.error("POST", OPOCO, **FORM)
    box.venue.set_price(Decimal("62000.00"))
    again = await wire.ok("POST", OPOCO, **{**FORM, "workingPrice": "62100.00", "pendingBelowStopPrice": "61000"})

    assert twice == (-2010, "Duplicate order sent.")
    assert again["orderReports"][0]["status"] == "FILLED"
    prove(box.venue)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"workingType": "MARKET"}, -1158),
        ({"workingTimeInForce": "GTC"}, -1013),
        ({"workingTimeInForce": ""}, -1102),
        ({"workingSide": "SELL"}, -1013),
        ({"pendingBelowType": "LIMIT_MAKER"}, -1158),
        ({"pendingBelowTimeInForce": "GTC"}, -1106),
        ({"pendingQuantity": "0.0084"}, -1104),
        ({"pendingBelowStopPrice": "130000"}, -2010),
        ({"workingQuantity": "1"}, -2010),
        ({"workingQuantity": "0.000001"}, -1013),
        ({"pendingBelowClientOrderId": "entry-1"}, -2010),
    ],
)
async def test_what_makes_no_list_is_refused_and_changes_nothing(wire, box, change, code) -> None:
    assert (await wire.error("POST", OPOCO, **{**FORM, **change}))[0] == code
    assert box.venue.ledger.orders == ()


async def test_a_pair_that_waits_is_open_and_works_when_its_time_has_come(wire, box) -> None:
    """Its coins are locked meanwhile, no price sets it off, and a cancel ends it."""
    box.faults.add(Fault(on=f"POST {OPOCO}", kind=FaultKind.PENDING, delay_s=60))
    await wire.ok("POST", OPOCO, **FORM)
    box.venue.set_price(Decimal("62000.00"))

    listed = await wire.ok("GET", "/api/v3/openOrders", symbol="BTCUSDT")
    locked = box.venue.account.locked("BTC")
    await wire.ok("DELETE", "/api/v3/orderList", symbol="BTCUSDT", listClientOrderId="list-1")

    assert [row["status"] for row in listed] == ["PENDING_NEW"] * 2
    assert (locked, box.venue.account.locked("BTC")) == (Decimal("0.00839"), 0)
    assert box.venue.ledger.open_orders("BTC/USDT") == ()
    prove(box.venue)


async def test_all_orders_answers_for_a_day_at_most(wire) -> None:
    day_ms = 24 * 3600 * 1000

    code, _ = await wire.error("GET", "/api/v3/allOrders", symbol="BTCUSDT", startTime=0, endTime=day_ms + 1)

    assert code == -1127
    assert await wire.ok("GET", "/api/v3/allOrders", symbol="BTCUSDT", startTime=0, endTime=day_ms) == []
