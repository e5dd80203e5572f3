"""What a service manager is told, on a real datagram socket: ready when it is, alive as long as it is."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import tempfile
import time
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from helix_core.cli.service import Manager, attend, companion
from tests.bot.conftest import environment, venue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.bot.conftest import Venue

__all__ = ["venue"]

HELIX = Path(sys.executable).with_name("helix")
LONG_S = 40
BEAT_S = 0.02


class Heard:
    """The service manager's end of the line."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.line.bind(address)

    def now(self) -> list[str]:
        """What has arrived and was not read yet, by first lines."""
        said = []
        with suppress(BlockingIOError):
            while True:
                said.append(self.line.recv(4096).decode().splitlines()[0])
        return said

    async def until(self, words: str) -> list[str]:
        """Everything up to these words, at most 40 s long."""
        said: list[str] = []
        async with asyncio.timeout(LONG_S):
            while words not in said:
                said += self.now()
                await asyncio.sleep(0.02)
        return said


@pytest.fixture
def heard() -> Iterator[Heard]:
    """A socket with a path short enough for one."""
    with tempfile.TemporaryDirectory() as folder:
        listening = Heard(f"{folder}/notify")
        with closing(listening.line):
            yield listening


@asynccontextmanager
async def process(folder: Path, venue: Venue, heard: Heard) -> AsyncIterator[Any]:
    """`helix run` as a service manager starts it, ended for good when the block ends."""
    given = {"PATH": os.defpath, "NOTIFY_SOCKET": heard.address, **environment(venue)}
    log = await asyncio.to_thread((folder / "log").open, "wb")
    with log:
        started = await asyncio.create_subprocess_exec(
            HELIX, "run", cwd=folder, env=given, stdout=log, stderr=asyncio.subprocess.STDOUT
        )
    port = given["PORT"]
    try:
        yield SimpleNamespace(process=started, url=f"http://127.0.0.1:{port}")
    finally:
        with suppress(ProcessLookupError):
            started.kill()
        await started.wait()


async def test_a_service_manager_hears_of_a_real_bot_from_its_start_to_its_end(
    tmp_path: Path, venue: Venue, heard: Heard
) -> None:
    """READY=1 only when the door is open; nothing while the process stands still; STOPPING=1, and exit code 0."""
    async with process(tmp_path, venue, heard) as bot, httpx.AsyncClient(base_url=bot.url) as client:
        start = await heard.until("READY=1")
        assert (await client.get("/health")).status_code == 200
        assert set(start[: start.index("READY=1")]) <= {"EXTEND_TIMEOUT_USEC=180000000"}

        await heard.until("WATCHDOG=1")
        bot.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(0.1)
        heard.now()
        await asyncio.sleep(1.7)
        assert heard.now() == []

        bot.process.send_signal(signal.SIGCONT)
        await heard.until("WATCHDOG=1")
        bot.process.send_signal(signal.SIGTERM)
        assert set(await heard.until("STOPPING=1")) <= {"WATCHDOG=1", "STOPPING=1"}
        assert await asyncio.wait_for(bot.process.wait(), LONG_S) == 0
    assert heard.now() == []


def bot(*, ready: bool = True) -> Any:
    """As much of a bot as is looked at."""
    at_rest = asyncio.Event()
    at_rest.set()
    return SimpleNamespace(
        desk=SimpleNamespace(ready=ready),
        worker=SimpleNamespace(idle=at_rest.wait, at_rest=at_rest),
        settings=SimpleNamespace(trading_pair="BTC/USDT"),
    )


@asynccontextmanager
async def attended(attended_bot: Any, heard: Heard, **how: float) -> AsyncIterator[None]:
    """Tell of a bot until the block ends."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(attend(Manager(heard.address), attended_bot, stop, beat_s=BEAT_S, **how))
        yield
        stop.set()


async def test_an_event_loop_that_stands_still_pets_no_watchdog(heard: Heard) -> None:
    """What pets it runs in the loop: no thread does it in its place."""
    async with attended(bot(), heard):
        await heard.until("WATCHDOG=1")
        heard.now()
        time.sleep(20 * BEAT_S)  # noqa: ASYNC251 - the loop shall stand still
        assert heard.now() == []
        await heard.until("WATCHDOG=1")


async def test_a_worker_that_hangs_is_left_to_the_watchdog(heard: Heard) -> None:
    """The loop runs, and the one who looks after the money does not: that is no life. Once it is done, it is."""
    hanging = bot()
    async with attended(hanging, heard, patience_s=5 * BEAT_S):
        await heard.until("WATCHDOG=1")
        hanging.worker.at_rest.clear()
        await heard.until("STATUS=The worker hangs.")
        heard.now()
        await asyncio.sleep(10 * BEAT_S)
        assert set(heard.now()) == {"STATUS=The worker hangs."}
        hanging.worker.at_rest.set()
        await heard.until("WATCHDOG=1")


async def test_a_start_that_waits_for_its_exchange_is_neither_ready_nor_given_up(heard: Heard) -> None:
    """Each beat asks for more time, and the watchdog is not petted before there is something to watch."""
    starting = bot(ready=False)
    async with attended(starting, heard):
        await asyncio.sleep(10 * BEAT_S)
        said = heard.now()
        assert len(said) > 1
        assert set(said) == {"EXTEND_TIMEOUT_USEC=180000000"}
        starting.desk.ready = True
        await heard.until("READY=1")


async def test_a_service_manager_that_is_gone_is_no_reason_to_end(heard: Heard, tmp_path: Path) -> None:
    """Nobody listens: it is logged, and the bot goes on until it is stopped."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(attend(Manager(str(tmp_path / "nobody")), bot(), stop, beat_s=BEAT_S))
        await asyncio.sleep(5 * BEAT_S)
        assert not task.done()
        stop.set()


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1"}])
def test_where_no_service_manager_listens_nothing_runs_beside_the_bot(environ: dict[str, str]) -> None:
    assert companion(environ) is None
