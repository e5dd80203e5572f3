"""The owner's /stop: asked once, in force when answered, and carried out by the worker alone, whatever happens."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from helix_core.domain.halt import HaltKind
from helix_core.engine import breaker
from helix_core.sim.strikes import Strike, StrikeKind
from tests.bot.conftest import ORDER
from tests.bot.staged import staged

if TYPE_CHECKING:
    from tests.bot.conftest import Venue
    from tests.bot.staged import StagedBot

IN_FORCE = "SELECT kind FROM halts WHERE cleared_at IS NULL ORDER BY id"
ENDS = "SELECT status, close_reason FROM trades"


@staged(talks=True)
async def test_stop_asks_once_then_halts_and_sells_by_the_worker(bot: StagedBot, venue: Venue) -> None:
    await bot.post("BUY")

    asked = await bot.say("stop")

    assert asked is not None
    assert asked.text == (
        "❗ STOP? This halts trading and sells BTC/USDT 0.07778 at market. To confirm within 60 s: /stop confirm"
    )
    assert bot.rows(IN_FORCE) == []
    assert venue.resting()
    answer = await bot.told("stop confirm")
    assert answer == "🛑 STOPPED: entries are halted | closing BTC/USDT 0.07778 at market | To resume: /resume"
    assert bot.rows(IN_FORCE) == [("manual",)]
    await bot.until(ENDS, [("closed", "manual")])
    assert venue.resting() == []
    assert venue.total("BTC") < Decimal("0.00001")
    assert (await bot.post("BUY")).json()["reason"] == "trading_halted"
    said = bot.notices()
    assert said[2] == (
        "🛑 TRADING HALTED: Manual | stopped by the owner, by /stop (owner, the owner) | To resume: /resume"
    )
    assert said[3].startswith("🔴 CLOSED: BTC/USDT @ ")


@staged(talks=True)
async def test_the_button_confirms_its_own_question_and_only_once(bot: StagedBot) -> None:
    first, second = await bot.say("stop"), await bot.say("stop")
    assert first is not None
    assert second is not None
    assert first.button is not None
    assert second.button is not None

    old = await bot.told(first.button.words)
    assert old.startswith("⚠️ NOT STOPPED")
    assert bot.rows(IN_FORCE) == []
    new = await bot.told(second.button.words)
    assert new == "🛑 STOPPED: entries are halted | no position is open | To resume: /resume"
    again = await bot.told(second.button.words)

    assert again.startswith("⚠️ NOT STOPPED")
    assert bot.rows("SELECT count(*) FROM halts") == [(1,)]


@pytest.mark.parametrize(("after_s", "halted"), [(59.0, True), (61.0, False)])
@staged(talks=True)
async def test_a_confirmation_counts_for_sixty_seconds(bot: StagedBot, after_s: float, halted: bool) -> None:
    await bot.say("stop")
    await bot.stage.sleep(after_s)

    text = await bot.told("stop confirm")

    assert text.startswith("🛑 STOPPED" if halted else "⚠️ NOT STOPPED")
    assert (bot.rows(IN_FORCE) == [("manual",)]) is halted


@staged(talks=True)
async def test_a_confirmation_without_a_question_does_nothing(bot: StagedBot, venue: Venue) -> None:
    await bot.post("BUY")

    assert (await bot.told("stop confirm")).startswith("⚠️ NOT STOPPED")

    await bot.stage.sleep(5)
    assert bot.rows(ENDS) == [("open", None)]
    assert venue.resting()


@pytest.mark.parametrize("table", ["halts", "journal", "fills", "trades"])
@staged(talks=True)
async def test_a_confirmed_stop_is_carried_out_whenever_the_power_fails(
    bot: StagedBot, venue: Venue, table: str
) -> None:
    """The power goes off with the first commit on that table after the confirmation, once before it and once after."""
    await bot.post("BUY")
    await bot.say("stop")
    left = ["commit:before", "commit:after"]

    def cut(seam: str, _number: int) -> bool:
        if left and seam.startswith(left[0]) and table in seam:
            left.pop(0)
            return True
        return False

    bot.stage.on_seam = cut
    number = bot.stage.speech.say("stop confirm")

    await bot.until(ENDS, [("closed", "manual")], 60)
    assert not left
    assert await bot.stage.ready()
    await bot.answer(number)
    assert bot.rows("SELECT kind, count(*) FROM halts") == [("manual", 1)]
    assert venue.sandbox.venue.balances()["BTC"].total < Decimal("0.00001")


@staged(talks=True)
async def test_stop_works_while_halted(bot: StagedBot) -> None:
    await bot.post("BUY")
    async with bot.stage.store() as store, store.write() as session:
        for kind in (HaltKind.DRAWDOWN, HaltKind.MANUAL, HaltKind.CONSECUTIVE_LOSSES):
            await breaker.halt(session, kind, "x", bot.stage.clock.now())

    assert (await bot.stops()).startswith("🛑 STOPPED: entries are halted | closing BTC/USDT")

    await bot.until(ENDS, [("closed", "manual")])


@staged(talks=True)
async def test_in_a_reconcile_halt_stop_halts_and_says_what_it_does_not_touch(bot: StagedBot, venue: Venue) -> None:
    await bot.post("BUY")
    venue.sandbox.venue.transfer("BTC", Decimal("0.5"))
    await bot.until(IN_FORCE, [("reconcile",)], 90)
    sent = len(venue.sent("POST", "DELETE"))

    text = await bot.stops()

    assert text.startswith("🛑 STOPPED: entries are halted | NOT CLOSED: BTC/USDT 0.07778 | Halt reconcile: ")
    assert "run helix reconcile on the host, then /resume and /stop" in text
    assert bot.rows(IN_FORCE) == [("reconcile",), ("manual",)]
    await bot.stage.sleep(30)
    assert bot.rows(ENDS) == [("open", None)]
    assert len(venue.sent("POST", "DELETE")) == sent


@staged(talks=True)
async def test_a_position_that_cannot_be_sold_yet_is_sold_once_the_venue_answers(bot: StagedBot, venue: Venue) -> None:
    await bot.post("BUY")
    bot.stage.network.judge = lambda _: Strike(kind=StrikeKind.NO_CONNECTION)
    await bot.stage.sleep(10)

    await bot.stops()

    await bot.stage.sleep(20)
    assert bot.rows(ENDS) == [("open", None)]
    assert [text for text in bot.notices() if text.startswith("⏳ NOT CLOSED YET: BTC/USDT | ")]
    assert "is being carried out: BTC/USDT is to be sold" in await bot.told("status")
    assert venue.resting(), "the stop is not touched while nothing can be sold"
    bot.stage.network.judge = lambda _: None
    await bot.until(ENDS, [("closed", "manual")], 60)


@staged(talks=True)
async def test_resume_calls_a_stop_off_that_is_not_carried_out_yet(bot: StagedBot, venue: Venue) -> None:
    await bot.post("BUY")
    bot.stage.network.judge = lambda _: Strike(kind=StrikeKind.NO_CONNECTION)
    await bot.stage.sleep(10)
    await bot.stops()

    text = await bot.told("resume")

    assert text == ("▶️ RESUMED: Manual\n/stop is called off: what is still open stays under its stop\nEntries go on")
    bot.stage.network.judge = lambda _: None
    await bot.stage.sleep(60)
    assert bot.rows(ENDS) == [("open", None)]


@staged(talks=True)
async def test_a_venue_that_goes_on_refusing_is_told_and_the_stop_is_back(bot: StagedBot, venue: Venue) -> None:
    await bot.post("BUY")
    bot.stage.network.judge = lambda asked: Strike(kind=StrikeKind.REFUSED) if asked.name == f"POST {ORDER}" else None

    await bot.stops()

    await bot.stage.until(lambda: any(text.startswith("⚠️ NOT CLOSED: BTC") for text in bot.notices()), 200)
    assert bot.notices()[-1].endswith("It stays under its stop: /stop tries again, or sell it by hand")
    assert bot.rows(ENDS) == [("open", None)]
    await bot.stage.sleep(5)
    assert venue.resting()
    bot.stage.network.judge = lambda _: None
    await bot.stops()
    await bot.until(ENDS, [("closed", "manual")])


@staged(talks=True)
async def test_an_entry_under_way_is_sold_as_well(bot: StagedBot) -> None:
    """The halt is in force at once; what had left before is followed to its end, and then sold."""
    question = await bot.say("stop")
    assert question is not None
    bot.stage.network.latency_s = lambda: 0.4
    posted = bot.stage.loop.create_task(bot.stage.alert("BUY", "late"))
    await bot.stage.until(lambda: bot.rows("SELECT count(*) FROM journal") == [(1,)], 10)

    await bot.told("stop confirm")

    await posted
    await bot.until(ENDS, [("closed", "manual")], 60)


@staged(talks=True)
async def test_stop_still_works_on_a_full_disk(bot: StagedBot) -> None:
    """What is kept in reserve is given up for it."""
    await bot.post("BUY")
    bot.stage.disk.full = True

    assert (await bot.stops()).startswith("🛑 STOPPED: entries are halted | closing BTC/USDT")

    await bot.until(ENDS, [("closed", "manual")], 60)


@staged(exchange="kraken", talks=True)
async def test_stop_sells_where_the_stop_came_with_the_entry(bot: StagedBot, venue: Venue) -> None:
    await bot.post("BUY")
    await bot.until(ENDS, [("open", None)], 60)

    assert (await bot.stops()).startswith("🛑 STOPPED: entries are halted | closing BTC/")

    await bot.until(ENDS, [("closed", "manual")], 60)
    assert not venue.sandbox.venue.ledger.open_orders(venue.sandbox.symbol)


@staged(talks=True)
async def test_a_sale_whose_outcome_is_unknown_is_followed_and_not_sent_twice(bot: StagedBot, venue: Venue) -> None:
    """The answer to the sale is lost: it is found at the venue, and the trade ends as one that the owner closed."""
    await bot.post("BUY")
    bot.strike(f"POST {ORDER}", Strike(kind=StrikeKind.LOST_ANSWER))

    await bot.stops()

    await bot.until(ENDS, [("closed", "manual")], 60)
    assert [order["side"] for order in venue.parameters("POST", ORDER)] == ["BUY", "SELL"]
