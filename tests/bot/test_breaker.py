"""The circuit breaker: entries stop, exits and stops go on."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from helix_core.engine import breaker
from helix_core.engine.resume import resume
from helix_core.testing.telegram import FakeTelegram
from tests.bot.conftest import environment, running
from tests.bot.staged import staged

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.conftest import Venue
    from tests.bot.staged import StagedBot

BEFORE, JUST_ABOVE_THE_STOP = Decimal("64210.50"), Decimal("63000.00")
EVENING, A_DAY_LATER = datetime(2026, 3, 1, 23, 59, tzinfo=UTC), datetime(2026, 3, 2, 0, 0, 1, tzinfo=UTC)


async def lose(bot: StagedBot, venue: Venue, price: Decimal = JUST_ABOVE_THE_STOP) -> None:
    """Buy, let the market fall to `price`, sell, and put the market back."""
    assert (await bot.post("BUY")).json()["status"] == "accepted"
    venue.sandbox.venue.set_price(price)
    assert (await bot.post("SELL")).json()["status"] == "accepted"
    venue.sandbox.venue.set_price(BEFORE)


@staged(MAX_DAILY_LOSS_PCT="0.5")
async def test_a_daily_loss_halts_entries_and_is_told(bot: StagedBot, venue: Venue) -> None:
    await lose(bot, venue)

    refused = await bot.post("BUY")

    assert (refused.status_code, refused.json()["reason"]) == (409, "daily_loss_limit")
    assert bot.rows("SELECT kind FROM halts WHERE cleared_at IS NULL") == [("daily_loss",)]
    (told,) = [text for text in bot.notices() if text.startswith("🚨")]
    assert told.startswith("🚨 DAILY LOSS LIMIT HIT: −")
    assert told.endswith("% | Trading halted")
    assert bot.rows("SELECT daily_loss_limit_hit FROM daily_stats") == [(1,)]
    assert (await bot.get("/health")).json()["status"] == "halted"


@staged(MAX_CONSECUTIVE_LOSSES="2")
async def test_losses_in_a_row_halt_entries(bot: StagedBot, venue: Venue) -> None:
    await lose(bot, venue, BEFORE)
    assert bot.rows("SELECT count(*) FROM halts") == [(0,)]
    await lose(bot, venue, BEFORE)

    refused = await bot.post("BUY")

    assert (refused.status_code, refused.json()["reason"]) == (409, "trading_halted")
    assert bot.rows("SELECT kind, detail FROM halts") == [("consecutive_losses", "2 losses in a row")]


@staged(MAX_DRAWDOWN_PCT="0.9")
async def test_a_drawdown_halts_entries(bot: StagedBot, venue: Venue) -> None:
    await lose(bot, venue)

    refused = await bot.post("BUY")

    assert (refused.status_code, refused.json()["reason"]) == (409, "trading_halted")
    assert bot.rows("SELECT kind FROM halts") == [("drawdown",)]


@staged
async def test_a_halt_never_keeps_anyone_in_a_position(bot: StagedBot, venue: Venue) -> None:
    await bot.post("BUY")
    bot.change("INSERT INTO halts (kind, detail, raised_at) VALUES ('manual', 'x', '2026-01-01 00:00:00')")

    answer = await bot.post("SELL")

    assert answer.json()["status"] == "accepted"
    assert venue.total("BTC") < Decimal("0.00001")


@staged
async def test_a_deposit_moves_neither_daily_loss_nor_drawdown(bot: StagedBot, venue: Venue) -> None:
    before = (await bot.get("/health")).json()["daily_pnl_pct"]
    venue.sandbox.venue.transfer("USDT", Decimal(-5000))

    await bot.post("BUY")
    await bot.post("SELL")

    assert before == 0
    assert bot.rows("SELECT count(*) FROM halts") == [(0,)]
    ((total,),) = bot.rows("SELECT total_pnl_pct FROM daily_stats")
    assert -0.2 < total < 0


async def test_the_owner_hears_everything_in_order_on_telegram(tmp_path: Path, venue: Venue) -> None:
    async with FakeTelegram() as telegram:
        phone = {"TELEGRAM_BOT_TOKEN": telegram.token, "TELEGRAM_CHAT_ID": "7", "TELEGRAM_BASE_URL": telegram.url}
        async with running(tmp_path, environment(venue, DISABLED_PLUGINS="", **phone)) as bot:
            telegram.fail(502, times=2)
            await bot.post("BUY")
            await bot.post("BUY")
            await bot.post("SELL")
            await telegram.wait_for_messages(4, timeout_s=20)

            texts = [message.text for message in telegram.messages]
            assert texts == bot.notices()
            assert [text.split(" ")[1] for text in texts] == ["BOT", "OPENED:", "SIGNAL", "CLOSED:"]


@staged(MAX_DRAWDOWN_PCT="0.9")
async def test_after_a_drawdown_was_ended_by_a_human_it_is_counted_anew(bot: StagedBot, venue: Venue) -> None:
    await lose(bot, venue)
    bot.change("UPDATE halts SET cleared_at = '2026-01-01 00:00:00'")
    bot.change("UPDATE results SET closed_at = '2025-01-01 00:00:00'")

    await lose(bot, venue, BEFORE)

    assert bot.rows("SELECT count(*) FROM halts WHERE cleared_at IS NULL") == [(0,)]


@staged
async def test_in_a_reconcile_halt_nothing_is_sent_for_the_pair(bot: StagedBot, venue: Venue) -> None:
    await bot.post("BUY")
    sent = len(venue.sent("POST", "DELETE"))
    bot.change("INSERT INTO halts (kind, detail, raised_at) VALUES ('reconcile', 'x', '2026-01-01 00:00:00')")

    answer = await bot.post("SELL")

    assert (answer.status_code, answer.json()["reason"]) == (409, "trading_halted")
    assert len(venue.sent("POST", "DELETE")) == sent
    assert len(venue.resting()) == 2


async def to_tomorrow(bot: StagedBot) -> None:
    """One second past 00:00 UTC: these tests begin a minute before it."""
    seconds = (A_DAY_LATER - bot.stage.clock.now()).total_seconds()
    await bot.stage.sleep(seconds)


async def resumed(bot: StagedBot, *, drawdown: bool = False) -> list[str]:
    """What `helix resume` does at this hour; the kinds that are left."""
    async with bot.stage.store() as store, store.write() as session:
        done = await resume(session, "test", bot.stage.clock.now(), drawdown=drawdown)
    return [halt.kind.value for halt, _ in done.left]


async def losses_pct(bot: StagedBot) -> list[Decimal | None]:
    """Result of the day and fall from the peak, as the breaker measures them now."""
    async with bot.stage.store() as store, store.read() as session:
        return [await breaker.day_pnl_pct(session, bot.stage.clock.now()), await breaker.drawdown_pct(session)]


async def reason(bot: StagedBot) -> str:
    """Why a BUY is refused, or that it is not."""
    answer = (await bot.post("BUY")).json()
    return answer.get("reason") or answer["status"]


@staged(epoch=EVENING, MAX_DAILY_LOSS_PCT="0.5")
async def test_a_daily_loss_ends_only_by_resume_and_only_on_another_day(bot: StagedBot, venue: Venue) -> None:
    """Neither a restart nor midnight ends it, nor the owner on the same day."""
    await lose(bot, venue)
    assert await resumed(bot) == ["daily_loss"]
    assert await reason(bot) == "daily_loss_limit"
    await bot.ends()

    await to_tomorrow(bot)
    await bot.starts()

    assert await reason(bot) == "trading_halted"
    assert await resumed(bot) == []
    assert await reason(bot) == "accepted"
    assert (await bot.get("/health")).json()["daily_pnl_pct"] > -0.5, "yesterday's loss is not counted today"


@staged(epoch=EVENING, MAX_DAILY_LOSS_PCT="0.5", AUTO_RESUME="true")
async def test_with_auto_resume_a_daily_loss_ends_by_itself_at_midnight(bot: StagedBot, venue: Venue) -> None:
    await lose(bot, venue)
    assert await reason(bot) == "daily_loss_limit"

    await to_tomorrow(bot)

    await bot.until("SELECT count(*) FROM halts WHERE cleared_at IS NULL", [(0,)])
    assert await reason(bot) == "accepted"
    assert bot.rows("SELECT kind, cleared_by FROM halts") == [("daily_loss", "AUTO_RESUME")]


@staged(epoch=EVENING, MAX_CONSECUTIVE_LOSSES="2")
async def test_losses_in_a_row_are_counted_over_midnight_and_restarts_and_anew_after_resume(
    bot: StagedBot, venue: Venue
) -> None:
    await lose(bot, venue, BEFORE)
    await bot.ends()
    await to_tomorrow(bot)
    await bot.starts()

    await lose(bot, venue, BEFORE)

    assert await reason(bot) == "trading_halted"
    assert await resumed(bot) == []
    await lose(bot, venue, BEFORE)
    assert await reason(bot) == "accepted"


@staged(epoch=EVENING, MAX_DAILY_LOSS_PCT="0.5")
async def test_a_loss_of_a_position_held_over_midnight_halts_the_new_day(bot: StagedBot, venue: Venue) -> None:
    """The day opened with a position: what it loses after 00:00 UTC counts, and the owner hears of it at once."""
    await bot.post("BUY")
    await to_tomorrow(bot)
    venue.sandbox.venue.set_price(JUST_ABOVE_THE_STOP)

    await bot.post("SELL")

    assert bot.rows("SELECT kind FROM halts WHERE cleared_at IS NULL") == [("daily_loss",)]
    assert [text for text in bot.notices() if text.startswith("🚨")]


@staged(MAX_DRAWDOWN_PCT="0.9")
async def test_a_drawdown_ends_only_on_the_host_and_then_with_a_restart(bot: StagedBot, venue: Venue) -> None:
    await lose(bot, venue)
    assert await resumed(bot) == ["drawdown"]
    assert await resumed(bot, drawdown=True) == []
    assert await reason(bot) == "trading_halted", "a bot that runs goes on refusing"

    await bot.ends()
    await bot.starts()

    assert await reason(bot) == "accepted"


@pytest.mark.parametrize("amount", [-5000, 5000])
@staged(MAX_DAILY_LOSS_PCT="20", MAX_DRAWDOWN_PCT="20")
async def test_money_that_comes_or_goes_moves_neither_loss_of_the_day_nor_drawdown(
    bot: StagedBot, venue: Venue, amount: int
) -> None:
    """A withdrawal during a loss must not trip a halt, and a deposit must not lift what has been lost."""
    await lose(bot, venue)
    before = await losses_pct(bot)

    venue.sandbox.venue.transfer("USDT", Decimal(amount))
    await bot.stage.sleep(10)

    assert bot.rows("SELECT count(*) FROM transfers") == [(1,)]
    assert await losses_pct(bot) == pytest.approx(before)
