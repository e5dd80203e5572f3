"""A connection to a door on the open internet: a deadline for whoever is slow, a place for who comes when it is full.

uvicorn waits for a request for ever, and turns everybody away once enough senders make it wait.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar, cast

from helix_core.web.address import household
from helix_core.web.reader import OneAtATime

if TYPE_CHECKING:
    import asyncio


class PromptProtocol(OneAtATime):
    """Hangs up on who takes longer than 10 s to send a request, head and body, or to take the answer.

    With `most_guests` connections open, each further one takes the place of the one that has kept us waiting longest,
    of the address that keeps most of them. A connection whose request is being worked on is never hung up on.
    """

    whole_request_s: ClassVar[float] = 10.0
    most_guests: ClassVar[int] = 448

    def __init__(self, *args: Any, **options: Any) -> None:
        """Take what uvicorn gives."""
        super().__init__(*args, **options)
        self._deadline: asyncio.TimerHandle | None = None
        self._waiting_since = self.loop.time()
        self._household = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn
        """Make room if there is none, and start waiting for the first request."""
        super().connection_made(transport)
        self._household = household(self.client[0] if self.client else "")
        self._watch()
        if len(self.connections) > self.most_guests:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """Read on, then see whether the request is complete."""
        super().data_received(data)
        self._watch()

    def pause_writing(self) -> None:
        """Nobody takes our answer: the same deadline holds for that."""
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        """The answer is being taken again."""
        super().resume_writing()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._rest()
        super().connection_lost(exc)

    @property
    def _keeps_us_waiting(self) -> bool:
        """Whether it is the sender's turn, to send or to take what was sent to it."""
        return not self._answering or self.flow.write_paused

    def _watch(self) -> None:
        if not self._keeps_us_waiting:
            self._waiting_since = self.loop.time()
            self._rest()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.whole_request_s, self._hang_up)

    def _rest(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _hang_up(self) -> None:
        # Not close(): that waits until the last byte is taken, and who takes nothing is why we hang up.
        self._rest()
        self.connections.discard(self)
        self.transport.abort()

    def _make_room(self) -> None:
        guests = [cast("PromptProtocol", guest) for guest in self.connections if guest is not self]
        idle = [guest for guest in guests if guest._keeps_us_waiting]  # noqa: SLF001 - of the same class
        if idle:
            crowds = Counter(guest._household for guest in idle)  # noqa: SLF001 - likewise
            longest = min(idle, key=lambda guest: (-crowds[guest._household], guest._waiting_since))  # noqa: SLF001
            longest._hang_up()  # noqa: SLF001 - likewise
