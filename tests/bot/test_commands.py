"""The owner's commands on a whole bot: answered, heard once, and on the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helix_core.sim.strikes import Strike, StrikeKind
from tests.bot.conftest import ORDER
from tests.bot.staged import staged

if TYPE_CHECKING:
    from tests.bot.staged import StagedBot

IN_FORCE = "SELECT kind FROM halts WHERE cleared_at IS NULL ORDER BY id"
ENDS = "SELECT status, close_reason FROM trades"


@staged(talks=True)
async def test_questions_are_answered_with_what_is_so(bot: StagedBot) -> None:
    await bot.post("BUY")
    await bot.stage.sleep(5)

    assert await bot.told("status") == (
        "📋 STATUS: RUNNING · Mode: TESTNET · Exchange: Binance\n"
        "Position: BTC/USDT 0.07778 @ 64210.50 | SL: 62926.29\n"
        "Today: −0.05%"
    )
    assert await bot.told("BALANCE") == (
        "💰 BALANCE: USDT $5,000.57, free $5,000.57 | BTC 0.07778214 | Equity: $9,995.00"
    )
    assert await bot.told("today") == (
        "📊 TODAY: Trades: 0 | P&L: +$0.00 | WR: – | With what is open: −0.05% | Since 00:00 UTC, 2026-03-01"
    )
    await bot.post("SELL")
    assert (await bot.told("today")).startswith(
        "📊 TODAY: Trades: 1 | P&L: −$10.13 | WR: 0% | With what is open: −0.10%"
    )


@pytest.mark.parametrize("words", ["help", "start", "", "stop now", "buy", "🚀", "status " + "x" * 5000])
@staged(talks=True)
async def test_what_is_no_command_is_answered_with_the_menu_or_by_its_first_word(bot: StagedBot, words: str) -> None:
    text = await bot.told(words)

    assert text.startswith("📋 STATUS" if words.startswith("status") else "❔ I know these commands:\n/status – ")
    assert bot.rows(IN_FORCE) == []


@staged(talks=True)
async def test_words_after_a_question_do_not_hurry_a_sale_that_waits(bot: StagedBot) -> None:
    """A venue that refuses five times in ever longer pauses is left alone, however much the owner asks meanwhile."""
    await bot.post("BUY")
    bot.stage.network.judge = lambda asked: Strike(kind=StrikeKind.REFUSED) if asked.name == f"POST {ORDER}" else None
    await bot.stops()
    for words in ["status x", "today please", "stop confirm 99", "help me"] * 8:
        await bot.told(words)
        await bot.stage.sleep(3)

    assert [text for text in bot.notices() if text.startswith("⚠️ NOT CLOSED: BTC/USDT")]


@staged(talks=True)
async def test_what_was_carried_out_is_not_carried_out_again_after_a_restart(bot: StagedBot) -> None:
    """Telegram hands out again what was not confirmed before the crash."""
    question = bot.stage.speech.say("stop")
    await bot.answer(question)
    number = bot.stage.speech.say("stop confirm")
    await bot.answer(number)
    resumed = bot.stage.speech.say("resume")
    await bot.answer(resumed)
    await bot.dies()
    await bot.starts()

    for one, words in ((question, "stop"), (number, f"stop confirm {question}"), (resumed, "resume")):
        bot.stage.speech.repeat(one, words)

    assert await bot.answer(question) is None
    assert await bot.answer(number) is None
    assert await bot.answer(resumed) is None
    assert bot.rows("SELECT count(*), count(cleared_at) FROM halts") == [(1, 1)]


@staged(talks=True)
async def test_a_question_outlives_a_restart(bot: StagedBot) -> None:
    await bot.say("stop")
    await bot.dies()
    await bot.starts()

    assert (await bot.told("stop confirm")).startswith("🛑 STOPPED")


@staged(talks=True)
async def test_a_database_that_takes_nothing_is_told_and_nothing_is_done(bot: StagedBot) -> None:
    await bot.say("stop")
    bot.stage.disk.full, bot.stage.disk.room = True, 0

    text = await bot.told("stop confirm")

    assert text.startswith("❌ ERROR: The database could not store it")
    bot.stage.disk.full = False
    assert bot.rows(IN_FORCE) == []
    assert (await bot.told("stop confirm")).startswith("🛑 STOPPED")


@staged(talks=True)
async def test_the_record_says_who_stopped_and_who_resumed(bot: StagedBot) -> None:
    await bot.stops()
    await bot.until("SELECT count(*) FROM decisions WHERE decision = 'flatten_over'", [(1,)])

    await bot.told("resume")

    assert bot.rows("SELECT raised_by, cleared_by FROM halts") == [
        ("/stop (owner, the owner)", "/resume (owner, the owner)")
    ]
    assert bot.rows("SELECT decision, actor, detail FROM decisions") == [
        ("flatten", "/stop (owner, the owner)", "sell all that is held"),
        ("flatten_over", "helix", "nothing is open any more"),
    ]
