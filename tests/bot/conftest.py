"""A real bot against the sandbox venue: real HTTP on both sides, real ccxt, a real database file."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import sys
import threading
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import structlog
from pydantic import SecretStr
from typer.testing import CliRunner

from helix_binance.sandbox import sandbox
from helix_core import app, settings
from helix_core.cli import app as helix
from helix_core.plugins import Plugins, installed_exchanges, installed_plugins
from helix_core.sandbox.server import serving
from helix_core.sim.scenery import new_database
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from helix_core.sandbox import Sandbox

    Command = Callable[..., tuple[int, str]]

PRICE = Decimal("64210.50")
SECRET = "a-secret-of-the-tests"
ORDER, OCO, LIST = "/api/v3/order", "/api/v3/orderList/oco", "/api/v3/orderList"


@dataclass
class Venue:
    """The sandbox venue with its address."""

    sandbox: Sandbox
    url: str

    def sent(self, *methods: str) -> list[str]:
        """Requests of these methods as `METHOD /path`, oldest first."""
        return [f"{request.method} {request.path}" for request in self.sandbox.requests if request.method in methods]

    def parameters(self, method: str, path: str) -> list[dict[str, str]]:
        """Parameters of every such request."""
        return [
            dict(request.parameters)
            for request in self.sandbox.requests
            if (request.method, request.path) == (method, path)
        ]

    def total(self, currency: str) -> Decimal:
        """What the account holds, free and locked."""
        held = self.sandbox.venue.balances().get(currency)
        return Decimal(0) if held is None else held.total

    def resting(self) -> list[Any]:
        """Orders resting at the venue."""
        return list(self.sandbox.venue.ledger.open_orders("BTC/USDT"))


@dataclass
class RunningBot:
    """A bot that is ready, as its sender and its owner see it."""

    client: httpx.AsyncClient
    folder: Path
    stop: asyncio.Event
    ids: list[str] = field(default_factory=list)

    async def post(self, action: str, signal_id: str | None = None, **fields: object) -> httpx.Response:
        """Post an alert; each has an id of its own unless one is given."""
        self.ids.append(signal_id or f"test-{len(self.ids)}")
        alert = {"signal": action, "symbol": "BTC/USDT", "price": 64210.5, "signal_id": self.ids[-1], **fields}
        return await self.client.post("/webhook", content=json.dumps(alert), headers={"X-Webhook-Secret": SECRET})

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the bot's database, read as any tool would."""
        with closing(sqlite3.connect(f"file:{self.folder}/data/helix.db?mode=ro", uri=True)) as connection:
            return connection.execute(query).fetchall()

    def notices(self) -> list[str]:
        """What the owner is told, oldest first."""
        return [text for (text,) in self.rows("SELECT text FROM outbox ORDER BY id")]

    async def until(self, query: str, expected: list[tuple[Any, ...]], seconds: float = 45.0) -> None:
        """Wait until the database says `expected`."""
        try:
            async with asyncio.timeout(seconds):
                while self.rows(query) != expected:
                    await asyncio.sleep(0.02)
        except TimeoutError:
            assert self.rows(query) == expected


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    """A sandbox venue with 10,000 USDT, at 64,210.50."""
    made = sandbox(price=PRICE)
    async with serving(made.app) as url:
        yield Venue(made, url)


NO_BOT = {
    "ACTIVE_EXCHANGE": "binance",
    "BINANCE_API_KEY": "a-key",
    "BINANCE_API_SECRET": "a-secret",
    "WEBHOOK_SECRET": "a-secret-of-the-tests",
    "DISABLED_PLUGINS": "telegram",
}
"""Settings of a machine on which commands are typed, and no bot runs."""


def environment(venue: Venue, **changes: str) -> dict[str, str]:
    """Settings for a bot on the sandbox venue."""
    return {
        "ACTIVE_EXCHANGE": "binance",
        "BINANCE_API_KEY": venue.sandbox.api_key,
        "BINANCE_API_SECRET": venue.sandbox.api_secret,
        "BINANCE_BASE_URL": venue.url,
        "WEBHOOK_SECRET": SECRET,
        "DISABLED_PLUGINS": "telegram",
        "WEBHOOK_LIMIT_PER_MINUTE": "1000",
        "HEALTH_LIMIT_PER_MINUTE": "1000",
        "HOST": "127.0.0.1",
        "PORT": str(free_port()),
        **changes,
    }


@asynccontextmanager
async def running(folder: Path, environ: dict[str, str], world: app.World | None = None) -> AsyncIterator[RunningBot]:
    """Run a bot in this loop until the block ends, in the real world unless another is given.

    Its database stays in `folder`; a new folder is given an empty one, as Helix makes it.
    """
    read = settings.load(folder, environ, exchanges=installed_exchanges(), plugins=installed_plugins())
    database, audit_log = SecretStr(f"sqlite+aiosqlite:///{folder}/data/helix.db"), folder / "logs" / "audit.log"
    read = read.model_copy(update={"database_url": database, "audit_log_path": audit_log})
    plugins = Plugins.load(read.plugin_values, disabled=read.disabled_plugins)
    stop = asyncio.Event()
    if not (folder / "data").exists():
        await asyncio.to_thread(new_database, folder / "data" / "helix.db")
    async with asyncio.TaskGroup() as group:
        task = group.create_task(app.run(read, plugins, world or app.World(), stop))
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{read.port}", timeout=90, verify=False) as client:
            await _ready(client, task)
            yield RunningBot(client, folder, stop)
        stop.set()


async def _ready(client: httpx.AsyncClient, task: asyncio.Task[None]) -> None:
    async with asyncio.timeout(50):
        while not task.done():
            with suppress(httpx.TransportError):
                if (await client.get("/health")).json()["status"] != "degraded":
                    return
            await asyncio.sleep(0.05)
    task.result()


@pytest.fixture
async def bot(tmp_path: Path, venue: Venue) -> AsyncIterator[RunningBot]:
    """A bot that is ready on the sandbox venue."""
    async with running(tmp_path, environment(venue)) as ready:
        yield ready


@pytest.fixture
def atomically() -> Any:
    """Run a bot whose entries carry their stop."""
    return lambda folder, venue: running(folder, environment(venue, ENTRY_STYLE="atomic"))


@pytest.fixture
def logs_left_alone() -> Iterator[None]:
    """A command run inside this process sets logging up for itself: put it back afterwards."""
    root, hooks = logging.root, (sys.excepthook, sys.unraisablehook, threading.excepthook)
    before = (list(root.handlers), root.level)
    yield
    root.handlers[:], level = before
    root.setLevel(level)
    sys.excepthook, sys.unraisablehook, threading.excepthook = hooks
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logs_left_alone: None) -> Command:
    """Run a command that ends by itself in this process, a second less than in one of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, environ: dict[str, str] | None = None) -> tuple[int, str]:
        ended = CliRunner().invoke(helix, arguments, env={"COLUMNS": "200", **(environ or {})})
        assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
        return ended.exit_code, ended.output

    return run
