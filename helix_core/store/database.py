"""The open database: one writer, any number of readers."""

from __future__ import annotations

import os
import sqlite3
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from helix_core.errors import StoreError
from helix_core.store import migrations, rows, schema
from helix_core.store.inplace import InPlace
from helix_core.store.reserve import Reserve
from helix_core.store.sqlite import prepare_file
from helix_core.store.trouble import DAMAGED, is_full, told
from helix_core.store.ways import ByDriver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from sqlmodel.ext.asyncio.session import AsyncSession

    from helix_core.store.ways import Ways

SCHEMA_VERSION = "4"
_READERS = 4
_IN_PLACE = "sqlite+aiosqlite"
_TROUBLE = (SQLAlchemyError, sqlite3.Error)
"""What a database raises. SQLite's own comes bare where a connection is being opened."""


class Store:
    """The database. Open it with `Store.open`, change it inside `write`, look at it inside `read`."""

    def __init__(
        self,
        ways: Ways,
        *,
        lock: int | None = None,
        reserve: Reserve | None = None,
        keep_readers: bool = False,
    ) -> None:
        """Use `open`; this only keeps the parts. `keep_readers` where a reader holds no transaction."""
        self.writes = self.owed = 0
        self._ways = ways
        self._locks = [] if lock is None else [lock]
        self._reserve = reserve
        self._at_rest: list[AsyncSession] = []
        self._most_at_rest = _READERS if keep_readers else 0
        self._reading = 0

    @classmethod
    async def open(cls, url: str, *, alone: bool = True, connect: Callable[[], Awaitable[Any]] | None = None) -> Store:
        """Open (and at first make) the database at `url`, checked and ready.

        `alone` takes the lock that only one bot can hold; the command line goes without, beside a running bot.
        `connect`, when set, opens each connection in place of the database driver.

        Raises StoreError in one sentence: not writable, in use by another Helix, damaged, or of another version.
        """
        try:
            address = make_url(url)
        except ArgumentError as error:
            raise StoreError("DATABASE_URL is not an address like sqlite+aiosqlite:///data/helix.db.") from error
        on_sqlite, file = address.get_backend_name() == "sqlite", Path(address.database or "helix.db")
        lock = prepare_file(file, alone=alone) if on_sqlite else None
        in_place = address.drivername == _IN_PLACE and connect is None
        try:
            ways: Ways = (
                InPlace(address, readers=_READERS) if in_place else ByDriver(address, readers=_READERS, connect=connect)
            )
        except (ArgumentError, ImportError) as error:
            raise StoreError(
                f"DATABASE_URL names {address.drivername}, and nothing is installed that can use such a database. "
                "Install its driver, or use sqlite+aiosqlite:///data/helix.db."
            ) from error
        reserve = Reserve(file) if on_sqlite and alone else None
        store = cls(ways, lock=lock, reserve=reserve, keep_readers=on_sqlite)
        try:
            await store._check_and_create(on_sqlite=on_sqlite, thoroughly=alone)
        except BaseException:
            await store.close()
            raise
        if store._reserve is not None:
            store._reserve.keep()
        return store

    async def _check_and_create(self, *, on_sqlite: bool, thoroughly: bool) -> None:
        async with self.browse() as session:
            if on_sqlite and thoroughly:
                await _refuse_if_damaged(session)
            version = await _version(session)
        if version is None:
            version = await self._create()
        elif version in migrations.STEPS:
            version = await self._bring_up()
        if version != SCHEMA_VERSION:
            raise StoreError(
                f"The database has schema {version}, this Helix knows {SCHEMA_VERSION}. Install the Helix that made "
                "it, or name a new file in DATABASE_URL."
            )

    async def _create(self) -> str:
        """Make all tables and note their version, in one transaction: there is never a part of them."""
        async with self.write() as session:
            version = await _version(session)
            if version is None:
                version = SCHEMA_VERSION
                await session.run_sync(migrations.make_tables)
                session.add(schema.MetaRow(key="schema_version", value=version))
            return version

    async def _bring_up(self) -> str:
        """Add what an earlier version lacks, in one transaction."""
        async with self.write() as session:
            row = await rows.need(session, schema.MetaRow, "schema_version")
            row.value = await migrations.bring_up(session, row.value)
            session.add(row)
            return row.value

    @property
    def shortage(self) -> str | None:
        """Why nothing new may be begun for want of room on the disk, in a sentence; None while there is enough."""
        return None if self._reserve is None else self._reserve.shortage()

    def hold(self, lock: int) -> None:
        """Keep one more lock (its file's descriptor) for as long as the database is open."""
        self._locks.append(lock)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """One durable transaction: everything in the block is committed together, or nothing is.

        Raises StoreError when the database cannot do it (locked, full, damaged).
        """
        try:
            async with self._ways.write() as session:
                yield session
                await rows.write_appended(session)
                await session.commit()
            self.writes += 1
            self.owed += rows.has_appended(session, schema.NoticeRow)
        except _TROUBLE as error:
            if self._reserve is not None and is_full(error):
                self._reserve.give_up()
            raise StoreError(f"The database could not store it: {told(error)}.") from error

    @asynccontextmanager
    async def browse(self) -> AsyncIterator[AsyncSession]:
        """Look through what grows with time, such as all signals, while others go on. Raises StoreError."""
        try:
            async with self._ways.browse() as session:
                yield session
        except _TROUBLE as error:
            raise StoreError(f"The database could not be read: {told(error)}.") from error

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Look up what an index finds, without waiting for a writer. Raises StoreError.

        What was fine is kept open for the next look, which is ten times cheaper than to open another.
        """
        session = self._at_rest.pop() if self._at_rest else self._ways.read()
        self._reading += 1
        rest = False
        try:
            try:
                yield session
                if session.identity_map:
                    session.expunge_all()
                rest = self._reading <= self._most_at_rest
            finally:
                self._reading -= 1
                if rest:
                    self._at_rest.append(session)
                else:
                    await session.close()
        except _TROUBLE as error:
            raise StoreError(f"The database could not be read: {told(error)}.") from error

    async def close(self) -> None:
        """Close every connection and give the locks back. Calling it twice is fine."""
        self._most_at_rest = 0
        while self._at_rest:
            await self._at_rest.pop().close()
        await self._ways.dispose()
        while self._locks:
            os.close(self._locks.pop())


async def _refuse_if_damaged(session: AsyncSession) -> None:
    """Raises StoreError unless every page is what a page should be."""
    connection = await session.connection()
    verdict = (await connection.exec_driver_sql("PRAGMA quick_check(1)")).scalar_one()
    if verdict != "ok":
        raise StoreError(f"The database is damaged ({' '.join(verdict.split())}). {DAMAGED}.")


async def _version(session: AsyncSession) -> str | None:
    """Version of the tables; None while there are none."""
    if not await session.run_sync(lambda sync: inspect(sync.connection()).has_table(schema.MetaRow.__tablename__)):
        return None
    return (await rows.need(session, schema.MetaRow, "schema_version")).value
