"""Room on the disk: how much is left, and a little kept back for stops and exits."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from pathlib import Path

log = structlog.get_logger(__name__)

LEAST_FREE_BYTES = 50 * 2**20
"""Below this no new signal to buy is taken. A whole trade writes some 100 kB, so what is begun ends well within it."""
RESERVE_BYTES = 4 * 2**20
"""What is given up when the disk is full all the same: the journal of some hundred more stops and exits."""


class Reserve:
    """A file beside the database that holds room for nothing, until the room is needed."""

    def __init__(self, database: Path) -> None:
        """Keep room on the disk of `database`; `keep` takes it."""
        self._folder, self._file = database.parent, database.with_name(f"{database.name}.reserve")

    def keep(self) -> None:
        """Take the room, if there is enough of it. A disk that has none left does not keep the bot from starting."""
        try:
            if self._free_bytes() < LEAST_FREE_BYTES or self._is_whole():
                return
            descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                _fill(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            log.warning("reserve_not_kept", file=self._file.name, problem=error.strerror)

    def give_up(self) -> None:
        """Let the database have the room."""
        try:
            self._file.unlink(missing_ok=True)
        except OSError as error:
            log.warning("reserve_not_given_up", file=self._file.name, problem=error.strerror)
        else:
            log.error("disk_full_reserve_given_up", file=self._file.name)

    def shortage(self) -> str | None:
        """What is wrong with the room on the disk, in a sentence; None while there is enough."""
        try:
            free = self._free_bytes()
        except OSError as error:
            return f"The disk of the database cannot be read: {error.strerror}."
        if free >= LEAST_FREE_BYTES:
            return None
        return f"The disk of the database has {free // 2**20} MB left, of {LEAST_FREE_BYTES // 2**20} MB needed to buy."

    def _free_bytes(self) -> int:
        disk = os.statvfs(self._folder)
        return disk.f_bavail * disk.f_frsize

    def _is_whole(self) -> bool:
        return self._file.exists() and self._file.stat().st_size == RESERVE_BYTES


def _fill(descriptor: int) -> None:
    """Take the blocks themselves: a file with holes would keep nothing back."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, RESERVE_BYTES)
    else:
        os.write(descriptor, bytes(RESERVE_BYTES))
