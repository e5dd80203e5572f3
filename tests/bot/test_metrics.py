"""GET /metrics of a real bot: every figure is what happened, and none of them costs trading anything."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from helix_core.domain.halt import HaltKind
from helix_core.domain.risk import ENTRY_GATES
from helix_core.engine import breaker
from helix_core.sim.strikes import Strike, StrikeKind
from tests.bot.staged import StagedBot, staged

if TYPE_CHECKING:
    from tests.bot.conftest import Venue

Figures = dict[tuple[str, ...], float]


def calm(_: object) -> None:
    """A network in which nothing goes wrong."""


async def scrape(bot: StagedBot) -> Figures:
    """Every sample: (name, label value, ...) -> figure."""
    await bot.stage.sleep(1.1)  # a page is kept for a second
    reply = await bot.stage.get("/metrics")
    assert reply is not None
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(reply.body.decode())
        for sample in family.samples
    }


async def health(bot: StagedBot) -> Any:
    return (await bot.get("/health")).json()


@staged
async def test_every_end_of_a_signal_is_counted_once_and_over_a_restart(bot: StagedBot) -> None:
    await bot.post("BUY", "opens")
    await bot.post("BUY", "opens")
    await bot.post("BUY", "refused by a gate")
    await bot.post("SELL", "closes")
    await bot.post("SELL", "nothing to close")

    before = await scrape(bot)
    await bot.dies()
    await bot.starts()
    after = await scrape(bot)

    for seen in (before, after):
        assert seen["helix_signals_total", "accepted"] == 2
        assert seen["helix_signals_total", "deduplicated"] == 1
        assert seen["helix_signals_total", "rejected"] == 2
        assert seen["helix_signals_rejected_total", "position_already_open"] == 1
        assert seen["helix_signals_rejected_total", "no_open_position"] == 1
        assert seen["helix_trades", "closed"] == 1
    assert before["helix_webhook_answers_total", "200"] == 3
    assert before["helix_webhook_answers_total", "409"] == 2
    assert after["helix_webhook_answers_total", "200"] == 0, "the door counts from its start"


@staged
async def test_times_are_those_of_the_database(bot: StagedBot) -> None:
    await bot.post("BUY")
    await bot.post("SELL")

    seen = await scrape(bot)

    ((received, sent, filled),) = bot.rows(
        """SELECT s.received_at, j.sent_at, t.opened_at FROM signals s JOIN journal j ON j.signal_row = s.id
           JOIN trades t ON t.id = j.trade_id WHERE j.kind = 'entry'"""
    )
    order_s = seen["helix_signal_to_order_seconds_sum", "entry"]
    fill_s = seen["helix_signal_to_fill_seconds_sum", "entry"]
    assert (round(order_s, 3), round(fill_s, 3)) == (seconds(received, sent), seconds(received, filled))
    assert 0 <= order_s < fill_s < 2
    for name in ("helix_signal_to_order_seconds_count", "helix_signal_to_fill_seconds_count"):
        assert (seen[name, "entry"], seen[name, "exit"]) == (1, 1)
    ((began, ended),) = bot.rows("SELECT began_at, ended_at FROM gaps")
    assert round(seen["helix_stop_gap_seconds_sum",], 3) == seconds(began, ended)
    assert seen["helix_webhook_accept_seconds_count",] == 2
    assert 0 < seen["helix_webhook_accept_seconds_sum",] < 0.1


def seconds(began: str, ended: str) -> float:
    """From one time in the database to another."""
    first, last = (datetime.fromisoformat(text) for text in (began, ended))
    return round((last - first).total_seconds(), 3)


@staged
async def test_a_position_without_a_stop_shows_at_once_and_for_how_long(bot: StagedBot, venue: Venue) -> None:
    await bot.post("BUY")
    covered = await scrape(bot)
    bot.stage.network.judge = lambda asked: Strike(kind=StrikeKind.NO_CONNECTION) if asked.order else None
    venue.sandbox.venue.cancel(venue.resting()[0].order_id)
    await bot.stage.sleep(20)

    bare = await scrape(bot)
    bot.stage.network.judge = calm
    await bot.stage.sleep(20)
    again = await scrape(bot)

    assert covered["helix_without_stop_seconds",] == again["helix_without_stop_seconds",] == 0
    assert 15 < bare["helix_without_stop_seconds",] < 25
    assert again["helix_stop_gap_seconds_count",] == 2
    assert again["helix_stop_gap_seconds_sum",] > 20


@staged
async def test_an_order_whose_fate_nobody_knows_shows_until_it_is_known(bot: StagedBot) -> None:
    bot.stage.network.judge = lambda asked: Strike(kind=StrikeKind.LOST_REQUEST) if asked.order else None
    await bot.post("BUY")

    unknown = await scrape(bot)
    bot.stage.network.judge = calm
    await bot.until("SELECT state FROM journal", [("not_placed",)], 60)
    known = await scrape(bot)

    assert (unknown["helix_unresolved_orders", "entry"], unknown["helix_signals_waiting",]) == (1, 1)
    assert (known["helix_unresolved_orders", "entry"], known["helix_signals_waiting",]) == (0, 0)
    assert known["helix_signals_rejected_total", "order_not_placed"] == 1


@staged
async def test_a_halt_shows_by_its_kind_and_in_health(bot: StagedBot) -> None:
    async with bot.stage.store() as store, store.write() as session:
        await breaker.halt(session, HaltKind.MANUAL, "having a look", bot.stage.clock.now())

    seen = await scrape(bot)

    assert {kind.value: seen["helix_halt_in_force", kind.value] for kind in HaltKind} == {
        kind.value: float(kind is HaltKind.MANUAL) for kind in HaltKind
    }
    assert (seen["helix_state", "halted"], seen["helix_state", "ok"]) == (1, 0)
    assert (await health(bot))["status"] == "halted"
    assert (await bot.get("/status")).json()["why"] == ["Halt manual: having a look"]


@staged
async def test_messages_that_cannot_be_delivered_degrade_health_and_nothing_else(bot: StagedBot) -> None:
    await bot.stage.sleep(5)
    bot.stage.owner_fails = True
    answer = await bot.post("BUY")
    await bot.stage.sleep(200)

    down, word = await scrape(bot), await health(bot)
    bot.stage.owner_fails = False
    await bot.stage.sleep(70)
    up, back = await scrape(bot), await health(bot)

    assert answer.status_code == 200
    assert (down["helix_notifier_up", "owner"], down["helix_outbox_depth", "owner"]) == (0, 1)
    assert 195 < down["helix_outbox_age_seconds", "owner"] < 210
    assert (word["status"], word["exchange_connected"]) == ("degraded", True)
    assert [up[name, "owner"] for name in ("helix_notifier_up", "helix_outbox_depth", "helix_outbox_age_seconds")] == [
        1,
        0,
        0,
    ]
    assert back["status"] == "ok"


@staged(talks=True)
async def test_what_the_owner_says_is_counted_and_what_was_given_up_stays_counted(bot: StagedBot) -> None:
    await bot.told("status")
    await bot.told("nonsense")
    bot.change("INSERT INTO dead_letters SELECT 'owner', id, 'a day was over', at FROM outbox")
    seen = await scrape(bot)
    await bot.dies()
    await bot.starts()
    again = await scrape(bot)

    assert [one["helix_commands_answered_total", "owner"] for one in (seen, again)] == [2, 0]
    assert (seen["helix_listening", "owner"], seen["helix_strangers_ignored_total", "owner"]) == (1, 0)
    assert [one["helix_outbox_given_up_total", "owner"] for one in (seen, again)] == [1, 1]
    assert (await bot.get("/status")).json()["commands_answered"] == {"owner": 0}


@staged
async def test_a_venue_that_is_gone_degrades_health_until_it_is_back(bot: StagedBot) -> None:
    bot.stage.network.judge = lambda _: Strike(kind=StrikeKind.NO_CONNECTION)
    await bot.stage.sleep(30)

    gone, word = await scrape(bot), await health(bot)
    why = (await bot.get("/status")).json()["why"]
    bot.stage.network.judge = calm
    await bot.stage.sleep(15)

    assert (gone["helix_venue_up",], gone["helix_state", "degraded"]) == (0, 1)
    assert gone["helix_market_age_seconds", "ticker"] > 25
    assert ("helix_equity_quote",) not in gone, "what is not known is no figure"
    assert (word["status"], word["exchange_connected"]) == ("degraded", False)
    assert why[0].startswith("Binance: ticker: ")
    assert ((await health(bot))["status"], (await scrape(bot))["helix_venue_up",]) == ("ok", 1)


@pytest.mark.parametrize("exchange", ["binance", "kraken"])
def test_a_driver_tells_what_is_left_of_its_questions_and_how_far_off_the_clock_is(exchange: str) -> None:
    @staged(exchange=exchange)
    async def scenario(bot: StagedBot) -> None:
        seen = await scrape(bot)

        assert 0 <= seen["helix_rate_budget_left_ratio",] < 1
        assert seen["helix_clock_offset_seconds",] == pytest.approx(0, abs=0.1)

    scenario()


@staged
async def test_a_scrape_asks_the_venue_nothing_and_writes_nothing(bot: StagedBot, venue: Venue) -> None:
    await bot.post("BUY")
    await bot.stage.sleep(10)
    asked, written = len(venue.sandbox.requests), bot.rows("PRAGMA data_version")
    began_s = bot.stage.loop.time()

    for _ in range(50):
        assert (await bot.get("/metrics")).status_code == 200

    assert bot.stage.loop.time() - began_s < 0.5
    assert bot.rows("PRAGMA data_version") == written
    assert len(venue.sandbox.requests) - asked <= 2, "the polls of the time that passed"


@staged
async def test_nothing_that_a_sender_writes_becomes_a_label(bot: StagedBot) -> None:
    await bot.post("BUY", "first")
    before = set(await scrape(bot))

    for number in range(10):
        await bot.post("BUY", f"sent-{number}", strategy=f"strategy-{number}", symbol=f"AAA{number}/USDT")
        await bot.stage.post(b"{" * number, {"x-webhook-secret": f"guess-{number}"})
        await bot.get(f"/webhook/{number}")
        await bot.get(f"/unknown/{number}")

    assert set(await scrape(bot)) == before


@staged
async def test_status_and_a_signals_story_hold_every_stage_with_its_time(bot: StagedBot) -> None:
    await bot.post("BUY", "opens", strategy="ema_crossover")
    await bot.post("SELL", "closes")
    await bot.stage.sleep(6)

    told = (await bot.get("/signals/1")).json()
    status = (await bot.get("/status")).json()

    stages = [(stage["stage"], stage["what"].split(" ")[0].rstrip(":")) for stage in told["stages"]]
    times = [datetime.fromisoformat(stage["at"]) for stage in told["stages"]]
    assert times == sorted(times)
    assert [stage for stage, _ in stages] == [
        *["received", *["gate"] * 7, "size", "entry", "fill", "entry", "trade", "stop", "stop", "accepted"],
        *["message", "stop", "exit", "fill", "trade", "exit", "message"],
    ]
    assert [first for stage, first in stages if stage == "gate"] == list(ENTRY_GATES)
    assert [message["delivered"] for message in told["messages"]] == [["owner"], ["owner"]]
    assert told["others"] == [2]
    assert (status["status"], status["why"], status["unsettled_orders"]) == ("ok", [], [])
    assert status["signals"] == {"waiting": 0, "accepted": 2, "rejected_for": {}}
    assert status["messages"] == {"owner": {"pending": 0, "oldest_s": 0.0, "given_up": 0, "problem": None}}
    assert float(status["equity_quote"]) < 10_000
    assert status["account_compared_s_ago"] < 61
