"""Stops: refused, gapped, gone, or in a race with a human."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from helix_core.sandbox.faults import Fault, FaultKind
from helix_core.sim.strikes import Strike, StrikeKind
from tests.bot.conftest import LIST, OCO, ORDER
from tests.bot.staged import staged
from tests.cases.settled import bought

if TYPE_CHECKING:
    from tests.bot.conftest import RunningBot, Venue
    from tests.bot.staged import StagedBot

LOT = Decimal("0.00001")


def covered(venue: Venue) -> bool:
    """Whether stops that rest cover all the account holds, less than a lot aside."""
    stopped = sum((order.quantity for order in venue.resting() if order.stop_price is not None), Decimal(0))
    return venue.total("BTC") - LOT < stopped <= venue.total("BTC")


@pytest.mark.parametrize(
    "words",
    [
        "The relationship of the prices for the orders is not correct.",
        "Account has insufficient balance for requested action.",
    ],
)
@staged
async def test_a_stop_refused_once_leaves_nothing_uncovered(bot: RunningBot, venue: Venue, words: str) -> None:
    """The price moved over a leg, or the balance had not caught up: another stop rests, or the position was sold."""
    venue.sandbox.faults.add(Fault(on=f"POST {OCO}", kind=FaultKind.REFUSED, code=-2010, msg=words))

    await bought(bot)

    sold = venue.total("BTC") < LOT
    assert sold or covered(venue)
    assert bot.rows("SELECT status FROM trades") == [("stopped_out" if sold else "open",)]
    assert bot.rows("SELECT count(*) FROM halts") == [(0,)]


@staged
async def test_a_gap_through_the_stop_is_booked_at_the_price_that_was_really_got(bot: RunningBot, venue: Venue) -> None:
    """A stop at market sells wherever the market is: nothing is left behind, and the loss is the account's own."""
    await bought(bot)

    venue.sandbox.venue.set_price(Decimal(50_000))

    await bot.until("SELECT status, close_reason FROM trades", [("stopped_out", "stop_loss")])
    ((pnl,),) = bot.rows("SELECT pnl FROM results")
    assert Decimal(pnl) == venue.total("USDT") - 10_000 < -1000
    assert venue.resting() == []


@staged
async def test_a_far_leg_that_fills_ends_the_trade_and_its_stop(bot: RunningBot, venue: Venue) -> None:
    """The price doubled: the far leg of the pair sells, the venue ends the stop, and no order is left behind."""
    await bought(bot)

    venue.sandbox.venue.set_price(Decimal(140_000))

    await bot.until("SELECT count(*) FROM trades WHERE status = 'open'", [(0,)])
    ((pnl,),) = bot.rows("SELECT pnl FROM results")
    assert Decimal(pnl) == venue.total("USDT") - 10_000 > 1000
    assert venue.resting() == []


@staged
async def test_a_human_who_cancels_the_stop_during_our_own_cancel_changes_nothing(bot: StagedBot, venue: Venue) -> None:
    """Two cancels of one order: the second is told it is gone. What is held is sold once."""
    await bought(bot)
    bot.strike(f"DELETE {LIST}", Strike(kind=StrikeKind.LATE, delay_s=0.4))

    selling = asyncio.ensure_future(bot.post("SELL"))
    await asyncio.sleep(0.2)
    venue.sandbox.venue.cancel(venue.resting()[0].order_id)
    await selling

    await bot.until("SELECT status, close_reason FROM trades", [("closed", "signal")])
    assert sum(one["side"] == "SELL" for one in venue.parameters("POST", ORDER)) == 1
    assert venue.total("BTC") < LOT


@staged
async def test_no_stop_is_left_behind_by_a_closed_trade(bot: RunningBot, venue: Venue) -> None:
    """A stop without a position would one day sell the owner's own coins."""
    for _ in range(3):
        await bot.post("BUY")
        await bot.post("SELL")

    await bot.until("SELECT action FROM signals", [("accepted",)] * 6, seconds=30)
    assert bot.rows("SELECT DISTINCT status FROM trades") == [("closed",)]
    assert venue.resting() == []
    assert bot.rows("SELECT count(*) FROM journal WHERE state IN ('live', 'sent', 'unknown', 'cancelling')") == [(0,)]


@staged
async def test_a_stop_that_cannot_be_seen_is_told_to_the_owner(bot: RunningBot, venue: Venue) -> None:
    await bought(bot)
    silence = Fault(on="GET *", kind=FaultKind.HTTP_5XX, status=503, body="down", times=None)
    venue.sandbox.faults.add(silence)

    await bot.until("SELECT count(*) FROM outbox WHERE text LIKE '%NO STOP%'", [(1,)], seconds=40)

    venue.sandbox.faults.clear()
    assert covered(venue)
