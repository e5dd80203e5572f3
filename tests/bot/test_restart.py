"""A killed bot, started again, knows what it owes: a real process and a real SIGKILL, and power cuts on the stage."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import sys
from contextlib import asynccontextmanager, closing, suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx

from helix_core.sandbox.faults import Fault, FaultKind
from tests.bot.conftest import OCO, ORDER, SECRET, RunningBot, Venue, environment, running
from tests.bot.staged import StagedBot, staged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class Process:
    """`helix run` as a process in its own folder."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.folder, self.environ = folder, environ
        self.url = f"http://127.0.0.1:{environ['PORT']}"
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        log = self.folder / "log.txt"
        with log.open("ab") as output:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "helix_core", "run"),
                cwd=self.folder,
                env={"PATH": os.environ["PATH"], **self.environ},
                stdout=output,
                stderr=output,
            )
        async with httpx.AsyncClient(base_url=self.url, timeout=30, verify=False) as client, asyncio.timeout(50):
            while self.process.returncode is None:
                with suppress(httpx.TransportError):
                    if (await client.get("/health")).json()["status"] != "degraded":
                        return
                await asyncio.sleep(0.02)
        raise AssertionError(log.read_text())

    async def post(self, action: str, signal_id: str) -> httpx.Response:
        alert = {"signal": action, "symbol": "BTC/USDT", "price": 64210.5, "signal_id": signal_id}
        async with httpx.AsyncClient(base_url=self.url, timeout=30, verify=False) as client:
            return await client.post("/webhook", content=json.dumps(alert), headers={"X-Webhook-Secret": SECRET})

    async def kill(self) -> None:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.folder}/data/helix.db?mode=ro", uri=True)) as connection:
            return connection.execute(query).fetchall()


@asynccontextmanager
async def started(folder: Path, venue: Venue) -> AsyncIterator[Process]:
    bot = Process(folder, environment(venue))
    await bot.start()
    try:
        yield bot
    finally:
        await bot.kill()


async def kill_when_requested(bot: Process, venue: Venue, path: str, alert: tuple[str, str]) -> None:
    """Post an alert, and kill the bot while the venue sits on the answer to `POST path`."""
    already = len(venue.parameters("POST", path))
    posted = asyncio.ensure_future(bot.post(*alert))
    async with asyncio.timeout(30):
        while len(venue.parameters("POST", path)) == already:
            await asyncio.sleep(0.005)
    await bot.kill()
    await asyncio.gather(posted, return_exceptions=True)


async def assert_one_protected_position(bot: RunningBot | StagedBot, venue: Venue) -> None:
    async with asyncio.timeout(30):
        while bot.rows("SELECT action FROM signals") != [("accepted",)]:
            await asyncio.sleep(0.02)
    assert sum(one["side"] == "BUY" for one in venue.parameters("POST", ORDER)) == 1
    (stop,) = [order for order in venue.resting() if order.stop_price is not None]
    assert venue.total("BTC") - Decimal("0.00001") < stop.quantity <= venue.total("BTC")
    assert bot.rows("SELECT status FROM trades") == [("open",)]


async def test_killed_while_the_entry_is_answered(tmp_path: Path, venue: Venue) -> None:
    venue.sandbox.faults.add(Fault(on=f"POST {ORDER}", kind=FaultKind.DELAY, delay_s=1, done=True))
    async with started(tmp_path, venue) as bot:
        await kill_when_requested(bot, venue, ORDER, ("BUY", "killed"))

    async with running(tmp_path, bot.environ) as reborn:
        await assert_one_protected_position(reborn, venue)


async def killed_at(bot: StagedBot, seam: str, action: str) -> None:
    """Post an alert, and cut the power at the first seam of that name."""
    bot.stage.restart_after_s = None
    bot.stage.on_seam = lambda name, _: name == seam
    assert await bot.stage.alert(action) is None
    assert not bot.stage.alive
    bot.stage.on_seam = None


@staged
async def test_killed_between_the_fill_and_the_stop(bot: StagedBot, venue: Venue) -> None:
    await killed_at(bot, f"send:before POST {OCO}", "BUY")
    assert venue.resting() == []

    await bot.starts()

    await assert_one_protected_position(bot, venue)


@staged
async def test_killed_while_the_stop_is_answered(bot: StagedBot, venue: Venue) -> None:
    await killed_at(bot, f"send:arrived POST {OCO}", "BUY")

    await bot.starts()

    await assert_one_protected_position(bot, venue)
    assert len(venue.parameters("POST", OCO)) == 1


@staged
async def test_killed_while_the_sale_is_answered(bot: StagedBot, venue: Venue) -> None:
    await bot.post("BUY", "in")
    await killed_at(bot, f"send:arrived POST {ORDER}", "SELL")

    await bot.starts()

    await bot.until("SELECT status, close_reason FROM trades", [("closed", "signal")])
    assert sum(one["side"] == "SELL" for one in venue.parameters("POST", ORDER)) == 1
    assert venue.resting() == []


@staged
async def test_a_stop_that_filled_while_the_bot_was_down_is_booked_at_boot(bot: StagedBot, venue: Venue) -> None:
    await bot.post("BUY", "in")
    await bot.dies()
    venue.sandbox.venue.set_price(Decimal("62000.00"))

    await bot.starts()

    assert bot.rows("SELECT status, close_reason FROM trades") == [("stopped_out", "stop_loss")]
    ((pnl,),) = bot.rows("SELECT pnl FROM results")
    assert Decimal(pnl) == venue.total("USDT") - Decimal(10000)


@staged
async def test_a_halt_survives_the_restart(bot: StagedBot, venue: Venue) -> None:
    for on, where in ((f"POST {OCO}", {}), (f"POST {ORDER}", {"type": "STOP_LOSS"})):
        full = "Filter failure: MAX_NUM_ALGO_ORDERS"
        venue.sandbox.faults.add(Fault(on=on, kind=FaultKind.REFUSED, code=-1013, msg=full, where=where))
    await bot.post("BUY", "unprotected")
    await bot.dies()

    await bot.starts()
    answer = await bot.post("BUY", "after")

    assert (answer.status_code, answer.json()["reason"]) == (409, "trading_halted")
