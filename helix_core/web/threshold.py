"""The webhook's threshold: who does not know the secret is refused here, by the thousand a second if need be.

Plain ASGI, because FastAPI's way to an endpoint costs several times what a refusal does.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import lru_cache, partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from helix_core.errors import SignalUnreadable
from helix_core.web.answers import refusal
from helix_core.web.body import read_body
from helix_core.web.seldom import Seldom

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pydantic import SecretStr
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from helix_core.contracts.signal_source import Fields, SignalSource
    from helix_core.engine.outcome import Desk
    from helix_core.web.address import Sources
    from helix_core.web.door import DoorSettings
    from helix_core.web.keyring import Keyring
    from helix_core.web.rates import Rates

log = structlog.get_logger(__name__)

WEBHOOK = "/webhook"
_HEADER = "x-webhook-secret"
_LOCKED = (
    'The secret is missing or wrong. Send WEBHOOK_SECRET in one of three places: in the message as "secret": "...", '
    "in the header X-Webhook-Secret, or as /webhook/<secret> (only with WEBHOOK_SECRET_IN_PATH=true)."
)
_NOT_ALLOWED = "This address may not send signals. WEBHOOK_ALLOWED_IPS names those that may."
_STARTING = "Helix is starting and takes no signals yet. Send it again."
_BROKE_OFF = "The sender hung up before its message was complete."


@dataclass(frozen=True, slots=True)
class Alert:
    """A message whose sender knows the secret, or why it cannot be read; it came at `came_s` (monotonic seconds).

    It is to be answered by `deadline`, a time of the event loop.
    """

    message: Fields | SignalUnreadable
    came_s: float
    deadline: float


class Threshold:
    """Lets `answer` have who knows the secret, with an `Alert`; other pages are those of the application behind it."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        answer: Callable[[Request], Awaitable[Response]],
        desk: Desk,
        source: SignalSource,
        settings: DoorSettings,
        keyring: Keyring,
        sources: Sources,
        rates: Rates,
    ) -> None:
        """Stand before `app`. `answer` may raise HTTPException, and finds the Alert in the scope as helix.alert."""
        self._answer = answer
        self._app, self._desk, self._source, self._settings = app, desk, source, settings
        self._keyring, self._sources, self._rates = keyring, sources, rates
        self._seldom = Seldom(settings.clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not f"{scope['path']}/".startswith(f"{WEBHOOK}/"):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            scope["helix.alert"] = await self._admitted(request)
            response = await self._answer(request)
        except _Stranger as stranger:
            response = self._turned_away(request, stranger)
        except HTTPException as refused:
            response = refusal(refused.status_code, refused.detail, refused.headers)
        await response(scope, receive, send)

    async def _admitted(self, request: Request) -> Alert:
        """The alert. Raises HTTPException with what is answered instead, a _Stranger where that is counted."""
        came_s, deadline = self._settings.clock.monotonic(), _now() + self._settings.answer_within_s
        if request.scope["path"] != WEBHOOK:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        if request.method != "POST":
            raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "POST"})
        if not self._sources.may_signal(request):
            raise _Stranger(HTTPStatus.FORBIDDEN, _NOT_ALLOWED)
        if not self._desk.ready:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, _STARTING)
        body = await self._body(request)
        opened = self._opened_from_outside(request)
        if opened is False or (opened is None and self._keyring.rules_out(body)):
            raise _Stranger(HTTPStatus.UNAUTHORIZED, _LOCKED)
        message = self._decoded(body)
        if not (opened or self._opened_by(body, message)):
            raise _Stranger(HTTPStatus.UNAUTHORIZED, _LOCKED)
        return Alert(message, came_s, deadline)

    def _turned_away(self, request: Request, stranger: _Stranger) -> Response:
        """Count it for its address: what is answered until there are too many, and then 429."""
        too_many = self._rates.too_many_of_strangers(request)
        if too_many is not None:
            return too_many
        self._seldom.write(partial(self._report, request, stranger))
        return _told(stranger.status_code, stranger.detail)

    def _report(self, request: Request, stranger: _Stranger, **facts: Any) -> None:
        sender = str(self._sources.address(request))
        log.warning("webhook_turned_away", code=int(stranger.status_code), sender=sender, **facts)

    async def _body(self, request: Request) -> bytes:
        try:
            return await read_body(request, within_s=self._settings.receive_within_s)
        except HTTPException as refused:
            raise _Stranger(refused.status_code, refused.detail) from None
        except ClientDisconnect:
            raise HTTPException(HTTPStatus.BAD_REQUEST, _BROKE_OFF) from None

    def _decoded(self, body: bytes) -> Fields | SignalUnreadable:
        try:
            return self._source.decode(body)
        except SignalUnreadable as error:
            return error  # only a sender who knows the secret is told

    def _opened_from_outside(self, request: Request) -> bool | None:
        """Whether the secret came in the header, else in the path; None when neither was there."""
        header = request.headers.get(_HEADER, "").encode("latin-1")
        path: SecretStr | None = request.scope.get("helix.path_secret")
        if header:
            return self._keyring.opens(header)
        if path is not None:
            return self._keyring.opens(path.get_secret_value().encode("utf-8", "surrogatepass"))
        return None

    def _opened_by(self, body: bytes, message: Fields | SignalUnreadable) -> bool:
        """Whether the secret came in the message."""
        if isinstance(message, SignalUnreadable):
            return self._keyring.opens_text(body)
        return self._keyring.opens(str(message.get("secret", "")).encode("utf-8", "surrogatepass"))


@lru_cache(64)
def _told(code: int, detail: str) -> Response:
    """The same few answers, thousands of times: each is made once."""
    return refusal(code, detail)


class _Stranger(HTTPException):
    """Who may not send, or does not know the secret: such answers are counted for each address."""


def _now() -> float:
    return asyncio.get_running_loop().time()
