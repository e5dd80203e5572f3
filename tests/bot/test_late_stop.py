"""A stop that was proven never to have been placed, and arrives after all: it is taken over, never forgotten."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.domain.signal import Action
from helix_core.sandbox.faults import Fault, FaultKind
from helix_core.sandbox.orders import NewOrder, OrderType
from helix_core.sim.strikes import Strike, StrikeKind
from tests.bot.conftest import OCO, ORDER
from tests.bot.staged import staged

if TYPE_CHECKING:
    from tests.bot.conftest import Venue
    from tests.bot.staged import StagedBot

LATE_S = 2.0
FENCE_S = 21.0
ARRIVES_S = LATE_S + 0.025
BETWEEN_CANCEL_AND_SALE_S = 0.16
STOPS = "SELECT state FROM journal WHERE kind = 'stop' ORDER BY number"


async def with_a_stop_under_way(bot: StagedBot) -> float:
    """Buy; the first stop is still on its way while a second one rests. Returns when the first arrives."""
    bot.strike(f"POST {OCO}", Strike(kind=StrikeKind.LATE_AFTER_RESET, delay_s=LATE_S))
    sent: list[float] = []
    judge = bot.stage.network.judge

    def judged(asked):
        if asked.name == f"POST {OCO}":
            sent.append(asked.at_s)
        return judge(asked)

    bot.stage.network.judge = judged
    await bot.post("BUY")
    await bot.until(STOPS, [("not_placed",), ("live",)])
    return sent[0] + ARRIVES_S


@staged
async def test_a_late_stop_that_takes_the_coins_from_a_sale_is_cancelled_and_they_are_sold(
    bot: StagedBot, venue: Venue
) -> None:
    """It arrives between the cancel of the second stop and the sale, which is refused for want of free coins."""
    arrives_s = await with_a_stop_under_way(bot)
    await asyncio.sleep(arrives_s - BETWEEN_CANCEL_AND_SALE_S - bot.stage.loop.time())

    answer = await bot.post("SELL")

    assert answer.json()["status"] == "accepted"
    assert bot.rows(STOPS) == [("done",), ("done",)]
    assert bot.rows("SELECT status FROM trades") == [("closed",)]
    assert bot.rows("SELECT state FROM journal WHERE kind = 'exit' ORDER BY number") == [("refused",), ("done",)]
    assert bot.rows("SELECT kind FROM halts") == []
    assert venue.sandbox.venue.balances()["BTC"].total < Decimal("0.00001")


@staged
async def test_a_late_stop_beside_a_resting_one_is_refused_by_the_venue(bot: StagedBot, venue: Venue) -> None:
    """The coins are locked by the second stop: the first finds none, and the position keeps one stop."""
    arrives_s = await with_a_stop_under_way(bot)

    await asyncio.sleep(arrives_s + 5 - bot.stage.loop.time())

    assert bot.rows(STOPS) == [("not_placed",), ("live",)]
    assert bot.rows("SELECT status FROM trades") == [("open",)]
    assert len(venue.sandbox.venue.ledger.open_orders("BTC/USDT")) == 2, "the two legs of one pair"
    assert bot.rows("SELECT kind FROM halts") == []


def accept_half_a_coin(bot: StagedBot) -> None:
    """Half a coin is the owner's, as `helix reconcile --accept-baseline` writes it down."""
    bot.change("INSERT OR REPLACE INTO meta (key, value) VALUES ('baseline BTC', '0.5 0')")
    bot.change("UPDATE halts SET cleared_at = '2026-03-01T12:00:10+00:00', cleared_by = 'helix resume (owner)'")


async def beside_coins_of_the_owners(bot: StagedBot) -> None:
    """Buy beside half a coin of the owner's; the first stop is late."""
    accept_half_a_coin(bot)
    bot.strike(f"POST {OCO}", Strike(kind=StrikeKind.LATE_AFTER_RESET, delay_s=LATE_S))
    await bot.post("BUY")
    await bot.until(STOPS, [("live",)], 1.5)


@staged(coins={"BTC": "0.5"})
async def test_beside_the_owners_coins_a_lost_stop_is_sent_again_under_its_own_id(bot: StagedBot, venue: Venue) -> None:
    """The venue would have coins enough for two stops: of two under one id it takes one, and refuses the late copy."""
    await beside_coins_of_the_owners(bot)

    await asyncio.sleep(20)

    first, second = venue.parameters("POST", OCO)
    assert first["belowClientOrderId"] == second["belowClientOrderId"]
    assert len(venue.sandbox.venue.ledger.lists) == 1, "the copy that came late was refused"
    assert len(venue.sandbox.venue.ledger.open_orders("BTC/USDT")) == 2, "the two legs of one pair"


@staged(coins={"BTC": "0.5"})
async def test_beside_the_owners_coins_an_exit_lets_a_late_copy_of_its_stop_come_first(
    bot: StagedBot, venue: Venue
) -> None:
    """A copy that came after the cancel would find its id free, and sell the owner's coins one day."""
    await beside_coins_of_the_owners(bot)

    assert (await bot.post("SELL")).status_code == 202
    await bot.until("SELECT status FROM trades", [("closed",)], 30)

    assert len(venue.sandbox.venue.ledger.lists) == 1
    assert venue.sandbox.venue.ledger.open_orders("BTC/USDT") == ()
    assert abs(venue.sandbox.venue.balances()["BTC"].total - Decimal("0.5")) < Decimal("0.0001")


@staged(coins={"BTC": "0.5"})
async def test_a_plain_stop_that_was_lost_is_sent_again_as_one_after_a_crash(bot: StagedBot, venue: Venue) -> None:
    """The venue refuses pairs: a pair under the id of the stop that was lost would not protect."""
    accept_half_a_coin(bot)
    no_pairs = Fault(
        on=f"POST {OCO}", kind=FaultKind.REFUSED, times=9, code=-1013, msg="Filter failure: MAX_NUM_ORDER_LISTS"
    )
    venue.sandbox.faults.add(no_pairs)
    bot.strike(f"POST {ORDER}", Strike(kind=StrikeKind.SILENT_REQUEST), type="STOP_LOSS")
    buying = bot.stage.loop.create_task(bot.stage.alert("BUY", "lost"))
    await bot.until("SELECT state FROM journal WHERE kind = 'stop' AND take_profit_price IS NULL", [("sent",)])
    await bot.dies()
    await buying

    await bot.starts()
    await bot.until(STOPS, [("refused",), ("live",)], 20)

    (stop,) = venue.resting()
    assert (stop.type.value, stop.side.value) == ("STOP_LOSS", "SELL")
    assert len(venue.parameters("POST", OCO)) == 1


@staged
async def test_a_lost_stop_that_did_not_come_by_its_fence_is_not_asked_for_again(bot: StagedBot, venue: Venue) -> None:
    """It cannot come any more, and a position without a stop must not wait for the answer."""
    bot.strike(f"POST {OCO}", Strike(kind=StrikeKind.LOST_REQUEST))
    await bot.post("BUY")
    await bot.until(STOPS, [("not_placed",), ("live",)])
    ((lost,),) = bot.rows("SELECT client_order_id FROM journal WHERE kind = 'stop' AND state = 'not_placed'")
    asked: list[str] = []
    bot.stage.network.judge = lambda request: asked.append(f"{request.query}{request.body!r}")

    for is_asked in (True, True, False):
        asked.clear()
        venue.sandbox.venue.cancel(venue.resting()[0].order_id)
        assert not venue.resting()
        assert await bot.stage.until(venue.resting, 15)
        assert any(lost in request for request in asked) is is_asked
        await bot.stage.sleep(FENCE_S)


@staged
async def test_coins_that_a_human_took_and_brought_back_come_under_the_stop_again(bot: StagedBot, venue: Venue) -> None:
    """Meanwhile the stop covers what is left, and everything new is halted."""
    await bot.post("BUY")
    (stop,) = {order.list_id for order in venue.resting()}
    venue.sandbox.venue.cancel(venue.resting()[0].order_id)
    taken = Decimal("0.01")
    sale = NewOrder(symbol="BTC/USDT", side=Action.SELL, type=OrderType.MARKET, quantity=taken)
    venue.sandbox.venue.place(sale)
    await bot.stage.until(lambda: {order.list_id for order in venue.resting()} - {stop}, 10)
    left = venue.resting()[0].remaining

    venue.sandbox.venue.place(replace(sale, side=Action.BUY))
    await bot.stage.until(lambda: venue.resting() and venue.resting()[0].remaining > left, 12)

    assert venue.resting()[0].remaining - left >= taken * Decimal("0.998")
    assert bot.rows("SELECT kind FROM halts WHERE cleared_at IS NULL") == [("reconcile",)]
