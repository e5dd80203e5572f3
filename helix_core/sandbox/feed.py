"""The news of a simulated venue: every state of every order, told as it is entered into the ledger."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helix_core.sandbox.ledger import Execution
    from helix_core.sandbox.orders import Order

MOST_WAITING = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An order as it stands now, as it stood before (None: it is new), and the fill that made the difference."""

    order: Order
    before: Order | None
    fill: Execution | None


class Feed:
    """Tells everybody who listens. One who does not keep up loses the oldest news."""

    def __init__(self) -> None:
        """Begin with nobody listening."""
        self._listeners: list[asyncio.Queue[Change]] = []

    def tell(self, change: Change) -> None:
        """Put the change before everybody who listens."""
        for listener in self._listeners:
            if listener.full():
                listener.get_nowait()
            listener.put_nowait(change)

    @contextmanager
    def listening(self) -> Iterator[asyncio.Queue[Change]]:
        """Hear every change from now until the end of the block, in the order in which they come about."""
        news: asyncio.Queue[Change] = asyncio.Queue(MOST_WAITING)
        self._listeners.append(news)
        try:
            yield news
        finally:
            self._listeners.remove(news)
