"""The key under watch: a venue that refuses it, or lets it do more or less than at the start, stops entries."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from helix_core.config import TradingMode
from helix_core.engine.keys import KeyWatch
from helix_core.sim.host import Host
from helix_core.sim.strikes import Strike, StrikeKind
from tests.bot.staged import staged

if TYPE_CHECKING:
    from helix_core.sim.strikes import Asked
    from tests.bot.conftest import Venue
    from tests.bot.staged import StagedBot

HALTS = "SELECT kind, detail FROM halts WHERE cleared_at IS NULL"
REFUSED = "Binance refuses the API key. Stops on the venue stay, nobody moves them"


def refuse_balances(bot: StagedBot, times: int) -> list[Asked]:
    """Let the venue refuse the key as often, when it is asked for the balance; returns what was asked."""
    asked: list[Asked] = []

    def judge(request: Asked) -> Strike | None:
        if request.name == "GET /api/v3/account" and len(asked) < times:
            asked.append(request)
            return Strike(kind=StrikeKind.KEY_REFUSED)
        return None

    bot.stage.network.judge = judge
    return asked


@staged
async def test_a_key_that_is_refused_again_and_again_halts_once(bot: StagedBot, venue: Venue) -> None:
    """The stop of the open position stays where it is, and the halt is not raised anew after the owner ended it."""
    venue.sandbox.rights.read = venue.sandbox.rights.trade = False

    await bot.until(HALTS, [("manual", REFUSED)], 60)

    bot.change("UPDATE halts SET cleared_at = '2026-03-01T12:30:00+00:00', cleared_by = 'helix resume (owner)'")
    assert not await bot.stage.until(lambda: bot.rows(HALTS) != [], 60)


@staged
async def test_two_refusals_with_an_answer_behind_them_halt_nothing(bot: StagedBot, venue: Venue) -> None:
    """Polls are counted, not glances: two answers that refused the key lie longer than three glances apart."""
    asked = refuse_balances(bot, 2)

    assert await bot.stage.until(lambda: len(asked) == 2, 60)
    await bot.stage.until(lambda: False, 60)

    assert bot.rows(HALTS) == []


async def an_hour_later(bot: StagedBot) -> tuple[str, str]:
    """Kind and detail of the halt that an hour of watching a live key raises, with nothing else running."""
    await bot.dies()
    host = Host(bot.stage, bot.stage.story.tell)
    async with bot.stage.store() as store, host.account(store, TradingMode.LIVE) as account:
        watch = asyncio.ensure_future(KeyWatch(account).run())
        await asyncio.sleep(3590)
        assert bot.rows(HALTS) == [], "it is asked every hour, not all the time"
        await asyncio.sleep(60)
        watch.cancel()
        ((kind, detail),) = bot.rows(HALTS)
    return kind, detail


@pytest.mark.parametrize(
    ("right", "has", "noticed"),
    [
        ("withdraw", True, "The API key may move money out of Binance now (withdrawals on)"),
        ("trade", False, "The API key may not trade on Binance any more (spot trading off)"),
    ],
)
def test_a_key_that_may_do_more_or_less_than_it_should_is_noticed_within_the_hour(
    right: str, has: bool, noticed: str
) -> None:
    """Asked at the start, then every hour. One that may not trade still answers: nothing else would show it."""

    @staged
    async def played(bot: StagedBot, venue: Venue) -> None:
        setattr(venue.sandbox.rights, right, has)

        assert await an_hour_later(bot) == ("manual", noticed)

    played()
