"""The owner's /resume: what it ends, and what it says of the rest."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from helix_core.engine.resume import resume
from helix_core.store import decisions
from tests.bot.staged import staged

if TYPE_CHECKING:
    from tests.bot.staged import StagedBot

IN_FORCE = "SELECT kind FROM halts WHERE cleared_at IS NULL ORDER BY id"
ENDS = "SELECT status, close_reason FROM trades"


ON_THE_HOST = "it needs helix resume --drawdown on the host, then a restart of the bot"
KINDS = {
    "manual": (0, "▶️ RESUMED: Manual\nEntries go on"),
    "consecutive_losses": (0, "▶️ RESUMED: Consecutive losses\nEntries go on"),
    "daily_loss of today": (
        0,
        "▶️ RESUMED: nothing\nStill halted: Daily loss — x | it ends at 00:00 UTC at the earliest, then by /resume",
    ),
    "daily_loss of yesterday": (30, "▶️ RESUMED: Daily loss\nEntries go on"),
    "drawdown": (
        0,
        f"▶️ RESUMED: nothing\nStill halted: Drawdown — x | {ON_THE_HOST}",
    ),
    "reconcile": (0, "▶️ RESUMED: nothing\nStill halted: Reconcile — x | run helix reconcile first"),
}


@pytest.mark.parametrize("case", KINDS)
@staged(talks=True)
async def test_resume_ends_what_may_be_ended_and_says_how_the_rest_ends(bot: StagedBot, case: str) -> None:
    hours, expected = KINDS[case]
    raised_at, kind = bot.stage.clock.now() - timedelta(hours=hours), case.split(maxsplit=1)[0]
    bot.change(f"INSERT INTO halts (kind, detail, raised_at) VALUES ('{kind}', 'x', '{raised_at:%Y-%m-%d %H:%M:%S}')")

    text = await bot.told("resume")

    assert text == expected
    assert (bot.rows(IN_FORCE) == []) is ("Entries go on" in expected)


@staged(talks=True)
async def test_resume_after_a_reconciliation_and_without_a_halt(bot: StagedBot) -> None:
    now = bot.stage.clock.now()
    bot.change(f"INSERT INTO halts (kind, detail, raised_at) VALUES ('reconcile', 'x', '{now:%Y-%m-%d %H:%M:%S}')")
    async with bot.stage.store() as store, store.write() as session:
        await decisions.note_reconciled(session, "BTC/USDT", "a test", now + timedelta(seconds=1))

    assert await bot.told("resume") == "▶️ RESUMED: Reconcile\nEntries go on"
    assert await bot.told("resume") == "▶️ RESUMED: nothing\nNo halt was in force"


@staged(talks=True)
async def test_a_drawdown_ended_on_the_host_needs_a_restart_and_resume_says_so(bot: StagedBot) -> None:
    now = bot.stage.clock.now()
    bot.change(f"INSERT INTO halts (kind, detail, raised_at) VALUES ('drawdown', 'x', '{now:%Y-%m-%d %H:%M:%S}')")
    await bot.stage.sleep(1)
    async with bot.stage.store() as store, store.write() as session:
        await resume(session, "a test", bot.stage.clock.now(), drawdown=True)

    assert await bot.told("resume") == (
        "▶️ RESUMED: nothing\nStill halted: Drawdown — ended on the host | restart the bot"
    )


@pytest.mark.parametrize(("age_s", "ended"), [(100, True), (3600, False)])
@staged(talks=True)
async def test_a_resume_that_was_held_up_for_long_is_not_carried_out(bot: StagedBot, age_s: int, ended: bool) -> None:
    """What it would end may be a halt that its sender had not heard of."""
    now = bot.stage.clock.now()
    bot.change(f"INSERT INTO halts (kind, detail, raised_at) VALUES ('manual', 'x', '{now:%Y-%m-%d %H:%M:%S}')")

    text = await bot.told("resume", now - timedelta(seconds=age_s))

    assert text.startswith("▶️ RESUMED: Manual" if ended else "⚠️ NOT DONE: /resume came 3600 s after it was sent")
    assert (bot.rows(IN_FORCE) == []) is ended
