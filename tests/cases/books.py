"""A database with something in it, and ways to spoil it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from helix_core.domain.halt import HaltKind
from helix_core.store import halts
from helix_core.store.database import Store

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def url(folder: Path) -> str:
    """DATABASE_URL of the database in `folder`."""
    return f"sqlite+aiosqlite:///{folder}/helix.db"


async def note(store: Store, text: str) -> None:
    """One durable transaction: a halt with `text`, the older one of its kind ended."""
    async with store.write() as session:
        await halts.clear(session, frozenset({HaltKind.MANUAL}), "test", NOON)
        await halts.put_in_force(session, HaltKind.MANUAL, text, NOON)


async def noted(store: Store) -> list[str]:
    """What halts are in force."""
    async with store.read() as session:
        return [halt.detail for halt in await halts.active(session)]


async def made(folder: Path, *texts: str) -> None:
    """Make a database in `folder` with these notes, one transaction each, and close it."""
    store = await Store.open(url(folder))
    for text in texts:
        await note(store, text)
    await store.close()


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """What any other program reads."""
    with closing(sqlite3.connect(folder / "helix.db")) as connection:
        return connection.execute(query).fetchall()
