"""`helix explain` and the log: what became of a signal, told in plain words and line by line."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from helix_core import logs
from helix_core.cli import app as helix
from helix_core.engine import telling
from helix_core.sim.strikes import Strike, StrikeKind
from helix_core.store import story
from tests.bot.conftest import Venue, environment, running
from tests.bot.staged import StagedBot, staged

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Host:
    """The machine that the bot runs on."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = dict(environ)

    async def explain(self, *arguments: str) -> tuple[int, str]:
        """Exit code and text of `helix explain`, run beside whatever else runs."""
        run = partial(CliRunner().invoke, helix, ["explain", *arguments], env=self.environ)
        ended = await asyncio.to_thread(run)
        return ended.exit_code, ended.output


@pytest.fixture
def host(tmp_path: Path, venue: Venue, monkeypatch: pytest.MonkeyPatch, logs_left_alone: None) -> Host:
    monkeypatch.chdir(tmp_path)
    return Host(environment(venue))


async def test_it_tells_the_whole_story_beside_the_bot_and_after_it(
    tmp_path: Path, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    """One bot for both: while it runs the story is the same as once it has ended. Its log names the signal too."""
    logs.configure("INFO", [], json=True)
    async with running(tmp_path, host.environ) as bot:
        await bot.post("BUY", "Long", strategy="ema_crossover")
        await bot.post("BUY", "Long")
        await bot.post("SELL", "Short")
        await bot.until("SELECT min(notice_id) = (SELECT max(id) FROM outbox) FROM outbox_cursors", [(1,)])
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
        beside = await host.explain("1")
    after = await host.explain("1")

    assert beside == after
    code, text = after
    assert code == 0
    for part in (
        "Signal 1, signal_id Long",
        "received     BUY BTC/USDT, the alert's price 64210.5, strategy ema_crossover",
        "gate         daily_loss: allow (today: +0.00 %, limit: -3.00 %)",
        "size         0.07786 BTC; 4999.43 USDT were paid, of which 99.99 are at risk down to the stop",
        "entry        entry sent: BUY 0.07786 BTC/USDT at market; id ",
        "fill         bought 0.07786 at 64210.5, fee 0.00007786 BTC; ",
        "stop         stop sent: SELL 0.07778 BTC/USDT when the price falls to 62926.29",
        "stop         a stop rests; the position had been without one for 0.",
        "accepted     done, by trade 1",
        "message      🟢 OPENED: BUY BTC/USDT @ 64210.50 | Size: 0.07778 | SL: 62926.29",
        "exit         exit sent: SELL 0.07778 BTC/USDT at market",
        "trade        trade 1 is closed (signal) at 64210.49: -10.13 after fees, -0.20 %",
        "Of the same trade: signal 3.",
    ):
        assert part in text
    assert_every_line_names_its_signal(lines)


def assert_every_line_names_its_signal(lines: list[dict[str, Any]]) -> None:
    """From the moment the worker takes a signal until the next one, its lines carry that signal's row."""
    ours = {
        row: [
            line["event"]
            for line in lines
            if line.get("signal") == row and line["logger"].startswith("helix_core.engine")
        ]
        for row in (1, 2, 3)
    }
    assert {"signal_stored", "signal_taken", "order_sent", "entry_filled", "gap_closed"} <= set(ours[1])
    assert ours[2] == ["signal_deduplicated"]
    assert {"signal_stored", "signal_taken", "order_sent"} <= set(ours[3])
    of_a_signal = ("signal_", "order_", "entry_", "exit_", "stop_", "gap_", "fills_")
    nobodys = [line for line in lines if line["event"].startswith(of_a_signal) and "signal" not in line]
    assert nobodys == []


async def test_a_name_that_came_several_times_and_one_that_never_came(tmp_path: Path, host: Host) -> None:
    async with running(tmp_path, {**host.environ, "DEDUP_WINDOW_S": "1"}) as bot:
        await bot.post("SELL", "Long")
        await asyncio.sleep(1.1)
        await bot.post("SELL", "Long")
        await bot.post("SELL", "1")

    of_three = await host.explain("Long")
    by_row = await host.explain("1")
    nothing = await host.explain("nobody")
    as_json = json.loads((await host.explain("2", "--json"))[1])

    assert "This is row 2. The signal_id Long is also that of: 1." in of_three[1]
    assert "no_open_position" in of_three[1]
    assert "This is row 1. The signal_id 1 is also that of: 3." in by_row[1]
    assert nothing[0] == 1
    assert "The database holds no signal nobody" in nothing[1]
    assert (as_json["signal"]["id"], as_json["stages"][0]["stage"]) == (2, "received")


async def test_where_no_bot_has_ever_run_none_is_made(tmp_path: Path, host: Host) -> None:
    code, text = await host.explain("1")

    assert code == 1
    assert "There is no database data/helix.db here. Run this in the bot's folder." in text
    assert not (tmp_path / "data").exists()


async def told(bot: StagedBot, row: int) -> str:
    """What `helix explain` has to say of a signal."""
    async with bot.stage.store() as store, store.read() as session:
        found = await story.of_signal(session, row)
    assert found is not None
    return "\n".join([*(f"{stage.name}: {stage.words}" for stage in telling.stages(found)), *telling.summary(found)])


@staged
async def test_a_stop_that_fills_and_its_message_belong_to_the_signal_that_bought(bot: StagedBot, venue: Venue) -> None:
    await bot.post("BUY")
    await bot.stage.sleep(30)
    venue.sandbox.venue.set_price(Decimal("62000.00"))
    await bot.until("SELECT status FROM trades", [("stopped_out",)])

    text = await told(bot, 1)

    assert "trade: trade 1 is stopped_out (stop_loss)" in text
    assert "stop: stop is over, 0.07778 filled" in text
    assert "message: ⛔ STOP LOSS: BTC/USDT" in text
    assert "Trade 1 ended as stopped_out (stop_loss): -" in text


@staged
async def test_an_order_whose_fate_is_unknown_is_told_as_it_is(bot: StagedBot) -> None:
    bot.stage.network.judge = lambda asked: Strike(kind=StrikeKind.LOST_REQUEST) if asked.order else None
    await bot.post("BUY")

    text = await told(bot, 1)

    assert "entry: entry nobody knows yet what became of it; it is being looked up" in text
    assert "It has no end yet." in text
    await bot.until("SELECT state FROM journal", [("not_placed",)], 60)
    later = await told(bot, 1)
    assert "entry: entry proven never to have been placed" in later
    assert "rejected: order_not_placed: " in later
    assert "message: ⚠️ SIGNAL REJECTED: Order was not placed" in later
