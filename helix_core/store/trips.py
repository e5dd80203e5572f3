"""aiosqlite with one trip to its thread for each statement, where SQLAlchemy makes four: open, execute, fetch, close.

A trip costs more than most statements do, and on a busy machine it waits for the interpreter. All rows are fetched at
once, as SQLAlchemy has it done in any case.
"""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import TYPE_CHECKING, Any

import aiosqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Self

_UNUSED = 64
"""How many rows aiosqlite would fetch at a time: nothing here fetches that way."""


def connect(database: str, **how: Any) -> Connection:
    """What `aiosqlite.connect` is. The thread ends with the program."""
    connection = Connection(partial(sqlite3.connect, database, **how), _UNUSED)
    connection._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy does
    return connection


class Connection(aiosqlite.Connection):
    """A connection whose cursors travel once."""

    def cursor(self) -> Cursor:  # type: ignore[override] # used by SQLAlchemy only
        """A cursor, made where it is asked for: SQLite has none before a statement is executed."""
        return Cursor(self)


class Cursor:
    """What SQLAlchemy asks of a cursor."""

    def __init__(self, connection: Connection) -> None:
        """Nothing executed yet."""
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount, self.arraysize = -1, 1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        """Nothing to wait for."""
        return self

    async def execute(self, sql: str, parameters: Iterable[Any] = ()) -> Self:
        """Execute a statement and fetch what it returns."""
        return await self._travel(sqlite3.Cursor.execute, sql, parameters)

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> Self:
        """Execute a statement for each set of parameters."""
        return await self._travel(sqlite3.Cursor.executemany, sql, parameters)

    async def fetchall(self) -> list[Any]:
        """What was fetched."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Forget what nobody took."""
        self._rows = []

    async def _travel(self, act: Callable[..., object], *arguments: object) -> Self:
        await self._connection._execute(self._do, act, *arguments)  # type: ignore[no-untyped-call] # noqa: SLF001
        return self

    def _do(self, act: Callable[..., object], *arguments: object) -> None:
        """In the connection's thread."""
        cursor = self._connection._conn.cursor()  # noqa: SLF001 - likewise
        try:
            act(cursor, *arguments)
            self._rows = cursor.fetchall()
            self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
        finally:
            cursor.close()
