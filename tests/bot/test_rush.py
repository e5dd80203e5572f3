"""Many signals at once: they wait for their turn, and what is open does not wait for them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from helix_core.sim.strikes import Strike, StrikeKind
from tests.bot.staged import staged

if TYPE_CHECKING:
    from helix_core.sim.strikes import Asked
    from tests.bot.conftest import Venue
    from tests.bot.staged import StagedBot

MANY = 40
SLOW_DISK_S = 0.25
SOON_S = 8.0
"""For a look every two seconds that has a few slow commits to make. The queue takes over a quarter of a minute."""
STORED = "SELECT count(*) FROM inbox"
UNFINISHED = "SELECT count(*) FROM inbox WHERE done_at IS NULL"


@staged(WEBHOOK_LIMIT_PER_MINUTE="1000")
async def test_what_is_open_is_looked_after_between_two_of_many_signals(bot: StagedBot, venue: Venue) -> None:
    """An entry is at the venue, and nobody knows of it: it gets its stop while most of the signals still wait."""
    silent = True

    def judge(asked: Asked) -> Strike | None:
        if silent and asked.name == "POST /api/v3/order":
            return Strike(kind=StrikeKind.SILENT_ANSWER)
        return Strike(kind=StrikeKind.HTTP_5XX) if silent and asked.name == "GET /api/v3/order" else None

    bot.stage.network.judge = judge
    await bot.post("BUY", "unknown")
    await bot.until("SELECT rejection_reason FROM signals", [("order_outcome_unknown",)], 120)
    bot.stage.disk.commit_s = lambda: SLOW_DISK_S
    posted = [asyncio.ensure_future(bot.post("BUY")) for _ in range(MANY)]
    await bot.stage.until(lambda: bot.rows(STORED) > [(MANY,)], 10)
    await bot.stage.until(lambda: bot.rows(UNFINISHED) < [(MANY - 3,)], 60)

    silent, began_s = False, bot.stage.loop.time()
    await bot.stage.until(venue.resting, 120)

    assert bot.stage.loop.time() - began_s < SOON_S
    assert bot.rows(UNFINISHED) > [(MANY // 4,)]
    await asyncio.gather(*posted)
