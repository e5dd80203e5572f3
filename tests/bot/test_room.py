"""A venue that counts questions: nothing is bought before it could be asked all that the stop may need."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.sandbox.faults import TRIGGER, Fault, FaultKind
from helix_core.sim.strikes import Strike, StrikeKind
from tests.bot.staged import staged

if TYPE_CHECKING:
    from tests.bot.conftest import Venue
    from tests.bot.staged import StagedBot

OPEN = "SELECT count(*) FROM trades WHERE status = 'open'"
PUT_BACK_S = 10.0
AT_ONCE_S = 12.0


async def rush(bot: StagedBot) -> None:
    """Four trades as fast as they go use up Kraken's questions."""
    for _ in range(4):
        await bot.post("BUY")
        await bot.until(OPEN, [(1,)], 60)
        await bot.post("SELL")
        await bot.until(OPEN, [(0,)], 60)


@staged(exchange="kraken")
async def test_after_a_rush_of_trades_what_a_stop_has_left_unsold_is_still_covered_in_time(
    bot: StagedBot, venue: Venue
) -> None:
    """The stop of the fifth is set off and sells half."""
    await rush(bot)
    await bot.post("BUY")
    await bot.stage.until(venue.resting, 60)
    (stop,) = venue.resting()
    half = Fault(on=f"{TRIGGER} BTC/USDT", kind=FaultKind.PARTIAL_FILL, fraction=Decimal("0.5"))
    venue.sandbox.faults.add(half)
    price, fallen = venue.sandbox.venue.listing().last, stop.stop_price
    assert fallen is not None

    venue.sandbox.venue.set_price(fallen)
    venue.sandbox.venue.set_price(price)
    assert venue.resting() == []
    began_s = bot.stage.loop.time()
    await bot.stage.until(venue.resting, 60)

    assert bot.stage.loop.time() - began_s < PUT_BACK_S
    assert bot.rows("SELECT kind FROM halts WHERE cleared_at IS NULL") == []


@staged(exchange="kraken")
async def test_an_entry_does_not_wait_for_room_while_the_outcome_of_another_one_is_unknown(
    bot: StagedBot, venue: Venue
) -> None:
    """The one worker that would wait is the one that finds out what became of the order before it."""
    await rush(bot)
    bot.strike("POST /0/private/AddOrder", Strike(kind=StrikeKind.SILENT_REQUEST))
    venue.sandbox.faults.add(Fault(on="POST /0/private/OpenOrders", kind=FaultKind.HTTP_5XX, times=None))
    await bot.post("BUY", "unknown")
    await bot.until(
        "SELECT rejection_reason FROM signals WHERE signal_id = 'unknown'", [("order_outcome_unknown",)], 120
    )
    began_s = bot.stage.loop.time()

    await bot.post("BUY", "after-it")
    await bot.until("SELECT action FROM signals WHERE signal_id = 'after-it'", [("rejected",)], 120)

    assert bot.stage.loop.time() - began_s < AT_ONCE_S
