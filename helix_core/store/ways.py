"""Ways to a database: how sessions are made that change it, look at it, and look through it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from helix_core.store.sqlite import make_durable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy import URL

PATIENCE_S = 5.0
"""So long a session waits for a connection; whoever waits longer is told so."""


class Ways(Protocol):
    """Where sessions come from. Entering one that writes begins its transaction, or its first statement does."""

    def write(self) -> AsyncSession:
        """A session for one change. One has its turn at a time."""

    def read(self) -> AsyncSession:
        """A session for looks that find what they need by an index."""

    def browse(self) -> AsyncSession:
        """A session for looks that take longer the more the database holds."""

    async def dispose(self) -> None:
        """Close every connection."""


class ByDriver:
    """Every statement goes through SQLAlchemy's driver for asyncio, whatever the database."""

    def __init__(self, address: URL, *, readers: int, connect: Callable[[], Awaitable[Any]] | None) -> None:
        """Open nothing yet. `connect`, when set, opens each connection in place of the driver.

        Raises ArgumentError or ImportError when there is no such driver.
        """
        how: dict[str, Any] = {"max_overflow": 0, "pool_timeout": PATIENCE_S}
        if connect is not None:
            how["async_creator"] = connect
        self._writer = create_async_engine(address, pool_size=1, **how)
        self._reader = create_async_engine(address, pool_size=readers, **how)
        if address.get_backend_name() == "sqlite":
            make_durable(self._writer.sync_engine, writes=True)
            make_durable(self._reader.sync_engine, writes=False)

    def write(self) -> AsyncSession:
        """As `Ways` has it."""
        return AsyncSession(self._writer, expire_on_commit=False)

    def read(self) -> AsyncSession:
        """As `Ways` has it."""
        return AsyncSession(self._reader, expire_on_commit=False)

    browse = read

    async def dispose(self) -> None:
        """As `Ways` has it."""
        await self._writer.dispose()
        await self._reader.dispose()
