"""SQLite without a thread: run inline, with a power switch and a disk that fills.

What SQLAlchemy needs of a driver such as aiosqlite is in sqlalchemy/dialects/sqlite/aiosqlite.py.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import aiosqlite
from sqlalchemy.connectors.asyncio import AsyncAdapt_dbapi_cursor
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_dbapi
from sqlalchemy.util import EMPTY_DICT
from sqlalchemy.util.concurrency import await_

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from helix_core.sim.life import Life
    from helix_core.sim.loop import VirtualLoop

_COMMIT_S = 0.002
_BUSY_TIMEOUT_S, _BUSY_PAUSE_S = 2.0, 0.01
_CHANGES = ("INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "REPLACE")


class Disk:
    """The disk of one bot.

    `full`: nothing can be committed, but for `room` more commits once the bot has given up what it keeps in reserve.
    `locked`: nobody gets the write lock. `commit_s` is how long a commit takes; it is asked once for each.
    """

    def __init__(self, folder: Path) -> None:
        """Hold the folder of one bot."""
        self.folder, self.path = folder, folder / "data" / "helix.db"
        self.room = 300
        self.full = self.locked = False
        self.visitors: set[int] = set()
        """Descriptors of the lock file that are not the bot's."""
        self.commit_s: Callable[[], float] = lambda: _COMMIT_S

    def need_room(self) -> None:
        """Take the room of one commit. Raises sqlite3's error where there is none."""
        if not self.full:
            return
        if self.room <= 0 or self.path.with_name(f"{self.path.name}.reserve").exists():
            message = "database or disk is full"
            raise sqlite3.OperationalError(message)
        self.room -= 1

    def statvfs(self, _path: object) -> os.statvfs_result:
        """What the system says of the disk: a terabyte is free, or nothing."""
        blocks = 0 if self.full else 2**28
        return os.statvfs_result((4096, 4096, 2**28, blocks, blocks, 2**20, 2**20, 2**20, 0, 255))

    def need_lock(self, sql: str) -> None:
        """Raise sqlite3's error when `sql` begins to write and nobody can."""
        if self.locked and sql.startswith("BEGIN IMMEDIATE"):
            message = "database is locked"
            raise sqlite3.OperationalError(message)


class InlineDriver(AsyncAdapt_aiosqlite_dbapi):
    """aiosqlite as SQLAlchemy's dialect knows it, but for its thread: what is asked is done at once, where it is asked.

    It lets others go on wherever the thread would, and costs a third.
    """

    def __init__(self) -> None:
        """Be aiosqlite in all else."""
        super().__init__(aiosqlite, sqlite3)

    def connect(self, *_: Any, **how: Any) -> InlineConnection:  # type: ignore[override]
        """A connection from the bot's world."""
        connection: InlineConnection = await_(how["async_creator_fn"]())
        return connection


class InlineConnection:
    """One connection of one life. Once that is dead, nothing here does anything any more."""

    def __init__(self, disk: Disk, life: Life, loop: VirtualLoop) -> None:
        """Open the file."""
        self._disk, self._life, self._loop = disk, life, loop
        self._connection: sqlite3.Connection | None = sqlite3.connect(
            disk.path, isolation_level=None, check_same_thread=False, timeout=0, cached_statements=256
        )
        self._written: dict[str, None] = {}
        life.connections.append(self)

    @property
    def raw(self) -> sqlite3.Connection:
        """SQLite's own. Raises what SQLAlchemy takes for a connection that was cut."""
        if self._connection is None:
            message = "Connection closed"
            raise sqlite3.OperationalError(message)
        return self._connection

    @property
    def isolation_level(self) -> Any:
        """As sqlite3 has it."""
        return self.raw.isolation_level

    @isolation_level.setter
    def isolation_level(self, level: Any) -> None:
        self.raw.isolation_level = level

    def cursor(self) -> InlineCursor:
        """A new cursor."""
        return InlineCursor(self)

    def create_function(self, *args: Any, **more: Any) -> None:
        """Give SQL a function."""
        self.raw.create_function(*args, **more)

    def run(self, sql: str, act: Callable[..., Any], *args: Any) -> None:
        """Run one statement; a lock of another program is waited for as `busy_timeout` says."""
        await_(self._turn())
        if sql.startswith("PRAGMA busy_timeout"):
            return
        patience_s = _BUSY_TIMEOUT_S
        while True:
            try:
                self._disk.need_lock(sql)
                act(*args)
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or patience_s <= 0:
                    raise
            else:
                break
            await_(asyncio.sleep(_BUSY_PAUSE_S))
            patience_s -= _BUSY_PAUSE_S
        table = _table_written(sql)
        if table is not None:
            self._written[table] = None

    async def _turn(self) -> None:
        """Let others go on, as the thread would."""
        if self._loop.busy:
            await asyncio.sleep(0)
        if self._life.dead:
            await self._life.hold()

    def commit(self) -> None:
        """Commit, durably."""
        await_(self._life.hold())
        written, self._written = "+".join(self._written), {}
        if not self.raw.in_transaction:
            return
        if written:
            await_(self._commit(written))
        else:
            self.raw.commit()

    async def _commit(self, written: str) -> None:
        """Commit in the time it takes. A caller who stops waiting does not stop it, as with a thread."""
        await self._life.cross(f"commit:before {written}")
        try:
            await asyncio.sleep(self._disk.commit_s())
        except asyncio.CancelledError:
            self._finish()
            raise
        self._finish()
        await self._life.cross(f"commit:after {written}")

    def _finish(self) -> None:
        self._disk.need_room()
        self.raw.commit()

    def rollback(self) -> None:
        """Undo what is not committed."""
        self._written = {}
        if self._connection is not None:
            self._connection.rollback()

    def close(self) -> None:
        """Close."""
        self.power_off()

    def terminate(self) -> None:
        """Close."""
        self.power_off()

    def power_off(self) -> None:
        """What is not committed is gone."""
        if self._connection is not None:
            if self._connection.in_transaction:
                self._connection.rollback()
            self._connection.close()
            self._connection = None


class InlineCursor(AsyncAdapt_dbapi_cursor):
    """One cursor of it. As with aiosqlite, every row is there once a statement has run."""

    __slots__ = ()
    _awaitable_cursor_close = False

    def __init__(self, connection: InlineConnection) -> None:
        """Wrap sqlite3's own."""
        self._connection: Any = connection
        self._cursor: Any = connection.raw.cursor()
        self._rows = deque()
        self._soft_closed_memoized = EMPTY_DICT

    def execute(self, operation: str, parameters: Any = ()) -> None:
        """Run one statement."""
        self._connection.run(operation, self._cursor.execute, operation, parameters or ())
        if self._cursor.description:
            self._rows = deque(self._cursor.fetchall())

    def executemany(self, operation: str, seq_of_parameters: Any) -> None:
        """Run one statement for each row of parameters."""
        self._connection.run(operation, self._cursor.executemany, operation, seq_of_parameters)


@lru_cache(maxsize=1024)
def _table_written(sql: str) -> str | None:
    """The table that a statement changes; None for one that changes nothing."""
    words = sql.split(maxsplit=3)
    if words[0] not in _CHANGES:
        return None
    return words[1] if words[0] == "UPDATE" else words[2]
