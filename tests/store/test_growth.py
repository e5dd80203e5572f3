"""What is asked for every signal costs the same however much the database holds: each look-up has its index."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select
from sqlalchemy.dialects.sqlite.pysqlite import dialect

from helix_core.store import curve, halts, inbox, journal, outbox, trades
from helix_core.store.database import Store

if TYPE_CHECKING:
    from pathlib import Path

MODULES = (curve, halts, inbox, journal, outbox, trades)
LIST = re.compile(r"__\[POSTCOMPILE_\w+\]")
"""Where a list of values goes, as SQLAlchemy writes it."""
FEW_ROWS = {"halts", "outbox_cursors", "CONSTANT"}
"""A halt is an event of months, and each notifier has one place in the outbox."""


async def test_no_look_up_reads_a_table_that_grows_from_end_to_end(tmp_path: Path) -> None:
    await (await Store.open(f"sqlite+aiosqlite:///{tmp_path}/helix.db")).close()

    with closing(sqlite3.connect(tmp_path / "helix.db")) as connection:
        scanned = {
            (statement, step) for statement in looks() for step in plan(connection, statement) if step not in FEW_ROWS
        }

    assert len(looks()) > 20, "they are found"
    assert scanned == set()


def looks() -> list[str]:
    """Every statement that those modules build once and that only looks, as SQLite is asked."""
    built = [value for module in MODULES for value in vars(module).values() if isinstance(value, Select)]
    return [LIST.sub("?", str(one.compile(dialect=dialect()))) for one in built]


def plan(connection: sqlite3.Connection, statement: str) -> list[Any]:
    """The tables that SQLite would read from end to end."""
    steps = connection.execute(f"EXPLAIN QUERY PLAN {statement}", [None] * statement.count("?"))
    return [detail.split()[1] for *_, detail in steps if detail.startswith("SCAN") and "USING" not in detail]
