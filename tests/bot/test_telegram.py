"""The whole way over real sockets: a phone, a Bot API server, the bot, and the venue behind it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from helix_core.testing.telegram import FakeTelegram
from tests.bot.conftest import environment, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from helix_core.testing.telegram import SentMessage
    from tests.bot.conftest import RunningBot, Venue

OWNER, STRANGER = 42, 43


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as server:
        yield server


def settings(venue: Venue, telegram: FakeTelegram) -> dict[str, str]:
    return environment(
        venue,
        DISABLED_PLUGINS="apprise,log",
        TELEGRAM_BOT_TOKEN=telegram.token,
        TELEGRAM_CHAT_ID=str(OWNER),
        TELEGRAM_BASE_URL=telegram.url,
    )


async def message(telegram: FakeTelegram, beginning: str) -> SentMessage:
    """The first message that begins so, once it is there."""
    async with asyncio.timeout(20):
        while True:
            for sent in telegram.messages:
                if sent.text.startswith(beginning):
                    return sent
            await asyncio.sleep(0.01)


async def confirmed(telegram: FakeTelegram) -> None:
    """All that was said so far is dealt with."""
    async with asyncio.timeout(20):
        while telegram.unconfirmed:
            await asyncio.sleep(0.01)


async def test_a_press_of_a_button_sells_the_position_and_halts_once_and_for_all(
    tmp_path: Path, venue: Venue, telegram: FakeTelegram
) -> None:
    async with running(tmp_path, settings(venue, telegram)) as bot:
        await bot.post("BUY")
        telegram.say("/stop confirm", chat_id=STRANGER)
        telegram.say("/stop", chat_id=OWNER)
        question = await message(telegram, "❗ STOP?")
        telegram.press(question, user_id=STRANGER)
        telegram.press(question)
        await bot.until("SELECT status, close_reason FROM trades", [("closed", "manual")])
        await message(telegram, "🔴 CLOSED")
        await confirmed(telegram)
    assert venue.resting() == []

    telegram.hand_out_again()
    async with running(tmp_path, settings(venue, telegram)) as bot:
        telegram.say("/resume", chat_id=OWNER)
        await message(telegram, "▶️ RESUMED: Manual")
        assert bot.rows("SELECT count(*) FROM halts") == [(1,)]
    assert {sent.chat_id for sent in telegram.messages} == {OWNER}
    said = [sent.text.split(":")[0] for sent in telegram.messages]
    assert [said.count(text) for text in ("🛑 STOPPED", "🛑 TRADING HALTED", "⚠️ NOT STOPPED")] == [1, 1, 0]
    assert {command["command"] for command in telegram.commands} == {"status", "balance", "today", "stop", "resume"}


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(FakeTelegram.fall_silent, id="silence"),
        pytest.param(FakeTelegram.talk_nonsense, id="nonsense", marks=pytest.mark.deep),
    ],
)
async def test_trading_goes_on_while_telegram_does_not_and_the_health_page_says_so(
    fault: Callable[[FakeTelegram], None], tmp_path: Path, venue: Venue, telegram: FakeTelegram
) -> None:
    async with running(tmp_path, settings(venue, telegram)) as bot:
        await message(telegram, "🤖 BOT STARTED")
        fault(telegram)
        telegram.say("/today", chat_id=OWNER)  # ends the poll under way
        bought, sold = await bot.post("BUY"), await bot.post("SELL")
        if fault is not FakeTelegram.fall_silent:  # that takes ten seconds to be noticed
            await degraded(bot)

        telegram.recover()
        closed = await message(telegram, "🔴 CLOSED")
        telegram.say("/today", chat_id=OWNER)
        await message(telegram, "📊 TODAY: Trades: 1")

    assert [answer.json()["status"] for answer in (bought, sold)] == ["accepted", "accepted"]
    assert closed.chat_id == OWNER


async def degraded(bot: RunningBot) -> None:
    async with asyncio.timeout(10):
        while (await bot.client.get("/health")).json()["status"] != "degraded":
            await asyncio.sleep(0.05)
