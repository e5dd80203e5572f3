"""A plugin's memory in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core.contracts.memory import Memory
from helix_core.store import rows
from helix_core.store.schema import MemoryRow

if TYPE_CHECKING:
    from helix_core.store.database import Store


class StoredMemory(Memory):
    """What one plugin keeps, out of the others' reach."""

    def __init__(self, store: Store, plugin: str) -> None:
        """Keep for `plugin` in `store`."""
        self._store, self._plugin = store, plugin

    async def recall(self, key: str) -> str | None:
        """Return what was kept under `key`, or None."""
        async with self._store.read() as session:
            row = await rows.find(session, MemoryRow, self._plugin, key)
            return None if row is None else row.value

    async def keep(self, key: str, value: str) -> None:
        """Keep `value` under `key`."""
        async with self._store.write() as session:
            row = await rows.find(session, MemoryRow, self._plugin, key) or MemoryRow(
                plugin=self._plugin, key=key, value=""
            )
            row.value = value
            session.add(row)
