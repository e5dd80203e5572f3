"""The stop of entries is in force within 50 ms of its commit: what reaches the venue is counted, by its own clock."""

from __future__ import annotations

import asyncio
import math
import sqlite3
import threading
import time
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING

from helix_core.clock import SystemClock
from helix_core.domain.halt import HaltKind
from helix_core.engine import breaker
from helix_core.sandbox.faults import Fault, FaultKind
from helix_core.store import halts
from tests.bot.conftest import OCO, ORDER, environment, running
from tests.bot.staged import staged
from tests.bot.test_restart import Process

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from httpx import Response

    from tests.bot.conftest import Command, RunningBot, Venue
    from tests.bot.staged import StagedBot

CLOCK = SystemClock()
"""The sandbox stamps requests with the same one."""
IN_FORCE_AFTER_S = 0.050
ROUNDS, MOMENT_S = 16, 0.006
NO_OTHER_HALT = {"MAX_CONSECUTIVE_LOSSES": "100", "MAX_DAILY_LOSS_PCT": "25", "MAX_DRAWDOWN_PCT": "25"}
BELOW_THE_STOP = Decimal("62000.00")


class Watcher(threading.Thread):
    """Sees a halt in the database as any other process would: `seen_at` is at most a millisecond after its commit."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self._folder, self._over = folder, threading.Event()
        self.seen_at: datetime | None = None

    def run(self) -> None:
        query = "SELECT count(*) FROM halts WHERE cleared_at IS NULL"
        with closing(sqlite3.connect(f"file:{self._folder}/data/helix.db?mode=ro", uri=True)) as connection:
            while not self._over.is_set():
                if connection.execute(query).fetchone() != (0,):
                    self.seen_at = CLOCK.now()
                    return
                time.sleep(0.001)

    def end(self) -> datetime:
        self._over.set()
        self.join()
        assert self.seen_at is not None, "no halt was ever committed"
        return self.seen_at


def entries_at(venue: Venue) -> list[datetime]:
    """When each entry reached the venue."""
    return [
        request.at
        for request in venue.sandbox.requests
        if (request.method, request.path, request.parameters.get("side")) == ("POST", ORDER, "BUY")
    ]


def latest_s(venue: Venue, committed_at: datetime) -> float:
    """Seconds after the commit at which the last entry arrived; negative: before it."""
    return max(((at - committed_at).total_seconds() for at in entries_at(venue)), default=-math.inf)


@asynccontextmanager
async def alerts_flowing(post: Callable[[str, str], Awaitable[Response]]) -> AsyncIterator[list[str]]:
    """In and out as fast as the bot goes, for as long as the block lasts; yields what the BUYs were answered."""
    answers: list[str] = []

    async def send() -> None:
        for number in count():
            answers.append((await post("BUY", f"in-{id(answers)}-{number}")).json().get("reason", "accepted"))
            await post("SELL", f"out-{id(answers)}-{number}")

    sending = asyncio.ensure_future(send())
    try:
        async with asyncio.timeout(30):
            while len(answers) < 2 and not sending.done():
                await asyncio.sleep(0.001)
        yield answers
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def until_refused(answers: list[str]) -> None:
    """Wait until two alerts in a row met the halt: the second of them came after it for sure."""
    async with asyncio.timeout(30):
        while answers[-2:] != ["trading_halted"] * 2:
            await asyncio.sleep(0.001)


def halt_by_hand(folder: Path) -> None:
    """A halt as any process may commit one, done when this returns."""
    with sqlite3.connect(folder / "data" / "helix.db", timeout=5) as connection:
        connection.execute("INSERT INTO halts (kind, detail, raised_at) VALUES ('manual', 'x', '2026-01-01 00:00:00')")


@staged(MAX_CONSECUTIVE_LOSSES="100", MAX_DAILY_LOSS_PCT="25", MAX_DRAWDOWN_PCT="25")
async def test_no_entry_arrives_50_ms_after_a_halt_was_committed(bot: StagedBot, venue: Venue) -> None:
    """Halted at every moment of an entry, a second alert behind it: the worst counts."""
    late_s = await halted_again_and_again(bot, venue)

    assert max(late_s) <= IN_FORCE_AFTER_S, late_s
    assert min(late_s) < 0 < len(entries_at(venue)) < ROUNDS, "some entries came before the halt, and some never"


async def halted_again_and_again(bot: StagedBot, venue: Venue) -> list[float]:
    """Seconds from each commit to the last entry that came after it (negative: all came before it)."""
    late_s, clock = [], bot.stage.clock
    async with bot.stage.store() as beside:
        for number in range(ROUNDS):
            racing = asyncio.ensure_future(bot.post("BUY"))
            await bot.stage.sleep(number * MOMENT_S)
            async with beside.write() as session:
                await breaker.halt(session, HaltKind.MANUAL, "test", clock.now())
            committed_at = clock.now()
            assert (await bot.post("BUY")).json()["reason"] in {"trading_halted", "position_already_open"}
            await racing
            late_s.append(latest_s(venue, committed_at))
            async with beside.write() as session:
                await halts.clear(session, frozenset({HaltKind.MANUAL}), "test", clock.now())
            await bot.post("SELL")
    return late_s


async def test_helix_halt_is_in_force_at_once_and_survives_a_kill(
    tmp_path: Path, command: Command, venue: Venue
) -> None:
    """The command, the bot and the kill are the real thing: the owner's brake holds, and lets exits through."""
    bot = Process(tmp_path, environment(venue, **NO_OTHER_HALT))
    await bot.start()
    try:
        watcher = Watcher(tmp_path)
        watcher.start()
        async with alerts_flowing(bot.post) as answers:
            code, said = await asyncio.to_thread(command, "halt", "I saw something", environ=bot.environ)
            await until_refused(answers)
        assert (code, "Entries are halted." in said) == (0, True)
        begun = [datetime.fromisoformat(at) for (at,) in bot.rows("SELECT sent_at FROM journal WHERE kind = 'entry'")]
        assert max(begun).replace(tzinfo=UTC) <= watcher.end(), "no entry is begun where the halt can be seen"

        await bot.post("SELL", "last-out")
        assert venue.resting() == [], "an exit goes on while halted"
        bought = len(entries_at(venue))
    finally:
        await bot.kill()

    async with running(tmp_path, bot.environ) as reborn:
        refused = await reborn.post("BUY", "after-the-kill")
    assert (refused.status_code, refused.json()["reason"]) == (409, "trading_halted")
    assert len(entries_at(venue)) == bought


@staged
async def test_a_halt_between_two_tries_of_an_entry_stops_the_second(bot: RunningBot, venue: Venue) -> None:
    refused = Fault(on=f"POST {ORDER}", kind=FaultKind.REFUSED, code=-1021, msg="Timestamp outside of the recvWindow.")
    venue.sandbox.faults.add(refused)

    posted = asyncio.ensure_future(bot.post("BUY"))
    async with asyncio.timeout(30):
        while not entries_at(venue):
            await asyncio.sleep(0.001)
    halt_by_hand(bot.folder)
    answer = await posted

    assert (answer.status_code, answer.json()["reason"]) == (409, "trading_halted")
    assert len(entries_at(venue)) == 1
    assert bot.rows("SELECT state FROM journal") == [("refused",)]


@staged
async def test_while_halted_a_lost_stop_is_put_back_and_a_stop_that_fills_is_booked(
    bot: RunningBot, venue: Venue
) -> None:
    await bot.post("BUY")
    halt_by_hand(bot.folder)

    venue.sandbox.venue.cancel(venue.resting()[0].order_id)
    await bot.until("SELECT count(*) FROM journal WHERE kind = 'stop' AND state = 'live'", [(1,)])
    async with asyncio.timeout(30):
        while len(venue.parameters("POST", OCO)) < 2 or not venue.resting():
            await asyncio.sleep(0.01)
    venue.sandbox.venue.set_price(BELOW_THE_STOP)

    await bot.until("SELECT status, close_reason FROM trades", [("stopped_out", "stop_loss")])
    assert len(entries_at(venue)) == 1
