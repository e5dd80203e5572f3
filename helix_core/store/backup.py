"""Copies of a SQLite database: taken beside a bot that writes, checked, and put back in its place."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url

from helix_core.errors import StoreError
from helix_core.store.locks import open_lock, take
from helix_core.store.trouble import told

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE_S = 10.0
_BESIDE = ("-wal", "-shm")
_LAST_SIGNAL = "SELECT id, signal_id, received_at FROM signals ORDER BY id DESC LIMIT 1"
_OPEN_TRADES = "SELECT count(*) FROM trades WHERE status = 'open'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a database holds, in short. `last_signal` is its row, its signal_id and when it came."""

    size_bytes: int
    last_signal: tuple[int, str, datetime] | None
    open_trades: int

    def __str__(self) -> str:
        """Say it in words."""
        signal = "no signal yet"
        if self.last_signal is not None:
            row, signal_id, at = self.last_signal
            signal = f"last signal {row} ({signal_id}) of {at:%Y-%m-%d %H:%M:%S} UTC"
        return f"{self.size_bytes / 1000:,.0f} kB, {signal}, open trades: {self.open_trades}"


def file_of(url: str) -> Path:
    """The file of the database at `url`. Raises StoreError where it is not in a file of its own."""
    address = make_url(url)
    if address.get_backend_name() != "sqlite" or not address.database:
        raise StoreError(
            "DATABASE_URL names no SQLite file: back up and restore such a database with its server's own tools."
        )
    return Path(address.database)


def examined(file: Path) -> Contents:
    """Look through every page of a database at rest. Raises StoreError unless it is whole, and of Helix."""
    if not file.is_file():
        raise StoreError(f"There is no file {file}.")
    try:
        with _opened(file) as database:
            (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise StoreError(f"{file} is damaged ({' '.join(verdict.split())}).")
            last = database.execute(_LAST_SIGNAL).fetchone()
            (open_trades,) = database.execute(_OPEN_TRADES).fetchone()
    except sqlite3.Error as error:
        raise StoreError(f"{file} is damaged, or no database of Helix ({error}).") from error
    signal = None if last is None else (int(last[0]), str(last[1]), datetime.fromisoformat(last[2]))
    return Contents(size_bytes=file.stat().st_size, last_signal=signal, open_trades=open_trades)


def copy(database: Path, target: Path) -> Contents:
    """Copy `database`, as it is at one moment, to the new file `target`: all of it, or no file.

    Its writer is never kept waiting. The copy is checked, readable by its owner only, and on the disk before it gets
    its name; a folder that is missing is made. Raises StoreError: nothing to copy, a file of that name, no room, a copy
    that is not whole.
    """
    if not database.is_file():
        raise StoreError(f"There is no database {database} here. Run this in the bot's folder.")
    with _named(target.parent):
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if target.exists():
        raise StoreError(f"{target} is there already. Nothing is written over: choose another name.")
    part = target.with_name(f"{target.name}.part")
    try:
        with _named(target):
            duplicate(database, part)
        contents = examined(part)
        with _named(target):
            part.replace(target)
            _sync(target.parent)
    finally:
        part.unlink(missing_ok=True)
    return contents


def duplicate(database: Path, target: Path) -> None:
    """Write `database`, as it is at one moment, over `target`: one file, without a log beside it, on the disk.

    Raises OSError and sqlite3.Error.
    """
    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
    with _opened(database) as source, closing(sqlite3.connect(target)) as made:
        source.backup(made)
        made.execute("PRAGMA journal_mode=DELETE")
    _sync(target)


@contextmanager
def standstill(database: Path) -> Iterator[None]:
    """Keep every bot from using `database` in the block. Raises StoreError while one does."""
    try:
        database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = open_lock(Path(f"{database}.lock"))
    except OSError as error:
        raise StoreError(f"{database.parent} cannot be written: {error.strerror}. Who owns it?") from error
    if not take(lock):
        raise StoreError(f"A bot is using {database}. Stop it first; its stops stay at the exchange.")
    try:
        yield
    finally:
        os.close(lock)


def replace(database: Path, new: Path, aside: Path) -> None:
    """Let the file `new` be the database, and keep what was there as `aside`, its log included.

    Only at a standstill. A crash in between leaves either the old one or the new one. Raises StoreError, also where
    `new` is not all in one file: its log stays behind under the old name, and with it what was written last.
    """
    with _named(database):
        if _is_behind(new):
            raise StoreError(
                f"What was written last to {new} is beside it and not in it: the disk may be full. {database} was left "
                "as it is; make room and try again."
            )
        _sync(new)
        if database.exists():
            with suppress(sqlite3.Error), closing(sqlite3.connect(database, timeout=_PATIENCE_S)) as old:
                old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            os.link(database, aside)
            for log, kept in zip(_companions(database), _companions(aside), strict=True):
                if log.exists():
                    log.replace(kept)
        new.replace(database)
        _sync(database.parent)


def _is_behind(file: Path) -> bool:
    """Whether a log with something in it is beside it, as the last one to close leaves it on a full disk."""
    log, _ = _companions(file)
    return log.exists() and log.stat().st_size > 0


def _companions(file: Path) -> tuple[Path, ...]:
    return tuple(file.with_name(f"{file.name}{ending}") for ending in _BESIDE)


@contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=_PATIENCE_S)
    with closing(connection):
        yield connection


@contextmanager
def _named(file: Path) -> Iterator[None]:
    """Turn trouble into a sentence that names `file`."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error.strerror}.") from error
    except sqlite3.Error as error:
        raise StoreError(f"{file}: {told(error)}.") from error


def _sync(file: Path) -> None:
    """Have a file, or the names in a folder, on the disk: a power cut takes nothing back."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
