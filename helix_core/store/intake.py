"""Storing signals as they come: those that come together share one transaction, and so one wait for the disk."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from helix_core.errors import StoreError
from helix_core.store import inbox

if TYPE_CHECKING:
    from datetime import datetime

    from helix_core.domain.signal import Signal
    from helix_core.store.database import Store
    from helix_core.store.inbox import StoredSignal

    Kept = tuple[StoredSignal, int | None]

_MOST_TOGETHER = 32
"""So few that a transaction of them is still short: everybody else who writes waits for it."""


class _Arrival:
    """A signal that waits to be stored; `kept` gets what `inbox.append` returns, or what went wrong."""

    def __init__(self, signal: Signal, payload: str, at: datetime) -> None:
        self.signal, self.payload, self.at = signal, payload, at
        self.kept: asyncio.Future[Kept] = asyncio.get_running_loop().create_future()


class Intake:
    """Stores signals durably. A disk that takes 3 ms for a commit stores 300 a second one by one, and many more so."""

    def __init__(self, store: Store, window_s: int) -> None:
        """Recognise repeats inside `window_s` seconds."""
        self._store, self._window_s = store, window_s
        self._arrivals: deque[_Arrival] = deque()
        self._turn = asyncio.Lock()

    async def keep(self, signal: Signal, payload: str, at: datetime) -> Kept:
        """Store a signal that came at `at`; returns when it is on the disk. As `inbox.append`. Raises StoreError.

        Whoever has the turn stores all that have come until then, so most of the others find it done at theirs.
        """
        arrival = _Arrival(signal, payload, at)
        self._arrivals.append(arrival)
        async with self._turn:
            while not arrival.kept.done():
                together = [self._arrivals.popleft() for _ in range(min(_MOST_TOGETHER, len(self._arrivals)))]
                await self._store_all(together)
        return arrival.kept.result()

    async def _store_all(self, arrivals: list[_Arrival]) -> None:
        """Store them, all or none; one that cannot be stored does not keep the others from it."""
        try:
            kept = await self._together(arrivals)
        except StoreError as error:
            _tell(arrivals, error)
        except Exception as error:  # noqa: BLE001 - it is told to whoever brought it
            if len(arrivals) == 1:
                _tell(arrivals, error)
            else:
                for arrival in arrivals:
                    await self._store_all([arrival])
        except BaseException:
            _tell(arrivals, StoreError("Storing was broken off."))
            raise
        else:
            for arrival, one in zip(arrivals, kept, strict=True):
                arrival.kept.set_result(one)

    async def _together(self, arrivals: list[_Arrival]) -> list[Kept]:
        async with self._store.write() as session:
            return [
                await inbox.append(session, arrival.signal, arrival.payload, arrival.at, self._window_s)
                for arrival in arrivals
            ]


def _tell(arrivals: list[_Arrival], error: Exception) -> None:
    for arrival in arrivals:
        arrival.kept.set_exception(error)
        arrival.kept.exception()  # seen: whoever was hung up on does not ask any more
