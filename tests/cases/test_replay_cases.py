"""An alert that somebody caught on its way, and sends again: at any time, word for word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bot.conftest import ORDER
from tests.bot.staged import staged

if TYPE_CHECKING:
    from tests.bot.conftest import Venue
    from tests.bot.staged import Answer, StagedBot


async def caught(bot: StagedBot) -> str:
    """An alert with its own time, traded and closed again; returns that time. Whoever caught it knows every word."""
    said = bot.stage.clock.now().isoformat()
    assert (await bot.post("BUY", "Long", timestamp=said)).json()["status"] == "accepted"
    assert (await bot.post("SELL", "Close")).json()["status"] == "accepted"
    return said


def word(answer: Answer) -> str:
    """What became of it."""
    told = answer.json()
    return told["reason"] if answer.status_code == 409 else told["status"]


@staged
async def test_a_caught_alert_is_a_repeat_and_later_too_old(bot: StagedBot, venue: Venue) -> None:
    said = await caught(bot)
    orders = len(venue.sent("POST"))

    at_once = word(await bot.post("BUY", "Long", timestamp=said))
    await bot.stage.sleep(121)
    later = word(await bot.post("BUY", "Long", timestamp=said))

    assert (at_once, later) == ("deduplicated", "signal_too_old")
    assert len(venue.sent("POST")) == orders


@staged(DEDUP_WINDOW_S="120")
async def test_with_a_window_as_long_as_the_age_there_is_no_gap_between_the_two(bot: StagedBot, venue: Venue) -> None:
    said = await caught(bot)
    orders = len(venue.parameters("POST", ORDER))

    words = []
    for wait_s in (1, 58, 30, 28, 10):
        await bot.stage.sleep(wait_s)
        words.append(word(await bot.post("BUY", "Long", timestamp=said)))

    assert set(words) == {"deduplicated", "signal_too_old"}
    assert words == sorted(words)
    assert len(venue.parameters("POST", ORDER)) == orders


@staged
async def test_an_alert_without_a_time_is_after_the_window_one_like_any_other(bot: StagedBot) -> None:
    """Nothing tells it from the next alert of the same strategy, whose order's name TradingView repeats."""
    for action, name in (("BUY", "Long"), ("SELL", "Close")):
        assert (await bot.post(action, name)).json()["status"] == "accepted"

    at_once = word(await bot.post("BUY", "Long"))
    await bot.stage.sleep(61)
    later = word(await bot.post("BUY", "Long"))

    assert (at_once, later) == ("deduplicated", "accepted")
