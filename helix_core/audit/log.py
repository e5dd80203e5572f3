"""The audit log: entries added to the chain, each once, by whichever process comes first."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from helix_core.audit.chain import ITSELF, TORN, Chain, Entry, Head, torn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from helix_core.audit.tape import Tape
    from helix_core.clock import Clock


class AuditLog:
    """The chain on its tape. Another process may write to it between two calls."""

    def __init__(self, tape: Tape, clock: Clock) -> None:
        """Nothing is read before the first call."""
        self._tape, self._clock = tape, clock
        self._chain = Chain()
        self._turn = asyncio.Lock()

    async def read(self) -> Chain:
        """The log as it is now. Raises OSError."""
        async with self._turn:
            await self._step(())
        return self._chain

    async def add(self, entries: Iterable[Entry]) -> Head:
        """Add what does not stand in the log already, durably; returns its end. Raises OSError: nothing was added."""
        async with self._turn:
            await self._step(tuple(entries))
        return self._chain.head

    async def _step(self, entries: tuple[Entry, ...]) -> None:
        chain = self._chain

        def step(anew: bool, content: bytes) -> bytes:
            nonlocal chain
            chain = Chain() if anew else chain
            chain.read(content)
            due = [entry for entry in entries if not chain.knows(entry)]
            return self._mend(chain, due) + b"".join(map(chain.seal, due)) if due else b""

        try:
            await self._tape.turn(step)
        except BaseException:
            self._tape.rewind()  # what was sealed may not stand there, or be written yet
            self._chain = Chain()
            raise
        self._chain = chain

    def _mend(self, chain: Chain, due: list[Entry]) -> bytes:
        """End a line that was cut off in the middle, and account for it; it stays where it is."""
        ending = b"\n" if chain.tail else b""
        chain.read(ending)
        if chain.broken:
            due.insert(0, Entry(at=self._clock.now(), event=TORN, actor=ITSELF, facts=torn(chain.broken)))
        return ending
