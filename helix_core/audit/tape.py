"""The file of the log: only ever added to, by one process at a time, and on the disk before anyone goes on."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
from time import sleep
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Step = Callable[[bool, bytes], bytes]

_GLANCES, _GLANCE_S = 100, 0.02


class Tape(Protocol):
    """A record that can only grow."""

    async def turn(self, step: Step) -> None:
        """Hold the record alone for one `step`; what it returns is added, durably and whole, or not at all.

        It is given what was added since the last turn, whoever did it; its first argument is true when that is
        everything from the beginning. Raises OSError.
        """

    def rewind(self) -> None:
        """Begin again at the beginning: the next turn gives everything."""


class DiskTape:
    """A file that nobody but its owner can read. What it waits for, it waits for in a thread."""

    def __init__(self, path: Path) -> None:
        """Nothing is touched before the first turn."""
        self._path = path
        self._known: tuple[int, int] | None = None

    def rewind(self) -> None:
        """Begin again at the beginning."""
        self._known = None

    async def turn(self, step: Step) -> None:
        """See Tape."""
        self._known = await asyncio.to_thread(self._turn, step, self._known)

    def _turn(self, step: Step, known: tuple[int, int] | None) -> tuple[int, int]:
        """One turn from the `known` place on (file and size), and where it ends."""
        file = self._open()
        try:
            _wait_for(file)
            found = os.fstat(file)
            start = known[1] if known is not None and known[0] == found.st_ino else 0
            start = start if start <= found.st_size else 0
            added = step(start == 0, _read(file, start, found.st_size))
            if added:
                _write(file, added, found.st_size)
            return found.st_ino, found.st_size + len(added)
        finally:
            os.close(file)

    def _open(self) -> int:
        how = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            file = os.open(self._path, how)
        except FileNotFoundError:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = os.open(self._path, how | os.O_CREAT, 0o600)
            _keep_name(self._path.parent)
        os.fchmod(file, 0o600)
        return file


def _wait_for(file: int) -> None:
    """Take the lock of the file; another process holds it for a moment only. Raises TimeoutError, an OSError."""
    for _ in range(_GLANCES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sleep(_GLANCE_S)
        else:
            return
    raise TimeoutError(errno.ETIMEDOUT, "another process does not let go of it")


def _read(file: int, start: int, end: int) -> bytes:
    parts = []
    while start < end and (part := os.pread(file, end - start, start)):
        parts.append(part)
        start += len(part)
    return b"".join(parts)


def _write(file: int, added: bytes, size: int) -> None:
    """Add all of it, or leave the file as it was."""
    try:
        left = memoryview(added)
        while left:
            left = left[os.write(file, left) :]
        os.fsync(file)
    except OSError:
        os.ftruncate(file, size)
        raise


def _keep_name(folder: Path) -> None:
    """A new file's name lasts once its folder is on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
