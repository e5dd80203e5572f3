"""What stands on the stage before the bot comes: the venue, the settings, the empty database."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import asynccontextmanager
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from helix_core import settings as settings_room
from helix_core.clock import SystemClock
from helix_core.config import TradingMode
from helix_core.plugins import exchange_modes, installed_exchanges, installed_plugins
from helix_core.sim.database import InlineConnection
from helix_core.sim.life import Life
from helix_core.store.database import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from decimal import Decimal

    from helix_core.sandbox import Sandbox
    from helix_core.settings import Settings
    from helix_core.sim.clock import VirtualClock
    from helix_core.sim.database import Disk
    from helix_core.sim.loop import VirtualLoop

SECRET = "the-secret-of-the-simulation"  # noqa: S105 - guards nothing
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - what is made there is private and new


def scratch() -> tempfile.TemporaryDirectory[str]:
    """A new private folder, in memory where the system has a place for that."""
    place = str(_SHARED_MEMORY) if _SHARED_MEMORY.is_dir() else None
    return tempfile.TemporaryDirectory(prefix="helix-sim-", dir=place)


def new_sandbox(exchange: str, price: Decimal, clock: VirtualClock) -> Sandbox:
    """The sandbox of an installed driver, by its entry point. Raises ValueError when there is none."""
    (point,) = _sandboxes(exchange)
    made: Sandbox = point.load()(price=price, clock=clock)
    return made


def settings_of(sandbox: Sandbox, changes: Mapping[str, str], database: Path) -> Settings:
    """The bot's settings before `sandbox`: read as ever, from an environment. Raises ConfigError."""
    read = _read(sandbox.name, sandbox.api_key, sandbox.api_secret, sandbox.symbol, tuple(sorted(changes.items())))
    return read.model_copy(update={"database_url": SecretStr(f"sqlite+aiosqlite:///{database}")})


def new_database(path: Path) -> None:
    """Lay an empty database there, as Helix itself makes one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_template())


@asynccontextmanager
async def visit(disk: Disk, url: str, loop: VirtualLoop) -> AsyncIterator[Store]:
    """The database beside a bot that may be running, as the command line opens it. Raises StoreError."""
    visitor = Life(0, 0.0, lambda _: False)

    async def connect() -> InlineConnection:
        return InlineConnection(disk, visitor, loop)

    store = await Store.open(url, alone=False, connect=connect)
    locks = tuple(store._locks)  # noqa: SLF001 - they must outlive a bot that dies meanwhile
    disk.visitors.update(locks)
    try:
        yield store
    finally:
        disk.visitors.difference_update(locks)
        await store.close()


@cache
def _sandboxes(exchange: str) -> tuple[metadata.EntryPoint, ...]:
    return tuple(point for point in metadata.entry_points(group="helix.sandboxes") if point.name == exchange)


@cache
def _mode(exchange: str) -> Mapping[str, str]:
    """Testnet where there is one; elsewhere "live", at the sandbox's address."""
    if TradingMode.TESTNET in exchange_modes(exchange, SystemClock()):
        return {"TRADING_MODE": TradingMode.TESTNET.value}
    return {"TRADING_MODE": TradingMode.LIVE.value, "LIVE_CONFIRMATION": settings_room.LIVE_PHRASE}


@cache
def _read(exchange: str, key: str, secret: str, symbol: str, changes: tuple[tuple[str, str], ...]) -> Settings:
    upper = exchange.upper().replace("-", "_")
    environ = {
        "ACTIVE_EXCHANGE": exchange,
        **_mode(exchange),
        "TRADING_PAIR": symbol,
        f"{upper}_BASE_URL": "http://127.0.0.1:1",
        f"{upper}_API_KEY": key,
        f"{upper}_API_SECRET": secret,
        "WEBHOOK_SECRET": SECRET,
        "WEBHOOK_LIMIT_PER_MINUTE": "10000",
        "HEALTH_LIMIT_PER_MINUTE": "10000",
        "DISABLED_PLUGINS": "telegram,apprise,log",
        **dict(changes),
    }
    with scratch() as empty:
        return settings_room.load(Path(empty), environ, exchanges=installed_exchanges(), plugins=installed_plugins())


@cache
def _template() -> bytes:
    async def make(path: Path) -> None:
        await (await Store.open(f"sqlite+aiosqlite:///{path}")).close()

    with scratch() as folder:
        path = Path(folder) / "helix.db"
        asyncio.run(make(path))
        return path.read_bytes()
