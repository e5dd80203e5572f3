"""The open database: one writer, any number of readers."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from helix_core.errors import StoreError
from helix_core.store import schema
from helix_core.store.sqlite import make_durable, prepare_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncEngine

SCHEMA_VERSION = "1"


class Store:
    """The database. Open it with `Store.open`, change it inside `write`, look at it inside `read`."""

    def __init__(self, writer: AsyncEngine, reader: AsyncEngine, lock: int | None) -> None:
        """Use `open`; this only keeps the parts."""
        self._engines = (writer, reader)
        self._write = async_sessionmaker(writer, class_=AsyncSession, expire_on_commit=False)
        self._read = async_sessionmaker(reader, class_=AsyncSession, expire_on_commit=False)
        self._lock = lock

    @classmethod
    async def open(cls, url: str, *, alone: bool = True, connect: Callable[[], Awaitable[Any]] | None = None) -> Store:
        """Open (and at first make) the database at `url`, checked and ready.

        `alone` takes the lock that only one bot can hold; the command line goes without, beside a running bot.
        `connect`, when set, opens each connection in place of the database driver.

        Raises StoreError in one sentence: not writable, in use by another Helix, damaged, or made by a newer version.
        """
        try:
            address = make_url(url)
        except ArgumentError as error:
            raise StoreError("DATABASE_URL is not an address like sqlite+aiosqlite:///data/helix.db.") from error
        on_sqlite = address.get_backend_name() == "sqlite"
        lock = prepare_file(Path(address.database or "helix.db"), alone=alone) if on_sqlite else None
        how = {} if connect is None else {"async_creator": connect}
        writer = create_async_engine(url, pool_size=1, max_overflow=0, pool_timeout=5, **how)
        reader = create_async_engine(url, pool_size=4, max_overflow=0, pool_timeout=5, **how)
        if on_sqlite:
            make_durable(writer, writes=True)
            make_durable(reader, writes=False)
        store = cls(writer, reader, lock)
        try:
            await store._check_and_create(on_sqlite=on_sqlite)
        except BaseException:
            await store.close()
            raise
        return store

    async def _check_and_create(self, *, on_sqlite: bool) -> None:
        async with self.write() as session:
            connection = await session.connection()
            if on_sqlite:
                verdict = (await connection.exec_driver_sql("PRAGMA quick_check(1)")).scalar_one()
                if verdict != "ok":
                    raise StoreError(f"The database is damaged ({verdict}). Restore a backup; nothing was changed.")
            await connection.run_sync(SQLModel.metadata.create_all)
            version = await session.get(schema.MetaRow, "schema_version")
            if version is None:
                session.add(schema.MetaRow(key="schema_version", value=SCHEMA_VERSION))
            elif version.value != SCHEMA_VERSION:
                raise StoreError(
                    f"The database has schema {version.value}, this Helix knows {SCHEMA_VERSION}. "
                    "Install the Helix that made it."
                )

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """One durable transaction: everything in the block is committed together, or nothing is.

        Raises StoreError when the database cannot do it (locked, full, damaged).
        """
        try:
            async with self._write() as session, session.begin():
                yield session
        except SQLAlchemyError as error:
            raise StoreError(f"The database could not store it: {_cause(error)}.") from error

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Look, without waiting for a writer. Raises StoreError."""
        try:
            async with self._read() as session:
                yield session
        except SQLAlchemyError as error:
            raise StoreError(f"The database could not be read: {_cause(error)}.") from error

    async def close(self) -> None:
        """Close every connection and give the lock back. Calling it twice is fine."""
        for engine in self._engines:
            await engine.dispose()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _cause(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or type(error).__name__)
