"""SQLite without a thread: the shape of aiosqlite's connection, run inline, with a power switch and a disk that fills.

What SQLAlchemy's dialect needs of aiosqlite is in sqlalchemy/dialects/sqlite/aiosqlite.py.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from helix_core.sim.life import Life

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


class InlineConnection:
    """One connection of one life. Once that is dead, nothing here does anything any more."""

    def __init__(self, disk: Disk, life: Life) -> None:
        """Open the file."""
        self._disk, self._life = disk, life
        self._connection: sqlite3.Connection | None = sqlite3.connect(
            disk.path, isolation_level=None, check_same_thread=False, timeout=0, cached_statements=256
        )
        self._tx = _Inline()
        self._written: dict[str, None] = {}
        life.connections.append(self)

    @property
    def _conn(self) -> sqlite3.Connection:
        if self._connection is None:
            message = "Connection closed"
            raise ValueError(message)
        return self._connection

    @property
    def isolation_level(self) -> str | None:
        """As the driver has it."""
        return self._conn.isolation_level

    def cursor(self) -> InlineCursor:
        """A new cursor."""
        return InlineCursor(self, self._conn.cursor())

    async def create_function(self, *args: Any, **more: Any) -> None:
        """Give SQL a function."""
        self._conn.create_function(*args, **more)

    async def run(self, sql: str, act: Callable[..., Any], *args: Any) -> None:
        """Run one statement; a lock of another program is waited for as `busy_timeout` says."""
        await asyncio.sleep(0)  # the thread would let others go on here
        await self._life.hold()
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
            await asyncio.sleep(_BUSY_PAUSE_S)
            patience_s -= _BUSY_PAUSE_S
        words = sql.split(maxsplit=3)
        if words[0] in _CHANGES:
            self._written[words[1] if words[0] == "UPDATE" else words[2]] = None

    async def commit(self) -> None:
        """Commit, durably. A caller who stops waiting does not stop it, as with a thread."""
        await self._life.hold()
        written, self._written = "+".join(self._written), {}
        if not self._conn.in_transaction:
            return
        if not written:
            self._conn.commit()
            return
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
        self._conn.commit()

    async def rollback(self) -> None:
        """Undo what is not committed."""
        self._written = {}
        if self._connection is not None:
            self._connection.rollback()

    async def close(self) -> None:
        """Close."""
        self.power_off()

    def stop(self) -> None:
        """Close."""
        self.power_off()

    def power_off(self) -> None:
        """What is not committed is gone."""
        if self._connection is not None:
            if self._connection.in_transaction:
                self._connection.rollback()
            self._connection.close()
            self._connection = None


class InlineCursor:
    """The shape of aiosqlite's cursor."""

    def __init__(self, connection: InlineConnection, raw: sqlite3.Cursor) -> None:
        """Wrap sqlite3's own."""
        self._connection, self._raw = connection, raw
        self.arraysize = raw.arraysize

    async def __aenter__(self) -> Self:
        """Be used in a block."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        self._raw.close()

    @property
    def description(self) -> Any:
        """Names of the columns."""
        return self._raw.description

    @property
    def rowcount(self) -> int:
        """Rows changed."""
        return self._raw.rowcount

    @property
    def lastrowid(self) -> int | None:
        """Id of the row inserted last."""
        return self._raw.lastrowid

    async def execute(self, sql: str, parameters: Iterable[Any] = ()) -> InlineCursor:
        """Run one statement."""
        await self._connection.run(sql, self._raw.execute, sql, parameters)
        return self

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> InlineCursor:
        """Run one statement for each row of parameters."""
        await self._connection.run(sql, self._raw.executemany, sql, parameters)
        return self

    async def fetchall(self) -> Sequence[Any]:
        """Every row."""
        return self._raw.fetchall()

    async def close(self) -> None:
        """Close."""
        self._raw.close()


class _Inline:
    """In place of the queue to aiosqlite's thread."""

    def put_nowait(self, job: tuple[asyncio.Future[Any], Callable[[], Any]]) -> None:
        future, function = job
        future.set_result(function())
