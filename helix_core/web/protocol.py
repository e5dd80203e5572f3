"""HTTP/1.1 with a deadline for receiving a request, which uvicorn does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio


class PromptProtocol(H11Protocol):
    """Hangs up on who takes longer than 10 s over one request, head or body: idle connections are a cheap attack."""

    whole_request_s: ClassVar[float] = 10.0

    def __init__(self, *args: Any, **options: Any) -> None:
        """Take what uvicorn gives, and never write an access log."""
        super().__init__(*args, **options)
        self.access_log = False
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn
        """Start waiting for the first request."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Pass the bytes on, then see whether the request is complete."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._rest()
        super().connection_lost(exc)

    def _watch(self) -> None:
        if self.conn.their_state not in {h11.IDLE, h11.SEND_BODY}:
            self._rest()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.whole_request_s, self.transport.close)

    def _rest(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
