"""Where a message ends must have one answer only: else a proxy and Helix could each read another one out of it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from helix_core.web.answers import refusal

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_TWO_ENDS = "The message says twice where it ends. Send Content-Length or Transfer-Encoding, not both."


class OneEnd:
    """Refuses what h11 lets pass although it has two ends, and closes its connection (RFC 9112, 6.1).

    Two lengths, other encodings and chunks that are none are refused by h11.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Stand before `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        answer = refusal(HTTPStatus.BAD_REQUEST, _TWO_ENDS, {"Connection": "close"}) if _has_two_ends(scope) else None
        await (answer or self._app)(scope, receive, send)


def _has_two_ends(scope: Scope) -> bool:
    """Whether both headers are there, or an encoding in a version of HTTP that has none."""
    names = {name for name, _ in scope.get("headers", ())}
    return b"transfer-encoding" in names and (b"content-length" in names or scope.get("http_version") == "1.0")
