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


class _Waiting:
    """A signal that waits to be stored; `kept` gets what `inbox.append` returns, or what went wrong.

    It is `woken` when that is known, or when it is its turn to store. It has `gone` when nobody waits for it any more.
    """

    def __init__(self, arrival: inbox.Arrival) -> None:
        self.arrival = arrival
        self.kept: asyncio.Future[Kept] = asyncio.get_running_loop().create_future()
        self.woken, self.gone = asyncio.Event(), False

    def tell(self, kept: Kept | Exception) -> None:
        if isinstance(kept, Exception):
            self.kept.set_exception(kept)
            self.kept.exception()  # seen: whoever was hung up on does not ask any more
        else:
            self.kept.set_result(kept)
        self.woken.set()


class Intake:
    """Stores signals durably. A disk that takes 3 ms for a commit stores 300 a second one by one, and many more so."""

    def __init__(self, store: Store, window_s: int) -> None:
        """Recognise repeats inside `window_s` seconds."""
        self._store, self._window_s = store, window_s
        self._waiting: deque[_Waiting] = deque()
        self._storing: _Waiting | None = None

    async def keep(self, signal: Signal, payload: str, at: datetime) -> Kept:
        """Store a signal that came at `at`; returns when it is on the disk. As `inbox.append`. Raises StoreError.

        Whoever has the turn stores all that have come until then, and they are told at once: with a lock that each of
        them has to take, the last of them would wait for all the others, and whoever comes next for all of them.
        """
        mine = _Waiting(inbox.Arrival(signal, payload, at))
        self._waiting.append(mine)
        try:
            if self._storing is None:
                self._storing = mine
            else:
                await mine.woken.wait()
            while not mine.kept.done():
                together = [self._waiting.popleft() for _ in range(min(_MOST_TOGETHER, len(self._waiting)))]
                await self._store_all(together)
        finally:
            mine.gone = True
            if self._storing is mine:
                self._hand_over()
        return mine.kept.result()

    def _hand_over(self) -> None:
        """The first who still waits has the turn."""
        self._storing = next((one for one in self._waiting if not one.gone), None)
        if self._storing is not None:
            self._storing.woken.set()

    async def _store_all(self, together: list[_Waiting]) -> None:
        """Store them, all or none; one that cannot be stored does not keep the others from it."""
        try:
            async with self._store.write() as session:
                kept = await inbox.append_all(session, [one.arrival for one in together], self._window_s)
        except StoreError as error:
            _tell(together, error)
        except Exception as error:  # noqa: BLE001 - it is told to whoever brought it
            if len(together) == 1:
                _tell(together, error)
            else:
                for one in together:
                    await self._store_all([one])
        except BaseException:
            _tell(together, StoreError("Storing was broken off."))
            raise
        else:
            for one, its_end in zip(together, kept, strict=True):
                one.tell(its_end)


def _tell(together: list[_Waiting], error: Exception) -> None:
    for one in together:
        one.tell(error)
