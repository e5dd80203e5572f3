"""The daily summary: at 23:59 UTC to the second, once for each day, and later for one that was missed."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.bot.staged import staged

if TYPE_CHECKING:
    from tests.bot.conftest import Venue
    from tests.bot.staged import StagedBot

EVENING = datetime(2026, 3, 1, 23, 58, tzinfo=UTC)
HIGHER, LOWER = Decimal("64900.00"), Decimal("63500.00")
_DAY_S = 86_400.0


def summaries(bot: StagedBot) -> list[tuple[str, str]]:
    """When each was written, to the second, and its text."""
    found = bot.rows("SELECT at, text FROM outbox WHERE kind = 'daily_summary' ORDER BY id")
    return [(at[:19], text.removeprefix("📊 DAILY SUMMARY: ")) for at, text in found]


async def trade(bot: StagedBot, venue: Venue, exit_price: Decimal) -> None:
    """Buy, and sell at another price; then the market is where it was."""
    before = venue.sandbox.venue.listing().last
    assert (await bot.post("BUY")).json()["status"] == "accepted"
    venue.sandbox.venue.set_price(exit_price)
    assert (await bot.post("SELL")).json()["status"] == "accepted"
    venue.sandbox.venue.set_price(before)


@staged(epoch=EVENING)
async def test_the_day_is_told_at_a_minute_to_midnight_in_the_owners_shape(bot: StagedBot, venue: Venue) -> None:
    await trade(bot, venue, HIGHER)
    await trade(bot, venue, LOWER)
    await bot.stage.sleep(90)

    pnls = [Decimal(pnl) for (pnl,) in bot.rows("SELECT pnl FROM results")]
    total = f"{abs(sum(pnls)):.2f}"
    assert [pnl > 0 for pnl in pnls] == [True, False]
    assert summaries(bot) == [
        ("2026-03-01 23:59:00", f"Trades: 2 | P&L: {'+' if sum(pnls) >= 0 else '−'}${total} | WR: 50%")
    ]
    assert bot.stage.messages[-1] == bot.notices()[-1], "it was delivered"


@staged(epoch=EVENING)
async def test_a_day_without_a_trade_is_told_too_and_every_day_once(bot: StagedBot) -> None:
    await bot.stage.sleep(300)

    assert summaries(bot) == [("2026-03-01 23:59:00", "Trades: 0 | P&L: +$0.00 | WR: –")]


@staged(epoch=EVENING)
async def test_a_restart_after_it_was_told_tells_nothing_again(bot: StagedBot) -> None:
    await bot.stage.sleep(65)
    for _ in range(2):
        await bot.dies()
        await bot.starts()
        await bot.stage.sleep(60)

    assert len(summaries(bot)) == 1


@staged(epoch=EVENING)
async def test_a_day_that_was_missed_is_told_at_the_start_by_its_date(bot: StagedBot, venue: Venue) -> None:
    """Also what the stop did while the bot was off: it is booked first."""
    await bot.post("BUY")
    await bot.dies()
    venue.sandbox.venue.set_price(Decimal("62000.00"))
    await bot.stage.sleep(600)
    assert summaries(bot) == []

    await bot.starts()
    await bot.stage.sleep(60)

    ((pnl,),) = bot.rows("SELECT pnl FROM results")
    ((at, text),) = summaries(bot)
    assert at.startswith("2026-03-02 00:0")
    assert text == f"Trades: 1 | P&L: −${-Decimal(pnl):.2f} | WR: 0% | Day: 2026-03-01"
    await bot.dies()
    await bot.starts()
    await bot.stage.sleep(60)
    assert len(summaries(bot)) == 1


@staged(epoch=EVENING)
async def test_of_a_long_absence_the_last_week_is_told(bot: StagedBot) -> None:
    await bot.stage.sleep(65)
    await bot.dies()
    await bot.stage.sleep(20 * _DAY_S + 3600)
    await bot.starts()
    await bot.stage.sleep(60)

    days = [text.partition("Day: ")[2] for _, text in summaries(bot)[1:]]
    assert days == [f"2026-03-{day}" for day in range(15, 22)]


@staged
async def test_the_first_start_misses_nothing(bot: StagedBot) -> None:
    await bot.stage.sleep(120)

    assert summaries(bot) == []


@staged(epoch=EVENING)
async def test_a_database_that_is_locked_at_that_minute_delays_it_only(bot: StagedBot) -> None:
    await bot.stage.sleep(50)
    bot.stage.disk.locked = True
    await bot.stage.sleep(40)
    bot.stage.disk.locked = False
    await bot.stage.sleep(60)

    assert [text for _, text in summaries(bot)] == ["Trades: 0 | P&L: +$0.00 | WR: –"]
