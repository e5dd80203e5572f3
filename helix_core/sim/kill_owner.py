"""The owner beside a bot that is killed: halts it as `helix halt` does, and sees that nothing is bought meanwhile."""

from __future__ import annotations

import sqlite3
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING

from helix_core.clock import SystemClock
from helix_core.domain.halt import HaltKind
from helix_core.domain.identifiers import ORDER_ID_PREFIX
from helix_core.domain.signal import Action
from helix_core.store import halts
from helix_core.store.database import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sqlmodel.ext.asyncio.session import AsyncSession

    from helix_core.sandbox import Sandbox

_GRACE_S = 2.0
"""An entry that was let through before the halt was stored may still be on the wire: real time, a busy machine."""
_HALTED = "SELECT id FROM halts WHERE cleared_at IS NULL AND kind = ?"
_DENIED = """SELECT count(*) FROM signals JOIN halts ON signals.received_at > halts.raised_at
             AND (halts.cleared_at IS NULL OR signals.received_at < halts.cleared_at)
             WHERE halts.kind = ? AND signals.action = 'rejected'"""


class Owner:
    """The owner of the bot whose database is `database`, and who can see what is bought at `sandbox`.

    `violations`: orders to buy that came while the bot was halted. `forgotten`: halts that somebody else has ended.
    """

    def __init__(self, sandbox: Sandbox, database: Path) -> None:
        """Nothing is halted."""
        self._sandbox, self._database = sandbox, database
        self._clock = SystemClock()
        self._halted_s: float | None = None
        self._orders = 0
        self.halts = 0
        self.violations: list[str] = []

    @property
    def has_halted(self) -> bool:
        """Whether a halt of the owner's should be in force."""
        return self._halted_s is not None

    async def halt(self) -> None:
        """Halt the bot, which may be running or not. Raises StoreError."""
        async with self._writing() as session:
            await halts.put_in_force(session, HaltKind.MANUAL, "stopped by the owner", self._clock.now())
        self._halted_s = self._clock.monotonic()
        self.halts += 1

    async def resume(self) -> None:
        """End the halt; it must still have been there. Raises StoreError."""
        if self._halted_s is None:
            return
        self._halted_s = None
        if not self._rows(_HALTED):
            self.violations.append("I5: the owner's halt is forgotten")
        async with self._writing() as session:
            await halts.clear(session, frozenset({HaltKind.MANUAL}), "helix resume (owner)", self._clock.now())

    def look(self) -> None:
        """Look at what has been placed at the venue since the last look."""
        orders = self._sandbox.venue.ledger.orders
        new, self._orders = orders[self._orders :], len(orders)
        if self._halted_s is None:
            return
        for_s = self._clock.monotonic() - self._halted_s
        for order in new:
            if order.side is Action.BUY and order.client_id.startswith(ORDER_ID_PREFIX) and for_s > _GRACE_S:
                self.violations.append(f"I5: entry {order.client_id} came {for_s:.1f} s into the owner's halt")

    def denied(self) -> int:
        """How many signals were rejected while a halt of the owner's was in force."""
        return int(self._rows(_DENIED)[0][0])

    def _rows(self, query: str) -> list[tuple[int]]:
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)) as connection:
            return connection.execute(query, (HaltKind.MANUAL.value,)).fetchall()

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncSession]:
        store = await Store.open(f"sqlite+aiosqlite:///{self._database}", alone=False)
        try:
            async with store.write() as session:
                yield session
        finally:
            await store.close()
