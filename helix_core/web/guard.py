"""The last line of defence: whatever goes wrong inside, no traceback leaves and no secret is logged."""

from __future__ import annotations

import traceback
from pathlib import PurePath
from typing import TYPE_CHECKING

import structlog

from helix_core.web.answers import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from helix_core.clock import Clock
    from helix_core.web.keyring import Keyring

log = structlog.get_logger(__name__)


class Guard:
    """Turns an unforeseen error into one log line and a 503, which makes TradingView send the alert again.

    Pure ASGI: Starlette's BaseHTTPMiddleware would end the work of a request when its sender hangs up.
    """

    def __init__(self, app: ASGIApp, *, keyring: Keyring, clock: Clock, numbers: Iterator[int]) -> None:
        """Stand between `app` and the server; each error gets the next of `numbers`."""
        self._app, self._keyring, self._clock = app, keyring, clock
        self._numbers = numbers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        answering = False

        async def watched(message: Message) -> None:
            nonlocal answering
            answering = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:  # noqa: BLE001 - this is what it is for
            error_id = self._report(error)
            if not answering:
                detail = f"Something went wrong inside Helix; the log has it as {error_id}."
                await refusal(503, detail)(scope, receive, send)

    def _report(self, error: Exception) -> str:
        error_id = f"{self._clock.now():%Y%m%dT%H%M%S}-{next(self._numbers)}"
        place = traceback.extract_tb(error.__traceback__)[-1]
        text = " ".join(self._keyring.hide(str(error)).split())
        log.error(
            "request_failed",
            error_id=error_id,
            error=type(error).__name__,
            text=text,
            place=f"{PurePath(place.filename).name}:{place.lineno}",
        )
        return error_id
