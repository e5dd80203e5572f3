"""A database of an earlier Helix: what it lacks is added, what it holds stays."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from helix_core.store.database import SCHEMA_VERSION, Store
from tests.cases.books import made, rows, url

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_database_of_the_version_before_is_brought_up_and_keeps_every_row(tmp_path: Path) -> None:
    await made(tmp_path, "kept")
    shape = "SELECT type, name, tbl_name FROM sqlite_master ORDER BY name"
    new = rows(tmp_path, shape), columns(tmp_path)
    with closing(sqlite3.connect(tmp_path / "helix.db")) as connection, connection:
        connection.execute("ALTER TABLE halts DROP COLUMN raised_by")
        connection.execute("DROP TABLE dead_letters")
        connection.execute("DROP TABLE outbox")
        connection.execute(
            "CREATE TABLE outbox (id INTEGER NOT NULL PRIMARY KEY, kind VARCHAR NOT NULL, text VARCHAR NOT NULL, "
            "at DATETIME NOT NULL)"
        )
        connection.execute("INSERT INTO outbox VALUES (7, 'error', 'owed', '2026-03-01 12:00:00')")
        connection.execute("UPDATE meta SET value = '2' WHERE key = 'schema_version'")

    for _ in range(2):
        await (await Store.open(url(tmp_path), alone=False)).close()

    assert (rows(tmp_path, shape), columns(tmp_path)) == new
    assert rows(tmp_path, "SELECT detail, raised_by FROM halts") == [("kept", None)]
    assert rows(tmp_path, "SELECT id, text, signal_row FROM outbox") == [(7, "owed", None)]
    assert rows(tmp_path, "SELECT value FROM meta WHERE key = 'schema_version'") == [(SCHEMA_VERSION,)]


def columns(folder: Path) -> set[tuple[object, ...]]:
    """Every column with its type, whatever their order."""
    query = "SELECT m.name, c.name, c.type, c.'notnull', c.pk FROM sqlite_master m, pragma_table_info(m.name) c"
    return set(rows(folder, query))
