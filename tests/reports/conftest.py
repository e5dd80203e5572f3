"""A bot that traded for two days in simulated time, and the commands that tell of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.bot.conftest import command, logs_left_alone  # noqa: F401 - fixtures
from tests.bot.staged import staged

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.conftest import Venue
    from tests.bot.staged import StagedBot

EVENING = datetime(2026, 3, 1, 23, 55, tzinfo=UTC)
SETTINGS = {
    "ACTIVE_EXCHANGE": "binance",
    "BINANCE_API_KEY": "a-key",
    "BINANCE_API_SECRET": "a-secret",
    "WEBHOOK_SECRET": "a-secret-of-the-tests",
    "DISABLED_PLUGINS": "telegram",
}


@staged(epoch=EVENING)
async def two_days(bot: StagedBot, venue: Venue, file: Path) -> None:
    """A win and a loss on the first day, money that comes, a stop-out after midnight, and one trade still open."""
    for price in ("64900.00", "64300.00"):
        await bot.post("BUY", "<b>=evil()</b>" if price == "64900.00" else None)
        venue.sandbox.venue.set_price(Decimal(price))
        await bot.post("SELL")
    await bot.stage.sleep(30)
    venue.sandbox.venue.transfer("USDT", Decimal(5000))
    await bot.stage.sleep(600)
    await bot.post("BUY")
    venue.sandbox.venue.set_price(Decimal("62000.00"))
    await bot.until("SELECT count(*) FROM trades WHERE status = 'stopped_out'", [(1,)])
    await bot.stage.sleep(30)
    await bot.post("BUY")
    file.parent.mkdir(parents=True)
    with closing(sqlite3.connect(file)) as copy:
        bot.stage.database().backup(copy)


@pytest.fixture(scope="session")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database it left behind."""
    file: Path = tmp_path_factory.mktemp("traded") / "data" / "helix.db"
    two_days(file=file)
    return file


@pytest.fixture
def helix(command: Any, tmp_path: Path, traded: Path) -> Any:  # noqa: F811 - the fixture
    """A command of the owner, in a folder with that database."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "helix.db").write_bytes(traded.read_bytes())
    return lambda *arguments: command(*arguments, environ=SETTINGS)
