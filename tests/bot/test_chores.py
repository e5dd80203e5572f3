"""What is done beside trading may fail in ways that nobody foresaw: the owner learns of it, and trading goes on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.bot.staged import staged
from tests.bot.test_metrics import health, scrape

if TYPE_CHECKING:
    from tests.bot.staged import StagedBot

EVENING = datetime(2026, 3, 1, 23, 58, tzinfo=UTC)
UNFORESEEN: Any = KeyError("a secret of somebody's")


def errors(bot: StagedBot) -> list[str]:
    return [text for text in bot.notices() if text.startswith("❌ ERROR")]


async def trades_as_ever(bot: StagedBot) -> None:
    assert [(await bot.post(action)).json()["status"] for action in ("BUY", "SELL")] == ["accepted"] * 2
    assert len(bot.stage.lives) == 1, "the bot has not ended"


@staged
async def test_an_audit_log_that_fails_as_nobody_foresaw_is_told_once_shown_and_written_later(bot: StagedBot) -> None:
    bot.stage.audit_log.fails = UNFORESEEN
    bot.change(
        "INSERT INTO halts (kind, detail, raised_at, cleared_at) VALUES ('manual', 'x', '2026-03-01', '2026-03-01')"
    )
    await bot.stage.sleep(300)

    await trades_as_ever(bot)

    assert errors(bot) == [
        "❌ ERROR: Audit log — KeyError. It is begun anew, and trading goes on. The log holds the details"
    ]
    assert (await health(bot))["status"] == "degraded"
    assert (await bot.get("/status")).json()["why"] == ["Audit log: it failed, and was begun anew: KeyError"]
    shown = await scrape(bot)
    assert (shown["helix_chore_up", "audit log"], shown["helix_chore_up", "messages"]) == (0, 1)
    assert [line.level for line in bot.stage.story.log if line.event == "chore_failed"][:1] == ["error"]

    bot.stage.audit_log.fails = None
    await bot.stage.sleep(200)

    assert b"halt_raised" in bot.stage.audit_log.content
    assert ((await scrape(bot))["helix_chore_up", "audit log"], (await health(bot))["status"]) == (1, "ok")


@staged(epoch=EVENING)
async def test_a_summary_that_fails_as_nobody_foresaw_comes_when_it_can(bot: StagedBot) -> None:
    await bot.stage.sleep(35)
    bot.change("INSERT OR REPLACE INTO meta VALUES ('summary_of', 'not a day')")
    await bot.stage.sleep(60)

    await trades_as_ever(bot)

    assert len(errors(bot)) == 1
    assert errors(bot)[0].startswith("❌ ERROR: Daily summary — ValueError.")
    bot.change("UPDATE meta SET value = '2026-02-28' WHERE key = 'summary_of'")
    await bot.until("SELECT count(*) FROM outbox WHERE kind = 'daily_summary'", [(1,)], 70)
    assert (await scrape(bot))["helix_chore_up", "daily summary"] == 0, "not well yet: it may fail again"
    await bot.stage.sleep(130)
    assert (await scrape(bot))["helix_chore_up", "daily summary"] == 1


@staged
async def test_an_audit_log_that_cannot_be_written_degrades_health_and_shows(bot: StagedBot) -> None:
    bot.stage.audit_log.fails = OSError(28, "No space left on device")
    bot.change(
        "INSERT INTO halts (kind, detail, raised_at, cleared_at) VALUES ('manual', 'x', '2026-03-01', '2026-03-01')"
    )
    await bot.stage.sleep(70)

    problem = "logs/audit.log cannot be written: No space left on device"
    status = (await bot.get("/status")).json()
    assert (status["status"], status["why"], status["audit_log_problem"]) == (
        *("degraded", [f"Audit log: {problem}"], problem),
    )
    assert (await scrape(bot))["helix_audit_log_up",] == 0
    bot.stage.audit_log.fails = None
    await bot.stage.sleep(70)
    assert (await scrape(bot))["helix_audit_log_up",] == 1
    assert (await health(bot))["status"] == "ok"
