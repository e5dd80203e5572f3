"""The stage: one venue, one database file, one bot that lives, dies and lives again, in simulated time.

    stage = Stage(exchange="...")
    async def scenario():
        await stage.ready()
        reply = await stage.alert("BUY")
        await stage.sleep(60)
        stage.crash("power failure")
        await stage.ready()
    stage.play(scenario())

Everything is deterministic: the same calls give the same story (`stage.story.digest`).

- `loop`, `clock` (the bot's, with `skew_s`), `sandbox` (the venue; its clock has no skew), `network` (`judge`,
  `latency_s`, `on_change`), `disk` (`full`, `locked`, `commit_s`), `story` (`lines`, `log`, `trace`, `digest`).
- `lives`: every process there was, the last one is `life`. `start()`, `crash(why)`, `restart_after_s`.
- `post(body, headers)`, `alert(action, **fields)`, `get(path)`: the bot's door; None when nobody answered.
- `on_seam(name, number)`: True cuts the power right there. Seams: `commit:before T`, `commit:after T` (T: tables
  written, joined by +), `send:before METHOD /path`, `send:arrived ...`, `answer:read ...`.
- `messages`: what the owner was told. `owner_fails`: while true, none gets there. `speech`: what the owner says.
- `database()`: the file, for reading. `store()`: the owner's own look at it, as the command line has it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sqlite3
from contextlib import asynccontextmanager
from contextvars import Context
from decimal import Decimal
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from helix_core import app
from helix_core.errors import InvariantBroken
from helix_core.plugins import Plugins
from helix_core.sim import scenery
from helix_core.sim.asgi import Reply, scope_of
from helix_core.sim.clock import EPOCH, VirtualClock
from helix_core.sim.database import Disk, InlineConnection
from helix_core.sim.life import Life
from helix_core.sim.loop import PROCESS, VirtualLoop
from helix_core.sim.machine import machine_of_its_own
from helix_core.sim.network import Network, Session
from helix_core.sim.owner import Owner, Speech
from helix_core.sim.scenery import SECRET
from helix_core.sim.story import Story
from helix_core.sim.tape import MemoryFile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
    from datetime import datetime

    from helix_core.domain.notice import Notice
    from helix_core.store.database import Store

__all__ = ["SECRET", "Stage"]

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_LONGEST_PAUSE_S = 30.0
_LOOK_S = 0.01


class Stage:
    """One simulation. `play` it once."""

    def __init__(
        self,
        *,
        exchange: str,
        folder: Path | None = None,
        settings: Mapping[str, str] = _NO_HEADERS,
        price: Decimal = Decimal("64210.50"),
        epoch: datetime = EPOCH,
    ) -> None:
        """Set the stage: a venue at `price`, an empty database in `folder` (default: one in memory, for this stage).

        `settings` are those of the bot that differ from the simulation's own.
        """
        self.exchange = exchange
        self.loop = VirtualLoop()
        self.clock, venue_clock = VirtualClock(self.loop, epoch), VirtualClock(self.loop, epoch)
        self.story = Story(self.loop)
        self.sandbox = scenery.new_sandbox(exchange, price, venue_clock)
        self.network = Network(self.loop, self.sandbox, self.story.tell)
        self._made = scenery.scratch() if folder is None else None
        self.folder = Path(self._made.name) if self._made is not None else Path(folder or "")
        self.disk, self.audit_log, self.speech = Disk(self.folder), MemoryFile(), Speech()
        self.settings = scenery.settings_of(self.sandbox, settings, self.disk.path)
        self.lives: list[Life] = []
        self.messages: list[str] = []
        self.owner_fails = self._over = False
        self.restart_after_s: float | None = 1.0
        self.on_seam: Callable[[str, int], bool] | None = None
        self.seams = self._failed_boots = self._alerts = 0
        self._look: sqlite3.Connection | None = None
        self._stop = asyncio.Event()
        scenery.new_database(self.disk.path)

    # Playing ---------------------------------------------------------------------------------------------------

    def play(self, scenario: Coroutine[Any, Any, None]) -> None:
        """Start the bot, run `scenario` to its end, then stop everything. Raises what the scenario raised."""
        collecting = gc.isenabled()
        gc.disable()
        try:
            with self.story.taking_the_log(), machine_of_its_own(self.folder, self.disk):
                self.loop.run_until_complete(self._play(scenario))
        finally:
            if collecting:
                gc.enable()
            self.loop.close()

    async def _play(self, scenario: Coroutine[Any, Any, None]) -> None:
        try:
            self.start()
            await scenario
        finally:
            self._over = True
            if self.alive:
                self._kill("the end")
            await asyncio.sleep(0)

    def close(self) -> None:
        """Give back the file and its folder."""
        if self._look is not None:
            self._look.close()
            self._look = None
        if self._made is not None:
            self._made.cleanup()

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)

    async def until(self, condition: Callable[[], object], within_s: float) -> bool:
        """Let time pass until `condition` is true; False when it did not become so in time."""
        end_s = self.loop.time() + within_s
        while not condition():
            if self.loop.time() >= end_s:
                return False
            await asyncio.sleep(max(_LOOK_S, min(self.loop.next_s, end_s) - self.loop.time()))
        return True

    async def ready(self, within_s: float = 120.0) -> bool:
        """Let time pass until the bot is ready."""
        return await self.until(lambda: self.life is not None and self.life.ready and self.alive, within_s)

    # Lives -----------------------------------------------------------------------------------------------------

    @property
    def life(self) -> Life | None:
        """The latest life."""
        return self.lives[-1] if self.lives else None

    @property
    def alive(self) -> bool:
        """Whether a bot is running."""
        return self.life is not None and self.life.ended_s is None

    def start(self) -> Life:
        """Start the bot as a new process. Raises InvariantBroken while one is alive."""
        if self.alive:
            message = "a bot is alive already"
            raise InvariantBroken(message)
        life = Life(len(self.lives) + 1, self.loop.time(), self._seam)
        self.lives.append(life)
        self.story.tell(f"life {life.number} begins")
        context = Context()
        context.run(PROCESS.set, life)
        self._stop = asyncio.Event()
        work = app.run(self.settings, self._plugins(life), self._world(life), self._stop)
        task = self.loop.create_task(work, context=context)
        task.add_done_callback(partial(self._ended, life), context=Context())
        return life

    def crash(self, why: str) -> None:
        """Power off now. A supervisor starts the bot again after `restart_after_s`. Nothing happens to the dead."""
        if self.alive:
            self._kill(why)
            self._supervise()

    def stop(self) -> None:
        """Ask the bot to end, as SIGTERM does."""
        self._stop.set()

    def _kill(self, why: str) -> None:
        life = self.lives[-1]
        self.story.tell(f"life {life.number} killed: {why}")
        self._failed_boots = 0 if life.ready else self._failed_boots + 1
        life.cut(self.loop.time(), why)
        self.loop.forget(life)
        self.loop.call_soon(life.bury, self.disk, context=Context())

    def _ended(self, life: Life, task: asyncio.Task[Any]) -> None:
        """The bot ended by itself."""
        life.error = None if task.cancelled() else task.exception()
        life.ended_s, life.app = self.loop.time(), None
        self.story.tell(f"life {life.number} ended: {life.error!r}")
        self._failed_boots = 0 if life.ready else self._failed_boots + 1
        self._supervise()

    def _supervise(self) -> None:
        """Start the bot again: after `restart_after_s`, and twice as long after each start that failed, to 30 s."""
        if self.restart_after_s is None or self._over:
            return
        pause_s = min(self.restart_after_s * 2 ** min(max(0, self._failed_boots - 1), 10), _LONGEST_PAUSE_S)
        self.loop.call_later(max(pause_s, self.restart_after_s), self._restart, context=Context())

    def _restart(self) -> None:
        if not self.alive and not self._over:
            self.start()

    def _seam(self, name: str) -> bool:
        self.seams += 1
        if self.on_seam is None or not self.on_seam(name, self.seams):
            return False
        self.crash(name)
        return True

    # The bot's world -------------------------------------------------------------------------------------------

    def _world(self, life: Life) -> app.World:
        async def connect() -> InlineConnection:
            return InlineConnection(self.disk, life, self.loop)

        return app.World(
            clock=self.clock,
            open_session=lambda: Session(self.network, life),
            open_connection=connect,
            open_tape=self.audit_log.tape,
            serve=life.serve,
        )

    def _plugins(self, life: Life) -> Plugins:
        plugins = Plugins.load(self.settings.plugin_values, disabled=self.settings.disabled_plugins)
        plugins.notifiers = (Owner(life, self._hear, self.speech),)
        return plugins

    def _hear(self, notice: Notice) -> None:
        if self.owner_fails:
            message = "the owner cannot be reached"
            raise ConnectionError(message)
        self.messages.append(notice.text)
        self.story.tell(f"owner told: {notice.kind.value}")

    # The door --------------------------------------------------------------------------------------------------

    async def post(self, body: bytes, headers: Mapping[str, str] = _NO_HEADERS) -> Reply | None:
        """Post bytes to the webhook. None: nobody listened, or the bot died before it answered."""
        return await self._ask("POST", "/webhook", body, headers)

    async def get(self, path: str) -> Reply | None:
        """Ask the bot for a page."""
        return await self._ask("GET", path, b"", _NO_HEADERS)

    async def alert(self, action: str, signal_id: str | None = None, **fields: object) -> Reply | None:
        """Post an alert with the secret; each has an id of its own unless one is given."""
        self._alerts += 1
        alert = {
            "signal": action,
            "symbol": self.sandbox.symbol,
            "price": float(self.sandbox.venue.listing().last),
            "signal_id": signal_id or f"alert-{self._alerts}",
            **fields,
        }
        return await self.post(json.dumps(alert).encode(), {"x-webhook-secret": SECRET})

    async def _ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Reply | None:
        life = self.life
        if life is None or not self.alive or life.app is None:
            self.story.tell(f"{method} {path}: nobody listens")
            return None
        answered: asyncio.Future[Reply | None] = self.loop.create_future()
        context = Context()
        context.run(PROCESS.set, life)
        scope = scope_of(method, path, headers=headers.items(), body=body)
        self.loop.create_task(life.answer(scope, body, answered), context=context)
        reply = await answered
        self.story.tell(f"{method} {path}: {'no answer' if reply is None else reply.status}")
        return reply

    # Looking ---------------------------------------------------------------------------------------------------

    def database(self) -> sqlite3.Connection:
        """The database, to be read as any tool would."""
        if self._look is None:
            self._look = sqlite3.connect(self.disk.path, isolation_level=None)
            self._look.execute("PRAGMA query_only=ON")
        return self._look

    @asynccontextmanager
    async def store(self) -> AsyncIterator[Store]:
        """The database beside the bot, as the command line opens it: `helix halt` and `helix resume` go this way."""
        async with scenery.visit(self.disk, self.settings.database_url.get_secret_value(), self.loop) as store:
            yield store
