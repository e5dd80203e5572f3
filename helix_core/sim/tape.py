"""The file of a simulated bot's audit log, in memory: it outlives the bot, and is copied when the simulation forks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from helix_core.audit.tape import Step


class MemoryFile:
    """What all lives of a bot write into. `fails`, when set, is raised instead of writing anything."""

    def __init__(self) -> None:
        """Begin empty."""
        self.content = b""
        self.fails: OSError | None = None

    def tape(self, _path: Path) -> MemoryTape:
        """As one process opens it."""
        return MemoryTape(self)


class MemoryTape:
    """See `helix_core.audit.tape.Tape`."""

    def __init__(self, file: MemoryFile) -> None:
        """Begin at the beginning of `file`."""
        self._file, self._known = file, 0

    def rewind(self) -> None:
        """Begin again at the beginning."""
        self._known = 0

    async def turn(self, step: Step) -> None:
        """See Tape."""
        file = self._file
        start = self._known if self._known <= len(file.content) else 0
        added = step(start == 0, file.content[start:])
        if added and file.fails is not None:
            raise file.fails
        file.content += added
        self._known = len(file.content)
