"""Sessions on a SQLite file that ask where they are: in the event loop's own thread.

A look-up takes some microseconds there; a trip to another thread and back takes ten times as long, and a transaction is
made of many. What can take long still goes to a thread: to commit, which waits for the disk, and to look through all
that there is.
"""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine
from sqlalchemy.exc import TimeoutError as NoTurn
from sqlalchemy.pool import StaticPool
from sqlmodel.ext.asyncio.session import AsyncSession

from helix_core.store.prepared import Prepared
from helix_core.store.sqlite import BUSY_S, make_durable
from helix_core.store.ways import PATIENCE_S, ByDriver

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from sqlalchemy import URL, Engine, PoolProxiedConnection

    Apart = Callable[[Callable[[], object]], asyncio.Future[object]]

_UNLIMITED = -1
_BUSY, _PAUSE_S = "database is locked", 0.005


class InPlace:
    """The ways to one SQLite file."""

    def __init__(self, address: URL, *, readers: int) -> None:
        """Open nothing yet. Up to `readers` connections are kept for looks, more are opened where they are needed."""
        here = address.set(drivername="sqlite")
        how: dict[str, Any] = {"connect_args": {"check_same_thread": False}}
        self._writer = create_engine(here, poolclass=StaticPool, pool_reset_on_return=None, **how)
        self._reader = create_engine(here, pool_size=readers, max_overflow=_UNLIMITED, **how)
        make_durable(self._writer, writes=False, busy_s=0)
        make_durable(self._reader, writes=False)
        self._prepared = Prepared(self._reader.dialect)
        self._elsewhere = ByDriver(address, readers=readers, connect=None)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")
        self._turn = asyncio.Lock()
        self._pen: PoolProxiedConnection | None = None
        """The one connection that writes, once it is open."""

    def write(self) -> AsyncSession:
        """As `Ways` has it. Entering it waits for its turn and begins the change."""
        if self._pen is None:
            self._pen = self._writer.raw_connection()
        return _Writing(self._writer, self._prepared, self._pen.driver_connection, self._turn, self._apart)

    def read(self) -> AsyncSession:
        """As `Ways` has it: what is asked is answered before anybody else has a turn."""
        return _Asking(self._reader, self._prepared)

    def browse(self) -> AsyncSession:
        """As `Ways` has it, in a thread."""
        return self._elsewhere.browse()

    async def dispose(self) -> None:
        """Close every connection, that of the writer behind what it still does."""
        pen, self._pen = self._pen, None
        if pen is not None:
            await self._apart(pen.close)
        self._writer.dispose()
        self._thread.shutdown(wait=False)
        self._reader.dispose()
        await self._elsewhere.dispose()

    def _apart(self, work: Callable[[], object]) -> asyncio.Future[object]:
        """Do in the thread what can take long, in the order in which it is asked, also when nobody waits any more."""
        return asyncio.get_running_loop().run_in_executor(self._thread, work)


class _Asking(AsyncSession):
    """An AsyncSession over an engine that is none for asyncio: it has nothing to wait for."""

    def __init__(self, engine: Engine, prepared: Prepared) -> None:
        super().__init__(expire_on_commit=False)
        self.sync_session.bind = engine
        self._prepared = prepared
        self._connection: Any = None

    async def exec(self, statement: Any, *, params: Any = None, **options: Any) -> Any:
        """As AsyncSession has it, without its greenlet; and without SQLAlchemy, where the statement is prepared."""
        found = self._prepared.run(self._sqlite(), statement, params)
        return self.sync_session.exec(statement, params=params, **options) if found is None else found

    def _sqlite(self) -> sqlite3.Connection:
        """The connection itself, which is this session's until it is closed."""
        if self._connection is None:
            self._connection = self.sync_session.connection().connection.driver_connection
        connection: sqlite3.Connection = self._connection
        return connection

    async def close(self) -> None:
        """Give the connection back."""
        self._connection = None
        await super().close()


class _Writing(_Asking):
    """One change. Its transaction is SQLite's own, from BEGIN IMMEDIATE to the commit; SQLAlchemy works inside it."""

    def __init__(self, engine: Engine, prepared: Prepared, pen: Any, turn: asyncio.Lock, apart: Apart) -> None:
        super().__init__(engine, prepared)
        self._connection, self._turn, self._apart = pen, turn, apart
        self._committed = False

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._turn.acquire()
        except TimeoutError as error:
            message = f"no turn to write within {PATIENCE_S:g} s"
            raise NoTurn(message) from error
        try:
            await self._begin()
        except BaseException:
            await self._end()
            raise
        return self

    async def _begin(self) -> None:
        """Begin. Another program that writes just now is waited for, a while and without holding up anybody."""
        loop = asyncio.get_running_loop()
        until = loop.time() + BUSY_S
        while True:
            try:
                self._sqlite().execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if _BUSY not in str(error) or loop.time() >= until:
                    raise
            else:
                return
            await asyncio.sleep(_PAUSE_S)

    async def exec(self, statement: Any, *, params: Any = None, **options: Any) -> Any:
        """As AsyncSession has it: what the change has done so far is seen by all that it asks."""
        self.sync_session.flush()
        return await super().exec(statement, params=params, **options)

    async def commit(self) -> None:
        """Wait until it is on the disk."""
        self.sync_session.flush()
        await self._apart(self._sqlite().commit)
        self._committed = True

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def _end(self) -> None:
        """Undo what was not committed, behind a commit that may be under way with nobody waiting for it any more."""
        if self._committed:
            self.sync_session.close()
            self._turn.release()
            return
        undone = self._apart(self._undo)
        undone.add_done_callback(lambda _: self._turn.release())
        await asyncio.shield(undone)  # nobody else begins before that

    def _undo(self) -> None:
        self._sqlite().rollback()
        self.sync_session.close()
