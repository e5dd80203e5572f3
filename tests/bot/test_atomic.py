"""ENTRY_STYLE=atomic: the venue places the stop with the fill, so that there is no moment without one."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from helix_core.sandbox.faults import Fault

if TYPE_CHECKING:
    from tests.bot.conftest import Venue

ATOMIC, MARKET = "/api/v3/orderList/opoco", "/api/v3/order"


@pytest.fixture
async def atomic(tmp_path, venue, atomically):
    async with atomically(tmp_path, venue) as ready:
        yield ready


async def test_entry_and_stop_are_one_request_and_the_exit_works_as_ever(venue: Venue, atomic):
    accepted = await atomic.post("BUY")
    stops = [order for order in venue.resting() if order.stop_price is not None]
    closed = await atomic.post("SELL")

    assert accepted.json()["status"] == "accepted"
    assert next(sent for sent in venue.sent("POST") if "order" in sent) == f"POST {ATOMIC}"
    assert stops[0].quantity == Decimal("0.07763")
    assert closed.json()["status"] == "accepted"
    assert venue.total("BTC") < Decimal("0.0001")
    assert not venue.resting()


async def test_an_entry_that_would_cost_more_than_the_collar_buys_nothing_and_leaves_nothing(venue: Venue, atomic):
    venue.sandbox.faults.add(Fault.model_validate({"on": f"POST {ATOMIC}", "kind": "partial_fill", "fraction": "0.5"}))

    answer = await atomic.post("BUY")

    assert (answer.status_code, answer.json()["reason"]) == (409, "order_not_filled")
    assert venue.total("BTC") == 0
    assert atomic.rows("SELECT kind, state FROM journal ORDER BY number") == [("entry", "done"), ("stop", "not_placed")]


async def test_a_stop_that_the_venue_refuses_after_the_fill_is_put_again(venue: Venue, atomic):
    venue.sandbox.faults.add(
        Fault.model_validate({"on": "CLOSE BTC/USDT", "kind": "refused", "code": -2010, "msg": "refused"})
    )

    accepted = await atomic.post("BUY")

    assert accepted.json()["status"] == "accepted"
    await atomic.until("SELECT status FROM trades", [("open",)])
    await atomic.until("SELECT kind, state FROM journal WHERE state = 'live'", [("stop", "live")])
    assert sum(order.quantity for order in venue.resting() if order.stop_price is not None) > Decimal("0.07")


async def test_an_answer_that_is_lost_loses_neither_the_entry_nor_its_stop(venue: Venue, atomic):
    venue.sandbox.faults.add(Fault.model_validate({"on": f"POST {ATOMIC}", "kind": "lost_answer"}))

    accepted = await atomic.post("BUY")

    assert accepted.status_code in {200, 202}
    await atomic.until("SELECT status FROM trades", [("open",)])
    await atomic.until("SELECT kind, state FROM journal ORDER BY number", [("entry", "done"), ("stop", "live")])
    assert venue.sent("POST").count(f"POST {ATOMIC}") == 1
