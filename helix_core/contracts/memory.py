"""The contract of a plugin's memory: what it keeps over a restart."""

from __future__ import annotations

from abc import ABC, abstractmethod


class Memory(ABC):
    """Texts by key, durable, one plugin's own. Core implements it over the database."""

    @abstractmethod
    async def recall(self, key: str) -> str | None:
        """Return what was kept under `key`, or None. Raises StoreError."""

    @abstractmethod
    async def keep(self, key: str, value: str) -> None:
        """Keep `value` under `key`; it is on disk when this returns. Raises StoreError."""
