"""The real bot killed by the real SIGKILL: real processes, sockets and files."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing
from random import Random  # noqa: TID251 - seeded
from typing import TYPE_CHECKING

import pytest

from helix_core.cli.sandbox import make
from helix_core.cli.speaking import EXIT_CONFIGURATION
from helix_core.sim.books import Books
from helix_core.sim.forked_bot import LOG, nursery
from helix_core.sim.kill_station import NOBODY, PRICE, environment_of, station
from helix_core.sim.kill_storm import Moment
from helix_core.sim.kills import run
from helix_core.sim.oracle import judge

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_bot_killed_while_it_trades_loses_nothing_and_does_nothing_twice(tmp_path: Path) -> None:
    """Killed within milliseconds of what the venue did for it: upon an alert, a round waits for the venue's fence."""
    report = await run(kills=5, seed=1, paths=[("binance", "market")], bots=1, moments=(Moment.VENUE,), folder=tmp_path)

    assert report.violations == []
    assert report.exits == Counter()
    assert report.kills == 5
    assert report.lives >= 6
    assert report.orders > 0


@pytest.mark.deep
async def test_a_forgotten_fill_is_noticed(tmp_path: Path) -> None:
    """The judge of a round reads the database itself: take one fill out of it, and the round has failed."""
    async with nursery() as cradle:
        await cradle.warm_up(environment_of(make("binance", PRICE), NOBODY))
        async with station("bot", "binance", cradle, tmp_path / "bot", Random(1), {}) as made:
            await made.start()
            while not await made.ready():
                await asyncio.sleep(0.05)
            await made.alert("BUY")
            await made.kill()
            with closing(sqlite3.connect(made.database)) as database:
                honest = judge(Books(made.sandbox, database), accepted=made.accepted)
                database.execute("DELETE FROM fills")
                robbed = judge(Books(made.sandbox, database), accepted=made.accepted)

    assert made.accepted == ["bot-1"]
    assert honest == []
    assert {found.rule for found in robbed} == {"I11"}


async def test_a_bot_that_ends_by_itself_is_told_from_one_that_was_killed(tmp_path: Path) -> None:
    """Without a setting it ends with the exit code for that, and there is nobody left to kill."""
    async with nursery() as cradle:
        pid = await cradle.start(tmp_path, {})
        while (code := await cradle.ended(pid)) is None:
            await asyncio.sleep(0.05)

        assert code == EXIT_CONFIGURATION
        assert await cradle.kill(pid) is None
    assert "ACTIVE_EXCHANGE is not set" in (tmp_path / LOG).read_text()
