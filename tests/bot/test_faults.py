"""When the venue or the network fails: never twice, never without a stop, never a guess."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from helix_core.sandbox.faults import Fault, FaultKind
from tests.bot.conftest import LIST, OCO, ORDER
from tests.bot.staged import staged

if TYPE_CHECKING:
    from tests.bot.conftest import RunningBot, Venue

AMBIGUOUS = {
    "the answer is lost": {"kind": FaultKind.LOST_ANSWER},
    "the answer is cut": {"kind": FaultKind.CUT_BODY},
    "the venue does not know": {"kind": FaultKind.UNKNOWN_EXECUTION, "done": True},
    "a gateway fails after it was done": {"kind": FaultKind.HTTP_5XX, "status": 502, "body": "<html>", "done": True},
    "a proxy answers 520 after it was done": {"kind": FaultKind.HTTP_5XX, "status": 520, "body": "", "done": True},
}


def fault(on: str, **details: object) -> Fault:
    return Fault.model_validate({"on": on, **details})


def assert_protected(bot: RunningBot, venue: Venue) -> None:
    """One entry, one stop over exactly what is held."""
    entries = [one for one in venue.parameters("POST", ORDER) if one["side"] == "BUY"]
    assert len(entries) == 1
    stops = [order for order in venue.resting() if order.stop_price is not None]
    assert len(stops) == 1
    assert venue.total("BTC") - Decimal("0.00001") < stops[0].quantity <= venue.total("BTC")
    assert bot.rows("SELECT status FROM trades") == [("open",)]


@pytest.mark.parametrize("details", AMBIGUOUS.values(), ids=AMBIGUOUS)
@staged
async def test_an_entry_whose_outcome_is_unknown_is_looked_up_not_sent_again(
    bot: RunningBot, venue: Venue, details: dict[str, object]
) -> None:
    venue.sandbox.faults.add(fault(f"POST {ORDER}", **details))

    answer = await bot.post("BUY")
    await bot.until("SELECT action FROM signals", [("accepted",)])

    assert answer.status_code in {200, 202}
    assert_protected(bot, venue)


@staged
async def test_an_order_the_venue_does_not_show_yet_is_waited_for(bot: RunningBot, venue: Venue) -> None:
    venue.sandbox.faults.add(fault(f"POST {ORDER}", kind=FaultKind.LOST_ANSWER))
    venue.sandbox.faults.add(fault(f"GET {ORDER}", kind=FaultKind.INVISIBLE, times=3))

    await bot.post("BUY")
    await bot.until("SELECT action FROM signals", [("accepted",)])

    assert_protected(bot, venue)


@staged
async def test_a_request_that_never_arrived_is_proven_absent_and_dropped(bot: RunningBot, venue: Venue) -> None:
    venue.sandbox.faults.add(fault(f"POST {ORDER}", kind=FaultKind.LOST_REQUEST))

    answer = await bot.post("BUY")
    assert answer.status_code == 202, "the sender is not kept waiting"
    await bot.until("SELECT action, rejection_reason FROM signals", [("rejected", "order_not_placed")], seconds=45)

    assert len(venue.parameters("POST", ORDER)) == 1, "it is not sent again: the signal is stale by then"
    assert bot.rows("SELECT state FROM journal") == [("not_placed",)]
    assert venue.total("BTC") == 0


@pytest.mark.parametrize("details", AMBIGUOUS.values(), ids=AMBIGUOUS)
@staged
async def test_a_stop_whose_outcome_is_unknown_is_looked_up_not_sent_again(
    bot: RunningBot, venue: Venue, details: dict[str, object]
) -> None:
    venue.sandbox.faults.add(fault(f"POST {OCO}", **details))

    await bot.post("BUY")
    await bot.until("SELECT action FROM signals", [("accepted",)])

    assert len(venue.parameters("POST", OCO)) == 1
    assert_protected(bot, venue)


@pytest.mark.parametrize("on", [f"DELETE {LIST}", f"POST {ORDER}"], ids=["cancel", "sale"])
@pytest.mark.parametrize("details", AMBIGUOUS.values(), ids=AMBIGUOUS)
@staged
async def test_an_exit_with_a_lost_answer_sells_once(
    bot: RunningBot, venue: Venue, details: dict[str, object], on: str
) -> None:
    await bot.post("BUY")
    venue.sandbox.faults.add(fault(on, **details))

    await bot.post("SELL")
    await bot.until("SELECT status, close_reason FROM trades", [("closed", "signal")])

    assert sum(one["side"] == "SELL" for one in venue.parameters("POST", ORDER)) == 1
    assert venue.resting() == []
    assert venue.total("BTC") < Decimal("0.00001")


@staged
async def test_a_refused_entry_is_rejected_with_the_venues_words(bot: RunningBot, venue: Venue) -> None:
    words = "Account has insufficient balance for requested action."
    venue.sandbox.faults.add(fault(f"POST {ORDER}", kind=FaultKind.REFUSED, code=-2010, msg=words))

    answer = await bot.post("BUY")

    assert (answer.status_code, answer.json()["reason"]) == (409, "order_refused")
    assert words in answer.json()["detail"]
    assert len(venue.parameters("POST", ORDER)) == 1
    assert bot.rows("SELECT count(*) FROM trades") == [(0,)]


@staged
async def test_a_clock_refusal_is_proven_not_placed_and_tried_again(bot: RunningBot, venue: Venue) -> None:
    text = "Timestamp for this request is outside of the recvWindow."
    venue.sandbox.faults.add(fault(f"POST {ORDER}", kind=FaultKind.REFUSED, code=-1021, msg=text))

    answer = await bot.post("BUY")

    assert answer.json()["status"] == "accepted"
    assert len({one["newClientOrderId"] for one in venue.parameters("POST", ORDER)}) == 1
    assert bot.rows("SELECT status FROM trades") == [("open",)]


@staged
async def test_a_partial_fill_that_expired_is_protected_for_what_was_bought(bot: RunningBot, venue: Venue) -> None:
    venue.sandbox.faults.add(fault(f"POST {ORDER}", kind=FaultKind.PARTIAL_FILL, fraction="0.4"))

    answer = await bot.post("BUY")

    assert answer.json()["status"] == "accepted"
    assert venue.total("BTC") < Decimal("0.0312")
    assert_protected(bot, venue)


@staged
async def test_a_refused_pair_of_orders_becomes_a_plain_stop(bot: RunningBot, venue: Venue) -> None:
    refusal = "Filter failure: MAX_NUM_ORDER_LISTS"
    venue.sandbox.faults.add(fault(f"POST {OCO}", kind=FaultKind.REFUSED, code=-1013, msg=refusal))

    await bot.post("BUY")

    (stop,) = venue.resting()
    assert (stop.type.value, stop.side.value) == ("STOP_LOSS", "SELL")
    assert bot.rows("SELECT status FROM trades") == [("open",)]


@staged
async def test_a_position_that_cannot_be_stopped_is_sold_halted_and_told(bot: RunningBot, venue: Venue) -> None:
    refusal = {"kind": FaultKind.REFUSED, "code": -1013, "msg": "Filter failure: MAX_NUM_ALGO_ORDERS"}
    venue.sandbox.faults.add(fault(f"POST {OCO}", **refusal))
    venue.sandbox.faults.add(fault(f"POST {ORDER}", **refusal, where={"type": "STOP_LOSS"}))

    await bot.post("BUY")

    assert venue.total("BTC") < Decimal("0.00001")
    assert bot.rows("SELECT status, close_reason FROM trades") == [("closed", "circuit_breaker")]
    assert bot.rows("SELECT kind FROM halts WHERE cleared_at IS NULL") == [("manual",)]
    assert any(text.startswith("🛑 TRADING HALTED") for text in bot.notices())
    halted = await bot.post("BUY")
    assert (halted.status_code, halted.json()["reason"]) == (409, "trading_halted")


@staged
async def test_a_stop_the_market_has_already_crossed_means_sell_now(bot: RunningBot, venue: Venue) -> None:
    crossed = "Stop price would trigger immediately."
    venue.sandbox.faults.add(fault(f"POST {OCO}", kind=FaultKind.REFUSED, code=-2010, msg=crossed))

    await bot.post("BUY")

    assert len(venue.parameters("POST", OCO)) == 1, "it is not tried again"
    assert venue.total("BTC") < Decimal("0.00001")
    assert bot.rows("SELECT status, close_reason FROM trades") == [("stopped_out", "stop_loss")]


@staged
async def test_a_stop_that_a_human_cancels_is_put_back(bot: RunningBot, venue: Venue) -> None:
    await bot.post("BUY")
    venue.sandbox.venue.cancel(venue.resting()[0].order_id)

    await bot.until("SELECT count(*) FROM journal WHERE kind = 'stop' AND state = 'live'", [(1,)])
    await bot.until("SELECT count(*) FROM outbox WHERE kind = 'stop_rearmed'", [(1,)])

    assert_protected(bot, venue)


@staged
async def test_a_stop_that_fills_only_in_part_is_put_back_for_the_rest(bot: RunningBot, venue: Venue) -> None:
    await bot.post("BUY")
    venue.sandbox.faults.add(fault("TRIGGER BTC/USDT", kind=FaultKind.PARTIAL_FILL, fraction="0.5"))

    venue.sandbox.venue.set_price(Decimal("62900.00"))

    await bot.until("SELECT status FROM trades", [("stopped_out",)])
    assert venue.total("BTC") < Decimal("0.00001")


@staged
async def test_a_sell_that_meets_a_filled_stop_is_not_an_error(bot: RunningBot, venue: Venue) -> None:
    await bot.post("BUY")
    venue.sandbox.venue.set_price(Decimal("62000.00"))

    answer = await bot.post("SELL")

    assert answer.json().get("reason") in {None, "no_open_position"}
    assert bot.rows("SELECT status, close_reason FROM trades") == [("stopped_out", "stop_loss")]


@staged
async def test_a_refused_sale_leaves_the_position_under_a_stop(bot: RunningBot, venue: Venue) -> None:
    await bot.post("BUY")
    refusal = {"kind": FaultKind.REFUSED, "code": -1013, "msg": "Market is closed."}
    venue.sandbox.faults.add(fault(f"POST {ORDER}", **refusal, where={"side": "SELL"}))

    answer = await bot.post("SELL")

    assert (answer.status_code, answer.json()["reason"]) == (409, "order_refused")
    assert_protected(bot, venue)


@staged
async def test_a_silent_venue_is_refused_by_its_gate(bot: RunningBot, venue: Venue) -> None:
    venue.sandbox.faults.add(fault("GET *", kind=FaultKind.HTTP_5XX, status=503, body="down", times=None))
    await asyncio.sleep(4)

    answer = await bot.post("BUY")

    assert (answer.status_code, answer.json()["reason"]) == (409, "exchange_unreachable")
    assert venue.sent("POST") == []
    assert (await bot.client.get("/health")).json()["status"] == "degraded"


@staged
async def test_a_stop_that_never_arrived_is_put_again_at_once(bot: RunningBot, venue: Venue) -> None:
    venue.sandbox.faults.add(fault(f"POST {OCO}", kind=FaultKind.LOST_REQUEST))

    answer = await bot.post("BUY")

    assert answer.json()["status"] == "accepted", "within the 2.5 s of the answer, not after the venue's fence of 20 s"
    assert len(venue.parameters("POST", OCO)) == 2
    assert_protected(bot, venue)


@staged
async def test_a_stop_that_arrives_late_is_not_put_twice(bot: RunningBot, venue: Venue) -> None:
    venue.sandbox.faults.add(fault(f"POST {OCO}", kind=FaultKind.LOST_ANSWER))
    venue.sandbox.faults.add(fault("GET /api/v3/order", kind=FaultKind.INVISIBLE, times=8))

    await bot.post("BUY")
    await bot.until("SELECT action FROM signals", [("accepted",)])

    assert len(venue.parameters("POST", OCO)) == 1, "its coins are locked, so it must be there"
    assert_protected(bot, venue)


@staged
async def test_coins_of_the_owner_are_not_taken_for_a_proof(bot: RunningBot, venue: Venue) -> None:
    """With other coins about, the venue would take a late stop beside a new one: the same one is sent again."""
    venue.sandbox.venue.transfer("BTC", Decimal(1))
    venue.sandbox.faults.add(fault(f"POST {OCO}", kind=FaultKind.LOST_REQUEST))

    await bot.post("BUY")

    assert len({one["listClientOrderId"] for one in venue.parameters("POST", OCO)}) == 1
    assert bot.rows("SELECT state FROM journal WHERE kind = 'stop'") == [("live",)]


@staged
async def test_a_blind_watch_does_not_leave_a_position_without_its_stop(bot: RunningBot, venue: Venue) -> None:
    await bot.post("BUY")
    blind = fault("GET /api/v3/openOrders", kind=FaultKind.HTTP_5XX, status=503, body="down", times=None)
    venue.sandbox.faults.add(blind)

    venue.sandbox.venue.cancel(venue.resting()[0].order_id)

    await bot.until("SELECT count(*) FROM outbox WHERE kind = 'stop_rearmed'", [(1,)])
    assert_protected(bot, venue)


@staged
async def test_a_sale_that_never_arrived_is_sent_again_at_once(bot: RunningBot, venue: Venue) -> None:
    await bot.post("BUY")
    venue.sandbox.faults.add(fault(f"POST {ORDER}", kind=FaultKind.LOST_REQUEST, where={"side": "SELL"}))

    answer = await bot.post("SELL")

    assert answer.json()["status"] == "accepted", "within the 2.5 s of the answer"
    assert sum(one["side"] == "SELL" for one in venue.parameters("POST", ORDER)) == 2
    assert venue.total("BTC") < Decimal("0.00001")
    assert bot.rows("SELECT status, close_reason FROM trades") == [("closed", "signal")]
