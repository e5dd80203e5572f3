"""Storage and host, with a bot that runs: it outlives a locked or full database, and leaks nothing."""

from __future__ import annotations

import asyncio
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiosqlite
import pytest

from helix_core.app import World
from helix_core.web import Server
from tests.bot.conftest import OCO, ORDER, environment, running
from tests.cases.settled import bought

if TYPE_CHECKING:
    from tests.bot.conftest import RunningBot, Venue

LOT = Decimal("0.00001")
AT_ONCE = 4


def open_files() -> int:
    """How many files and sockets this process has open (Linux; elsewhere none are counted)."""
    listed = Path("/proc/self/fd")
    return len(list(listed.iterdir())) if listed.exists() else 0


async def test_a_bot_outlives_a_database_that_another_program_holds(bot: RunningBot, venue: Venue) -> None:
    """For six seconds nothing can be written: alerts are told to come again, and a stop that fills meanwhile is booked
    when the database is free. The bot does not end.
    """
    await bought(bot)
    path = bot.folder / "data" / "helix.db"
    with sqlite3.connect(path, isolation_level=None, check_same_thread=False) as backup:
        await asyncio.to_thread(backup.execute, "BEGIN EXCLUSIVE")
        venue.sandbox.venue.set_price(Decimal(62_000))
        told = await bot.post("SELL", "out")
        await asyncio.sleep(3.5)
        backup.execute("ROLLBACK")

    await bot.until("SELECT status, close_reason FROM trades", [("stopped_out", "stop_loss")])
    ((pnl,),) = bot.rows("SELECT pnl FROM results")
    assert told.status_code == 503
    assert Decimal(pnl) == venue.total("USDT") - 10_000
    assert not bot.stop.is_set()
    assert (await bot.client.get("/health")).status_code == 200


async def test_a_disk_that_fails_in_the_middle_of_an_entry_loses_neither_order_nor_stop(
    tmp_path: Path, venue: Venue
) -> None:
    """The entry is at the venue and its fill cannot be written: it is looked up and protected once there is room."""
    connections: list[aiosqlite.Connection] = []

    async def connect() -> Any:
        connections.append(await aiosqlite.connect(tmp_path / "data" / "helix.db"))
        return connections[-1]

    async with running(tmp_path, environment(venue), World(open_connection=connect)) as bot:
        posted = asyncio.ensure_future(bot.post("BUY"))
        async with asyncio.timeout(30):
            while not venue.parameters("POST", ORDER):
                await asyncio.sleep(0.001)
        for connection in connections:
            await connection.execute("PRAGMA query_only=ON")
        await asyncio.sleep(2.5)
        for connection in connections:
            await connection.execute("PRAGMA query_only=OFF")
        await posted

        await bot.until("SELECT action FROM signals", [("accepted",)])
        assert sum(one["side"] == "BUY" for one in venue.parameters("POST", ORDER)) == 1
        (stop,) = [order for order in venue.resting() if order.stop_price is not None]
        assert venue.total("BTC") - LOT < stop.quantity <= venue.total("BTC")
        assert bot.rows("SELECT status FROM trades") == [("open",)]
        assert f"POST {OCO}" in venue.sent("POST")


async def test_sixty_alerts_leave_no_task_and_no_socket_behind(bot: RunningBot) -> None:
    """What is opened is closed: files, sockets and tasks are as many after a busy day as before."""
    await asyncio.gather(*(bot.post("SELL") for _ in range(AT_ONCE)))
    tasks, files = len(asyncio.all_tasks()), open_files()

    for _ in range(60 // AT_ONCE):
        answers = await asyncio.gather(*(bot.post("SELL") for _ in range(AT_ONCE)))
        assert {answer.status_code for answer in answers} <= {202, 409}
        await bot.client.get("/health")
    await bot.until("SELECT count(*) FROM signals WHERE action = 'rejected'", [(64,)])

    assert len(asyncio.all_tasks()) <= tasks + 2
    assert open_files() <= files + 4


class Mortal(Server):
    """The door's server, which dies when it is told to."""

    die = asyncio.Event()

    async def run(self) -> None:
        """Serve, for a while."""
        serving = asyncio.ensure_future(super().run())
        await self.die.wait()
        serving.cancel()
        raise RuntimeError("the server is dead")


async def test_a_task_that_dies_ends_the_bot(tmp_path: Path, venue: Venue) -> None:
    """No bot rather than half a bot: whoever supervises it starts it again, and its stops rest at the venue."""
    Mortal.die = asyncio.Event()

    async def dying() -> None:
        async with running(tmp_path, environment(venue), World(serve=Mortal)) as bot:
            await bought(bot)
            Mortal.die.set()
            await asyncio.wait_for(bot.stop.wait(), 30)

    with pytest.raises(ExceptionGroup) as ended:
        await dying()

    assert ended.group_contains(RuntimeError, match="the server is dead")
    assert len(venue.resting()) == 2
