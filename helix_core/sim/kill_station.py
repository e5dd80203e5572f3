"""One bot to be killed: its own venue, its own folder, its own port, and who trades with it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
from collections import Counter
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx

from helix_core.cli.demo.bot_process import free_port
from helix_core.cli.sandbox import make
from helix_core.clock import SystemClock
from helix_core.config import TradingMode
from helix_core.plugins import exchange_modes
from helix_core.sandbox.server import serving
from helix_core.settings import LIVE_PHRASE
from helix_core.sim.forked_bot import LOG
from helix_core.sim.kill_owner import Owner
from helix_core.sim.slow_wire import SlowWire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path
    from random import Random  # noqa: TID251 - only its name

    from helix_core.sandbox import Sandbox
    from helix_core.sim.forked_bot import Nursery

SECRET = "a-secret-of-this-run-only"  # noqa: S105 - guards bots that live for seconds on loopback
PRICE = Decimal(64_000)
NOBODY = "http://127.0.0.1:9"
"""An address where no venue is: the port of a service that no machine runs any more."""
DATABASE = "data/helix.db"
MEAN_DELAY_S, LONGEST_DELAY_S = 0.02, 0.25
_RESTART_S = 1.0
_TRIES, _PAUSE_S, _ANSWER_S = 3, 0.4, 12.0
_STORED = (httpx.codes.OK, httpx.codes.ACCEPTED, httpx.codes.CONFLICT)
_AT_WORK = """SELECT kind || ' ' || state FROM journal WHERE state IN ('sent', 'unknown', 'cancelling')
              UNION ALL SELECT action || ' taken' FROM inbox WHERE done_at IS NULL"""
_RAISED_BY_BOT = "SELECT id FROM halts WHERE cleared_at IS NULL AND kind != 'manual'"
_NO_LIMITS = {
    "MAX_DAILY_LOSS_PCT": "25",
    "MAX_DRAWDOWN_PCT": "50",
    "MAX_CONSECUTIVE_LOSSES": "100",
    "WEBHOOK_LIMIT_PER_MINUTE": "10000",
    "HEALTH_LIMIT_PER_MINUTE": "10000",
}
"""The losses of a storm are not what is under test here, nor is the door's patience."""


@dataclass(slots=True)
class Station:
    """A venue, and the bot that trades on it while it is killed again and again. Made by `station`."""

    name: str
    sandbox: Sandbox
    nursery: Nursery
    folder: Path
    environment: Mapping[str, str]
    client: httpx.AsyncClient
    owner: Owner
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    alerted: asyncio.Event = field(default_factory=asyncio.Event)
    accepted: list[str] = field(default_factory=list)
    exits: Counter[str] = field(default_factory=Counter)
    halts: set[int] = field(default_factory=set)
    pid: int | None = None
    opened: bool = False
    versions: int = 0
    lives: int = 0
    alerts: int = 0

    @property
    def database(self) -> Path:
        """The bot's database."""
        return self.folder / DATABASE

    @property
    def holding(self) -> bool:
        """Whether coins are in the account."""
        held = self.sandbox.venue.balances().get(self.sandbox.symbol.split("/")[0])
        return held is not None and held.total * self.sandbox.venue.listing().last > 1

    def venue_worked(self) -> None:
        """A request was carried out: tell who waits for the venue's next doing, unless it was only a question."""
        self.owner.look()
        versions = len(self.sandbox.venue.ledger.versions)
        if versions != self.versions:
            self.versions = versions
            self.moved.set()

    async def start(self) -> None:
        """Start the bot."""
        self.opened = False
        self.pid = await self.nursery.start(self.folder, self.environment)
        self.lives += 1

    async def kill(self) -> bool:
        """SIGKILL. False when there was nobody left to kill."""
        if await self._ended():
            return False
        pid, self.pid = self.pid, None
        return pid is not None and await self.nursery.kill(pid) == -signal.SIGKILL

    async def keep_running(self) -> None:
        """What a supervisor does: start the bot when it is not running, a little later when it ended by itself."""
        if await self._ended():
            await asyncio.sleep(_RESTART_S)
        if self.pid is None:
            await self.start()

    async def _ended(self) -> bool:
        """Whether the bot has ended by itself just now. Keeps its exit code and its last words."""
        code = None if self.pid is None else await self.nursery.ended(self.pid)
        if code is None:
            return False
        self.pid = None
        self.exits[f"{self.sandbox.name}: exit code {code}, {self._last_words()}"] += 1
        return True

    async def ready(self) -> bool:
        """Whether the bot's door is open. Once it is, it stays so until the bot dies."""
        if not self.opened and self.pid is not None:
            try:
                self.opened = (await self.client.get("/health")).status_code == httpx.codes.OK
            except httpx.TransportError:
                return False
        return self.opened and self.pid is not None

    def was_doing(self) -> str:
        """What the bot was at when it was killed, in a few words. Remembers the halts that were in force."""
        self.halts |= {row for (row,) in self.rows(_RAISED_BY_BOT)}
        work = sorted({what for (what,) in self.rows(_AT_WORK)})
        if not self.opened:
            return f"starting, {' and '.join(work) or 'nothing open'}"
        return " and ".join(work) or "waiting"

    def forgotten_halts(self) -> list[str]:
        """Halts that were in force when the bot was killed and are not any more, though nobody ended them."""
        left = {row for (row,) in self.rows(_RAISED_BY_BOT)}
        return [f"I5: halt {halt} is forgotten" for halt in sorted(self.halts - left)]

    def _last_words(self) -> str:
        """The last line of the bot's log."""
        lines = (self.folder / LOG).read_text(errors="replace").splitlines()
        return lines[-1][:200] if lines else "no word"

    async def alert(self, action: str) -> None:
        """Post an alert as TradingView does, again when it is not taken, and remember whether it was."""
        self.alerts += 1
        name = f"{self.name}-{self.alerts}"
        body = {"signal": action, "symbol": self.sandbox.symbol, "price": str(PRICE), "signal_id": name}
        self.alerted.set()
        for _ in range(_TRIES):
            with suppress(httpx.TransportError):  # killed while it answered: whether the alert is stored, nobody knows
                answer = await self.client.post(
                    "/webhook", content=json.dumps(body), headers={"X-Webhook-Secret": SECRET}
                )
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    self.accepted += [name] * (answer.status_code in _STORED)
                    return
            await asyncio.sleep(_PAUSE_S)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the bot's database, read as any tool would; none before there is one."""
        if not self.database.exists():
            return []
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            try:
                return connection.execute(query).fetchall()
            except sqlite3.OperationalError:
                return []  # killed before the first commit: no table yet


@asynccontextmanager
async def station(
    name: str, exchange: str, nursery: Nursery, folder: Path, chance: Random, settings: Mapping[str, str]
) -> AsyncIterator[Station]:
    """A station on `exchange`, its venue served over a real socket, its bot not started yet."""
    await asyncio.to_thread(folder.mkdir)
    sandbox = make(exchange, PRICE)
    made: list[Station] = []
    wire = SlowWire(
        sandbox.app,
        lambda: min(chance.expovariate(1 / MEAN_DELAY_S), LONGEST_DELAY_S),
        lambda: made[0].venue_worked(),  # noqa: PLW0108 - there is no station yet
    )
    async with serving(wire) as url:
        environment = {**environment_of(sandbox, url), **settings}
        address = f"http://127.0.0.1:{environment['PORT']}"
        async with httpx.AsyncClient(base_url=address, timeout=_ANSWER_S) as client:
            owner = Owner(sandbox, folder / DATABASE)
            made.append(Station(name, sandbox, nursery, folder, environment, client, owner))
            try:
                yield made[0]
            finally:
                await made[0].kill()


def environment_of(sandbox: Sandbox, url: str = NOBODY) -> dict[str, str]:
    """The settings of a bot that trades on `sandbox`, served at `url`, behind a free port of this machine."""
    upper = sandbox.name.upper()
    testnet = TradingMode.TESTNET in exchange_modes(sandbox.name, SystemClock())
    return {
        "PATH": os.environ["PATH"],
        "ACTIVE_EXCHANGE": sandbox.name,
        "TRADING_MODE": (TradingMode.TESTNET if testnet else TradingMode.LIVE).value,
        "LIVE_CONFIRMATION": "" if testnet else LIVE_PHRASE,
        "TRADING_PAIR": sandbox.symbol,
        f"{upper}_BASE_URL": url,
        f"{upper}_API_KEY": sandbox.api_key,
        f"{upper}_API_SECRET": sandbox.api_secret,
        "WEBHOOK_SECRET": SECRET,
        "DISABLED_PLUGINS": "telegram",
        **_NO_LIMITS,
        "HOST": "127.0.0.1",
        "PORT": str(free_port()),
    }
