"""A bot that is told to end, ends: whatever it waits for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pydantic import SecretStr

from helix_core import app, settings
from helix_core.plugins import Plugins, installed_exchanges, installed_plugins
from tests.bot.conftest import environment, running, venue
from tests.ports import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.conftest import Venue

__all__ = ["venue"]


async def test_a_start_that_waits_for_its_exchange_ends_when_it_is_told_to(tmp_path: Path, venue: Venue) -> None:
    """With a position open it waits for ever for an exchange that is down; a service manager need not kill it."""
    async with running(tmp_path, environment(venue)) as bot:
        assert (await bot.post("BUY")).status_code == 200
    resting = len(venue.resting())
    environ = environment(venue, BINANCE_BASE_URL=f"http://127.0.0.1:{free_port()}")
    read = settings.load(tmp_path, environ, exchanges=installed_exchanges(), plugins=installed_plugins())
    database = SecretStr(f"sqlite+aiosqlite:///{tmp_path}/data/helix.db")
    read = read.model_copy(update={"database_url": database, "audit_log_path": tmp_path / "logs" / "audit.log"})
    plugins, stop = Plugins.load(read.plugin_values, disabled=read.disabled_plugins), asyncio.Event()

    starting = asyncio.ensure_future(app.run(read, plugins, app.World(), stop))
    await asyncio.sleep(1.5)
    assert not starting.done()
    stop.set()
    async with asyncio.timeout(5):
        await starting

    assert len(venue.resting()) == resting
