"""A stop that left twice and was set off: its late copy finds the id free, and may not stand over the owner's coins."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from helix_core.sim.strikes import Strike, StrikeKind
from tests.bot.conftest import OCO
from tests.bot.staged import staged

if TYPE_CHECKING:
    from tests.bot.conftest import Venue
    from tests.bot.staged import StagedBot

LATE_S = 4.0
STOPS = "SELECT state FROM journal WHERE kind = 'stop' ORDER BY number"


async def bought_beside_coins_of_the_owners(bot: StagedBot) -> float:
    """Half a coin is the owner's; the stop left twice, and rests. Returns when its first copy arrives."""
    bot.change("INSERT OR REPLACE INTO meta (key, value) VALUES ('baseline BTC', '0.5 0')")
    bot.change("UPDATE halts SET cleared_at = '2026-03-01T12:00:10+00:00', cleared_by = 'helix resume (owner)'")
    bot.strike(f"POST {OCO}", Strike(kind=StrikeKind.LATE_AFTER_RESET, delay_s=LATE_S))
    began_s = bot.stage.loop.time()
    await bot.post("BUY")
    await bot.until(STOPS, [("live",)], 1.5)
    return began_s + LATE_S


async def fall_and_recover(venue: Venue) -> None:
    """Set the stop off, and come back."""
    before = venue.sandbox.venue.listing().last
    venue.sandbox.venue.set_price(before * Decimal("0.9"))
    await asyncio.sleep(0.01)
    venue.sandbox.venue.set_price(before)


async def is_over(bot: StagedBot, venue: Venue) -> None:
    """The trade is closed with all its fills, nothing rests, and the owner's coins are all there."""
    assert bot.rows("SELECT status FROM trades") == [("stopped_out",)]
    assert venue.sandbox.venue.ledger.open_orders("BTC/USDT") == ()
    assert len(venue.sandbox.venue.ledger.lists) == 2, "the copy came, and was taken"
    assert len(bot.rows("SELECT fill_id FROM fills")) == len(venue.sandbox.venue.ledger.executions)
    assert abs(venue.sandbox.venue.balances()["BTC"].total - Decimal("0.5")) < Decimal("0.0001")


@pytest.mark.parametrize("before_s", [2.5, 0.2])
def test_a_copy_that_arrives_after_its_stop_was_set_off_is_cancelled(before_s: float) -> None:
    """Whether the stop was seen to have sold before the copy came, or the copy has hidden it."""

    @staged(coins={"BTC": "0.5"})
    async def played(bot: StagedBot, venue: Venue) -> None:
        arrives_s = await bought_beside_coins_of_the_owners(bot)
        await asyncio.sleep(arrives_s - before_s - bot.stage.loop.time())
        await fall_and_recover(venue)

        await asyncio.sleep(arrives_s + 5 - bot.stage.loop.time())

        await is_over(bot, venue)

    played()
