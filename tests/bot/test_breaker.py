"""The circuit breaker: entries stop, exits and stops go on."""

from __future__ import annotations

import sqlite3
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from helix_binance.sandbox import sandbox
from helix_core import app
from helix_core.clock import Clock, SystemClock
from helix_core.engine import breaker
from helix_core.engine.resume import resume
from helix_core.sandbox import serving
from helix_core.store.database import Store
from helix_core.testing.telegram import FakeTelegram
from tests.bot.conftest import RunningBot, Venue, environment, running
from tests.bot.staged import staged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
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


@staged
async def test_a_halt_never_keeps_anyone_in_a_position(bot: RunningBot, venue: Venue) -> None:
    await bot.post("BUY")
    with sqlite3.connect(bot.folder / "data" / "helix.db") as connection:
        connection.execute("INSERT INTO halts (kind, detail, raised_at) VALUES ('manual', 'x', '2026-01-01 00:00:00')")

    answer = await bot.post("SELL")

    assert answer.json()["status"] == "accepted"
    assert venue.total("BTC") < Decimal("0.00001")


@staged
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


@staged
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


class MovableClock(Clock):
    """The machine's clock with the wall's time moved: it starts in the evening, an hour before 00:00 UTC."""

    def __init__(self) -> None:
        self._machine = SystemClock()
        now = self._machine.now()
        self._moved = now.replace(hour=23, minute=0, second=0) - now

    def now(self) -> datetime:
        return self._machine.now() + self._moved

    def monotonic(self) -> float:
        return self._machine.monotonic()

    def to_tomorrow(self) -> None:
        """One second past the next 00:00 UTC."""
        now = self.now()
        self._moved += (now + timedelta(days=1)).replace(hour=0, minute=0, second=1) - now


class Evening:
    """A venue and its bots on one clock; `limits` are their settings."""

    def __init__(self, folder: Path, venue: Venue, clock: MovableClock, limits: dict[str, str]) -> None:
        self.folder, self.venue, self.clock, self._limits = folder, venue, clock, limits

    def bot(self) -> Any:
        """A bot on the same database as the one before."""
        world = app.World(clock=self.clock)
        return running(self.folder, environment(self.venue, **self._limits), world)

    async def resume(self, *, drawdown: bool = False) -> list[str]:
        """What `helix resume` does at this hour; the kinds that are left."""
        store = await Store.open(f"sqlite+aiosqlite:///{self.folder}/data/helix.db", alone=False)
        async with store.write() as session:
            done = await resume(session, "test", self.clock.now(), drawdown=drawdown)
        await store.close()
        return [halt.kind.value for halt, _ in done.left]

    async def losses_pct(self) -> tuple[Decimal | None, Decimal | None]:
        """Result of the day and fall from the peak, as the breaker measures them now."""
        store = await Store.open(f"sqlite+aiosqlite:///{self.folder}/data/helix.db", alone=False)
        async with store.read() as session:
            found = (await breaker.day_pnl_pct(session, self.clock.now()), await breaker.drawdown_pct(session))
        await store.close()
        assert None not in found
        return found


@asynccontextmanager
async def evening(folder: Path, **limits: str) -> AsyncIterator[Evening]:
    clock = MovableClock()
    made = sandbox(price=BEFORE, clock=clock)
    async with serving(made.app) as url:
        yield Evening(folder, Venue(made, url), clock, limits)


async def reason(bot: RunningBot) -> str:
    """Why a BUY is refused, or that it is not."""
    answer = (await bot.post("BUY")).json()
    return answer.get("reason") or answer["status"]


async def test_a_daily_loss_ends_only_by_resume_and_only_on_another_day(tmp_path: Path) -> None:
    """Neither a restart nor midnight ends it, nor the owner on the same day."""
    async with evening(tmp_path, MAX_DAILY_LOSS_PCT="0.5") as tonight:
        async with tonight.bot() as bot:
            await lose(bot, tonight.venue)
            assert await tonight.resume() == ["daily_loss"]
            assert await reason(bot) == "daily_loss_limit"
        tonight.clock.to_tomorrow()
        async with tonight.bot() as bot:
            assert await reason(bot) == "trading_halted"
            assert await tonight.resume() == []
            assert await reason(bot) == "accepted"
            health = (await bot.client.get("/health")).json()
            assert health["daily_pnl_pct"] > -0.5, "yesterday's loss is not counted today"


async def test_with_auto_resume_a_daily_loss_ends_by_itself_at_midnight(tmp_path: Path) -> None:
    async with evening(tmp_path, MAX_DAILY_LOSS_PCT="0.5", AUTO_RESUME="true") as tonight, tonight.bot() as bot:
        await lose(bot, tonight.venue)
        assert await reason(bot) == "daily_loss_limit"

        tonight.clock.to_tomorrow()

        await bot.until("SELECT count(*) FROM halts WHERE cleared_at IS NULL", [(0,)])
        assert await reason(bot) == "accepted"
        assert bot.rows("SELECT kind, cleared_by FROM halts") == [("daily_loss", "AUTO_RESUME")]


async def test_losses_in_a_row_are_counted_over_midnight_and_restarts_and_anew_after_resume(tmp_path: Path) -> None:
    async with evening(tmp_path, MAX_CONSECUTIVE_LOSSES="2") as tonight:
        async with tonight.bot() as bot:
            await lose(bot, tonight.venue, BEFORE)
        tonight.clock.to_tomorrow()
        async with tonight.bot() as bot:
            await lose(bot, tonight.venue, BEFORE)
            assert await reason(bot) == "trading_halted"
            assert await tonight.resume() == []
            await lose(bot, tonight.venue, BEFORE)
            assert await reason(bot) == "accepted"


async def test_a_loss_of_a_position_held_over_midnight_halts_the_new_day(tmp_path: Path) -> None:
    """The day opened with a position: what it loses after 00:00 UTC counts, and the owner hears of it at once."""
    async with evening(tmp_path, MAX_DAILY_LOSS_PCT="0.5") as tonight, tonight.bot() as bot:
        await bot.post("BUY")
        tonight.clock.to_tomorrow()
        tonight.venue.sandbox.venue.set_price(JUST_ABOVE_THE_STOP)

        await bot.post("SELL")

        assert bot.rows("SELECT kind FROM halts WHERE cleared_at IS NULL") == [("daily_loss",)]
        assert [text for text in bot.notices() if text.startswith("🚨")]


async def test_a_drawdown_ends_only_on_the_host_and_then_with_a_restart(tmp_path: Path) -> None:
    async with evening(tmp_path, MAX_DRAWDOWN_PCT="0.9") as tonight:
        async with tonight.bot() as bot:
            await lose(bot, tonight.venue)
            assert await tonight.resume() == ["drawdown"]
            assert await tonight.resume(drawdown=True) == []
            assert await reason(bot) == "trading_halted", "a bot that runs goes on refusing"
        async with tonight.bot() as bot:
            assert await reason(bot) == "accepted"


@pytest.mark.parametrize("amount", [-5000, 5000])
async def test_money_that_comes_or_goes_moves_neither_loss_of_the_day_nor_drawdown(tmp_path: Path, amount: int) -> None:
    """A withdrawal during a loss must not trip a halt, and a deposit must not lift what has been lost."""
    async with evening(tmp_path, MAX_DAILY_LOSS_PCT="20", MAX_DRAWDOWN_PCT="20") as tonight:
        async with tonight.bot() as bot:
            await lose(bot, tonight.venue)
        before = await tonight.losses_pct()

        tonight.venue.sandbox.venue.transfer("USDT", Decimal(amount))
        async with tonight.bot():
            pass

        assert await tonight.losses_pct() == pytest.approx(before)
