"""The circuit breaker: entries stop, exits and stops go on."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.testing.telegram import FakeTelegram
from tests.bot.conftest import RunningBot, Venue, environment, running

if TYPE_CHECKING:
    from pathlib import Path

BEFORE, JUST_ABOVE_THE_STOP = Decimal("64210.50"), Decimal("63000.00")


async def lose(bot: RunningBot, venue: Venue, price: Decimal = JUST_ABOVE_THE_STOP) -> None:
    """Buy, let the market fall to `price`, sell, and put the market back."""
    assert (await bot.post("BUY")).json()["status"] == "accepted"
    venue.sandbox.venue.set_price(price)
    assert (await bot.post("SELL")).json()["status"] == "accepted"
    venue.sandbox.venue.set_price(BEFORE)


async def test_a_daily_loss_halts_entries_and_is_told(tmp_path: Path, venue: Venue) -> None:
    async with running(tmp_path, environment(venue, MAX_DAILY_LOSS_PCT="0.5")) as bot:
        await lose(bot, venue)

        refused = await bot.post("BUY")

        assert (refused.status_code, refused.json()["reason"]) == (409, "daily_loss_limit")
        assert bot.rows("SELECT kind FROM halts WHERE cleared_at IS NULL") == [("daily_loss",)]
        (told,) = [text for text in bot.notices() if text.startswith("🚨")]
        assert told.startswith("🚨 DAILY LOSS LIMIT HIT: −")
        assert told.endswith("% | Trading halted")
        assert bot.rows("SELECT daily_loss_limit_hit FROM daily_stats") == [(1,)]
        assert (await bot.client.get("/health")).json()["status"] == "halted"


async def test_losses_in_a_row_halt_entries(tmp_path: Path, venue: Venue) -> None:
    async with running(tmp_path, environment(venue, MAX_CONSECUTIVE_LOSSES="2")) as bot:
        await lose(bot, venue, BEFORE)
        assert bot.rows("SELECT count(*) FROM halts") == [(0,)]
        await lose(bot, venue, BEFORE)

        refused = await bot.post("BUY")

        assert (refused.status_code, refused.json()["reason"]) == (409, "trading_halted")
        assert bot.rows("SELECT kind, detail FROM halts") == [("consecutive_losses", "2 losses in a row")]


async def test_a_drawdown_halts_entries(tmp_path: Path, venue: Venue) -> None:
    async with running(tmp_path, environment(venue, MAX_DRAWDOWN_PCT="0.9")) as bot:
        await lose(bot, venue)

        refused = await bot.post("BUY")

        assert (refused.status_code, refused.json()["reason"]) == (409, "trading_halted")
        assert bot.rows("SELECT kind FROM halts") == [("drawdown",)]


async def test_a_halt_never_keeps_anyone_in_a_position(bot: RunningBot, venue: Venue) -> None:
    await bot.post("BUY")
    with sqlite3.connect(bot.folder / "data" / "helix.db") as connection:
        connection.execute("INSERT INTO halts (kind, detail, raised_at) VALUES ('manual', 'x', '2026-01-01 00:00:00')")

    answer = await bot.post("SELL")

    assert answer.json()["status"] == "accepted"
    assert venue.total("BTC") < Decimal("0.00001")


async def test_a_deposit_moves_neither_daily_loss_nor_drawdown(bot: RunningBot, venue: Venue) -> None:
    before = (await bot.client.get("/health")).json()["daily_pnl_pct"]
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
            await telegram.wait_for_messages(4)

            texts = [message.text for message in telegram.messages]
            assert texts == bot.notices()
            assert [text.split(" ")[1] for text in texts] == ["BOT", "OPENED:", "SIGNAL", "CLOSED:"]


async def test_after_a_drawdown_was_ended_by_a_human_it_is_counted_anew(tmp_path: Path, venue: Venue) -> None:
    async with running(tmp_path, environment(venue, MAX_DRAWDOWN_PCT="0.9")) as bot:
        await lose(bot, venue)
        with sqlite3.connect(bot.folder / "data" / "helix.db") as connection:
            connection.execute("UPDATE halts SET cleared_at = '2026-01-01 00:00:00'")
            connection.execute("UPDATE results SET closed_at = '2025-01-01 00:00:00'")

        await lose(bot, venue, BEFORE)

        assert bot.rows("SELECT count(*) FROM halts WHERE cleared_at IS NULL") == [(0,)]


async def test_in_a_reconcile_halt_nothing_is_sent_for_the_pair(bot: RunningBot, venue: Venue) -> None:
    await bot.post("BUY")
    sent = len(venue.sent("POST", "DELETE"))
    with sqlite3.connect(bot.folder / "data" / "helix.db") as connection:
        connection.execute(
            "INSERT INTO halts (kind, detail, raised_at) VALUES ('reconcile', 'x', '2026-01-01 00:00:00')"
        )

    answer = await bot.post("SELL")

    assert (answer.status_code, answer.json()["reason"]) == (409, "trading_halted")
    assert len(venue.sent("POST", "DELETE")) == sent
    assert len(venue.resting()) == 2
