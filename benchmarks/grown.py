# ruff: noqa: S608 - the names of tables and columns come from the database itself, and from here
"""Makes a bot's database as large as years would: what the bot has written, copied over and over.

Each copy has ids of its own, and is earlier than the one after it. Copied trades leave no dust (they sell what they
bought, without a fee) and next to no profit, since the account at the venue has none of theirs.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from figures import CannotMeasure

if TYPE_CHECKING:
    from pathlib import Path

_APART_S = 600
_TABLES = ("signals", "trades", "inbox", "verdicts", "journal", "fills", "results", "gaps", "outbox")
_COUNTED = {"signal_row": "signals.id", "trade_id": "trades.id", "number": "journal.number"}
"""Columns that count, and what they count; each table's own `id` counts its rows."""
_NAMES = {
    "signal_id",
    "client_order_id",
    "fill_id",
    "venue_order_id",
    "venue_order_ids",
    "entry_order_id",
    "exchange_order_id",
}
_SET = {
    "fills.quantity": "'0.001'",
    "fills.fee": "'0'",
    "results.pnl": "'0.00001'",
    "results.pnl_pct": "'0.00001'",
}


def grow(file: Path, signals: int) -> None:
    """Copy what is there until there are about so many signals; the bot must not run. Raises CannotMeasure."""
    try:
        with closing(sqlite3.connect(file, isolation_level=None)) as database:
            for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=OFF", "synchronous=OFF"):
                database.execute(f"PRAGMA {pragma}")
            _copy(database, signals)
            database.execute("PRAGMA journal_mode=WAL")
    except sqlite3.Error as error:
        raise CannotMeasure(
            f"the database cannot be grown, say in grown.py what its tables are now: {error}"
        ) from error


def sizes(file: Path) -> tuple[int, int, float]:
    """Signals and trades in a database, and its megabytes."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        signals, trades = (_one(database, f"SELECT count(*) FROM {table}") for table in ("signals", "trades"))
    return signals, trades, file.stat().st_size / 1e6


def _copy(database: sqlite3.Connection, signals: int) -> None:
    copies = max(round(signals / _one(database, "SELECT count(*) FROM signals")) - 1, 1)
    count = "WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < ?)"
    database.execute("BEGIN")
    # All of them are worked out before the first table grows.
    statements = [_statement(database, table, copies) for table in _TABLES]
    for table, columns, values in statements:
        database.execute(
            f"INSERT INTO {table} ({columns}) {count} SELECT {values} FROM n CROSS JOIN (SELECT * FROM {table}) t",
            (copies,),
        )
    database.execute("UPDATE outbox_cursors SET notice_id = (SELECT max(id) FROM outbox)")
    database.execute("COMMIT")


def _statement(database: sqlite3.Connection, table: str, copies: int) -> tuple[str, str, str]:
    """The table, its columns, and what each is in copy `k`."""
    columns, values = [], []
    for _, name, kind, *_ in database.execute(f"PRAGMA table_info({table})").fetchall():
        columns.append(f'"{name}"')
        values.append(_value(database, table, name, kind, copies))
    if not columns:
        raise CannotMeasure(f"the database has no table {table} any more: say in grown.py what its tables are now")
    return table, ", ".join(columns), ", ".join(values)


def _value(database: sqlite3.Connection, table: str, name: str, kind: str, copies: int) -> str:
    if f"{table}.{name}" in _SET:
        return _SET[f"{table}.{name}"]
    counted = f"{table}.id" if name == "id" else _COUNTED.get(name)
    if counted:
        owner, _, column = counted.partition(".")
        return f't."{name}" + k * {_one(database, f"SELECT coalesce(max({column}), 0) FROM {owner}")}'
    if name in _NAMES:
        return f"iif(t.\"{name}\" = '', '', t.\"{name}\" || '-' || k)"
    if kind == "DATETIME":
        earlier = f"'-' || (({copies} + 1 - k) * {_APART_S}) || ' seconds'"
        return f"strftime('%Y-%m-%d %H:%M:%f', t.\"{name}\", {earlier}) || '000'"
    return f't."{name}"'


def _one(database: sqlite3.Connection, query: str) -> int:
    found: int = database.execute(query).fetchone()[0]
    return found
