"""What depends on time: deadlines, cancels that come later, the timer that takes the stops, and both limiters."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import ccxt  # type: ignore[import-untyped]
import pytest

from helix_core.sandbox import Fault, FaultKind, prove
from helix_kraken.sandbox import sandbox
from helix_kraken.sandbox.limits import cancel_cost

from .conftest import BUY, STOP, SYMBOL

pytestmark = pytest.mark.asyncio(loop_scope="session")


def within(box, seconds: float) -> str:
    return (box.venue.clock.now() + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


async def test_order_after_its_deadline_is_refused(wire, box, clock):
    """It reads as an error of the service, and nothing was placed."""
    deadline = within(box, 5)
    clock.skip(6)

    assert await wire.error("AddOrder", BUY, deadline=deadline) == "EService:Deadline elapsed"
    assert box.venue.ledger.orders == ()


@pytest.mark.parametrize(
    ("seconds", "text"), [(1, "EGeneral:Invalid arguments:deadline"), (61, "EGeneral:Invalid arguments:deadline")]
)
async def test_deadline_lies_between_two_and_sixty_seconds_ahead(wire, box, seconds, text):
    """Any other is refused."""
    assert await wire.error("AddOrder", BUY, deadline=within(box, seconds)) == text


async def test_order_before_its_deadline_is_placed(wire, box):
    """Five seconds are enough; a moment without an offset is no moment."""
    await wire.place(BUY, deadline=within(box, 5))

    assert len(box.venue.ledger.orders) == 1
    assert (await wire.error("AddOrder", BUY, deadline="2026-08-25T12:00:00")).endswith(":deadline")


async def test_pending_cancel_is_not_a_cancel(wire, box, clock):
    """It is accepted, the order is still open and still holds the coins, and then it is gone."""
    await wire.place(BUY)
    txid = await wire.place(STOP)
    box.faults.add(Fault(on="POST /0/private/CancelOrder", kind=FaultKind.PENDING, delay_s=3))

    accepted = await wire.ok("CancelOrder", txid=txid)
    during = (await wire.ok("QueryOrders", txid=txid))[txid]["status"]
    held = await wire.error("AddOrder", BUY, type="sell")
    clock.skip(3)
    after = (await wire.ok("QueryOrders", txid=txid))[txid]["status"]

    assert accepted == {"count": 1, "pending": True}
    assert (during, held, after) == ("open", "EOrder:Insufficient funds", "canceled")


async def test_stop_can_fill_while_its_cancel_is_pending(wire, box, clock):
    """The worst case of an exit: the cancel comes too late."""
    await wire.place(BUY)
    txid = await wire.place(STOP)
    box.faults.add(Fault(on="POST /0/private/CancelOrder", kind=FaultKind.PENDING, delay_s=3))
    await wire.ok("CancelOrder", txid=txid)

    box.venue.set_price(Decimal(62_000))
    clock.skip(3)

    assert (await wire.ok("QueryOrders", txid=txid))[txid]["status"] == "closed"
    prove(box.venue)


async def test_timer_takes_every_stop(exchange, wire, clock, box):
    """CancelAllOrdersAfter is no friend of a bot whose safety rests at the venue."""
    await wire.place(BUY, {"close[ordertype]": "stop-loss", "close[price]": "62926.3"})

    armed = (await exchange.cancel_all_orders_after(60_000))["result"]
    clock.skip(59)
    during = await wire.ok("OpenOrders")
    clock.skip(1.1)
    after = await wire.ok("OpenOrders")

    assert armed["triggerTime"] > armed["currentTime"]
    assert (len(during["open"]), after["open"]) == (5, {})
    assert box.venue.set_price(Decimal(60_000)) == ()


async def test_timer_is_called_off_with_zero(wire, clock):
    """The stops stay."""
    await wire.place(BUY)
    await wire.place(STOP)
    await wire.ok("CancelAllOrdersAfter", timeout="60")

    called_off = await wire.ok("CancelAllOrdersAfter", timeout="0")
    clock.skip(61)

    assert called_off["triggerTime"] == "0"
    assert len((await wire.ok("OpenOrders"))["open"]) == 1


async def test_calls_are_counted_and_the_counter_drains(wire, clock):
    """Fifteen at once, then one every three seconds."""
    for _ in range(15):
        await wire.ok("Balance")

    assert await wire.error("Balance") == "EAPI:Rate limit exceeded"
    clock.skip(3.1)
    await wire.ok("Balance")
    assert await wire.error("Balance") == "EAPI:Rate limit exceeded"


async def test_questions_about_the_past_cost_more(wire):
    """Three of them, and a fourth is too many."""
    for method in ("ClosedOrders", "TradesHistory", "ClosedOrders"):
        await wire.ok(method)

    assert await wire.error("TradesHistory") == "EAPI:Rate limit exceeded"


async def test_orders_do_not_use_the_counter_of_calls(wire):
    """A bot that asked too much can still place and cancel."""
    await wire.place(BUY)
    for _ in range(15):
        await wire.ok("Balance")

    txid = await wire.place(STOP)

    assert await wire.ok("CancelOrder", txid=txid) == {"count": 1}


async def test_young_cancels_exhaust_the_engines_counter(exchange, wire, clock):
    """Each costs nine with its order: after six there is room for a few more orders, and not for a seventh cancel."""
    await wire.place(BUY)
    for _ in range(6):
        await wire.ok("CancelOrder", txid=await wire.place(STOP))
    txid = await wire.place(STOP)

    assert await wire.error("CancelOrder", txid=txid) == "EOrder:Rate limit exceeded"
    for _ in range(4):
        await wire.place(BUY, volume="0.0001")
    with pytest.raises(ccxt.DDoSProtection):
        await exchange.create_order(SYMBOL, "market", "buy", "0.0001", None, {})
    clock.skip(12)
    assert await wire.ok("CancelOrder", txid=txid) == {"count": 1}


async def test_old_orders_are_cancelled_for_nothing():
    """The cost falls with age."""
    ages = [0, 4.9, 5, 10, 15, 45, 90, 300]

    assert [cancel_cost(timedelta(seconds=age)) for age in ages] == [8, 8, 6, 5, 4, 2, 1, 0]


async def test_limiters_can_be_turned_off(stage, box, wire):
    """For tests that are about something else."""
    stage[0].sandbox = sandbox(limits=False)

    for _ in range(20):
        await wire.ok("Balance")
    await wire.place(BUY)
    for _ in range(8):
        await wire.ok("CancelOrder", txid=await wire.place(STOP))
