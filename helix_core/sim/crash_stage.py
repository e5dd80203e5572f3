"""A stage that can be forked: the process splits at a seam, and the child goes on with a copy of everything."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from helix_core.sim import scenery
from helix_core.sim.play import Play
from helix_core.sim.stage import Stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from helix_core.store.database import Store

_WRITTEN_ONCE = ".reserve"
_REMADE = ("-shm", ".lock")


class Trial(Play):
    """A play that ends as soon as all is calm: what is struck here is struck once, and no outage has to end."""

    look_s, calm_looks, patience_s = 0.5, 6, 600.0
    """Calm for longer than any late request is on its way. See `crash_scenes` for how late one can be."""

    def _heal(self) -> None:
        """Nothing: a strike that waits for its request may meet it as late as it likes."""


class ForkedStage(Stage):
    """A stage whose process may be forked in the middle of a seam, unless `visited`."""

    def __init__(self, **how: Any) -> None:
        """As any stage, in a folder of its own."""
        super().__init__(**how)
        self.visited = 0
        self._left: list[object] = []

    @asynccontextmanager
    async def store(self) -> AsyncIterator[Store]:
        """The owner's own look at the database. Meanwhile a fork would have a connection to its parent's file."""
        self.visited += 1
        try:
            async with super().store() as store:
                yield store
        finally:
            self.visited -= 1

    def leave_parent(self) -> None:
        """To be called in a child, at once: go on with a copy of the files, and never touch the parent's again.

        The parent must wait meanwhile. Its connections stay open here, unused until this process ends: SQLite's must
        not be used on both sides of a fork, not even to close them.
        """
        asyncio._set_running_loop(self.loop)  # noqa: SLF001 - asyncio knows a loop by its process
        life = self.lives[-1]
        self._left += [life.connections, life._tasks, self._look, self._made]  # noqa: SLF001 - see above
        life.connections, life._tasks = [], {}  # noqa: SLF001 - burying them would let go of the parent's locks
        self._made, self._look = scenery.scratch(), None
        self._move(Path(self._made.name))

    def _move(self, folder: Path) -> None:
        before, self.folder = self.disk.path, folder
        self.disk.folder, self.disk.path = folder, folder / before.relative_to(self.disk.folder)
        self.disk.path.parent.mkdir(parents=True)
        for file in before.parent.glob(f"{before.name}*"):
            if not file.name.endswith(_REMADE):
                copy = os.link if file.name.endswith(_WRITTEN_ONCE) else shutil.copyfile
                copy(file, self.disk.path.with_name(file.name))
        url = SecretStr(f"sqlite+aiosqlite:///{self.disk.path}")
        self.settings = self.settings.model_copy(update={"database_url": url})
        tempfile.tempdir = str(folder)
