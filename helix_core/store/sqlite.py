"""Everything that is true of SQLite only: durability, locking and file modes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from helix_core.errors import StoreError
from helix_core.store.locks import open_lock, take

if TYPE_CHECKING:
    from sqlalchemy import Engine

_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
BUSY_S = 2.0
"""So long another program that writes is waited for."""


def prepare_file(path: Path, *, alone: bool) -> int:
    """Make the folder and the file, readable by the owner only; `alone` takes the lock that one bot can hold.

    Returns the lock file's descriptor: the lock lives as long as it stays open. Raises StoreError when the place cannot
    be written or another process holds the lock.
    """
    os.umask(0o077)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = open_lock(Path(f"{path}.lock"))
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreError(
            f"The database {path} cannot be written: {error.strerror}. Check DATABASE_URL and the folder's owner."
        ) from error
    if alone and not take(lock):
        raise StoreError(f"Another Helix already uses the database {path}. Stop it first: one account, one bot.")
    for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        if name.exists():
            name.chmod(0o600)
    return lock


def make_durable(engine: Engine, *, writes: bool, busy_s: float = BUSY_S) -> None:
    """Set the pragmas on every connection; on a writing engine every transaction takes the write lock at once.

    SQLite itself waits `busy_s` for other programs, and the thread with it.
    Without BEGIN IMMEDIATE two read-modify-writes can lose one another's update without an error.
    """

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (*_PRAGMAS, f"busy_timeout={1000 * busy_s:.0f}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    if writes:

        @event.listens_for(engine, "begin")
        def _on_begin(connection: Any) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
