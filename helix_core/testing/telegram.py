"""A local Bot API server, good enough for python-telegram-bot: for tests, and for trying Helix out without a phone.

    async with FakeTelegram() as telegram:
        settings = {"TELEGRAM_BASE_URL": telegram.url, "TELEGRAM_BOT_TOKEN": telegram.token}
        ...
        telegram.say("/status", chat_id=42)
        await telegram.wait_for_messages(1)
        assert telegram.messages[0].text == "..."

It speaks real HTTP on a free port of the loopback, keeps what it is sent in order, and fails on request in the ways
the real one does: `fail`, `ask_for_pause`, `reject_token`, `fall_silent`, `talk_nonsense`, until `recover`.
Facts are from core.telegram.org/bots/api: "Making requests", "getUpdates", "sendMessage".
"""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from helix_core.clock import SystemClock
from helix_core.testing.bot_api import BotApi, Json, Refused, SentMessage

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from helix_core.clock import Clock

__all__ = ["FakeTelegram", "SentMessage"]

_LONGEST_SILENCE_S = 300.0
_SILENCE = 0


@dataclass(slots=True)
class _Fault:
    """What to answer instead of the truth, how many more times (None: until `recover`), to calls of which method."""

    status: int
    description: str
    times: int | None = None
    parameters: Json = field(default_factory=dict)
    body: bytes | None = None
    only: str = ""


class _Nonsense(Exception):
    """An answer that is none; `body` is all of it."""

    def __init__(self, body: bytes) -> None:
        super().__init__("nonsense")
        self.body = body


class FakeTelegram(BotApi):
    """The Bot API of one bot on the loopback, with faults; an async context manager."""

    def __init__(self, token: str | None = None, clock: Clock | None = None) -> None:
        """Answer to `token` only (by default one of the right shape). `clock` stamps messages and updates."""
        super().__init__(clock or SystemClock())
        self.token = token or f"{self.bot_id}:FAKE-token_for-tests"
        self.app: ASGIApp = Starlette(routes=[Route("/bot{token}/{method}", self._answer, methods=["GET", "POST"])])
        """The server itself, for who has no use for a socket: nothing else of it has to be opened then."""
        self._fault: _Fault | None = None

    @property
    def url(self) -> str:
        """The origin to use in place of https://api.telegram.org. Valid inside the context."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def fail(self, status: int, description: str = "made to fail", *, times: int | None = None) -> None:
        """Answer every call with this HTTP status, `times` times or until `recover`."""
        self._set_fault(_Fault(status, description, times))

    def ask_for_pause(self, retry_after_s: int, *, times: int | None = 1, only: str = "") -> None:
        """Answer with 429 and the seconds to wait; `only` calls of that method, where one is named."""
        text = f"Too Many Requests: retry after {retry_after_s}"
        self._set_fault(_Fault(429, text, times, {"retry_after": retry_after_s}, only=only))

    def reject_token(self) -> None:
        """Answer as for a token that was revoked, until `recover`."""
        self._set_fault(_Fault(401, "Unauthorized"))

    def fall_silent(self) -> None:
        """Take calls and never answer, until `recover`."""
        self._set_fault(_Fault(_SILENCE, "silence"))

    def talk_nonsense(self, body: bytes = b"<html>not a Bot API</html>") -> None:
        """Answer every call with 200 and these bytes, until `recover`."""
        self._set_fault(_Fault(200, "nonsense", body=body))

    def recover(self) -> None:
        """End any fault. Calls that met with silence are lost."""
        self._set_fault(None)

    async def __aenter__(self) -> Self:
        """Listen on a free port of the loopback."""
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            self.app,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
            timeout_keep_alive=120,
        )
        config.load()
        self._server = uvicorn.Server(config)  # not `serve`: that would take over the signals of the program
        self._server.lifespan = config.lifespan_class(config)
        await self._server.startup(sockets=[self._socket])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of everyone who waits for an answer, and close the port."""
        self._closing = True
        self._tell()
        await self._server.shutdown(sockets=[self._socket])

    async def _answer(self, request: Request) -> Response:
        parameters = await _parameters(request)
        method = request.path_params["method"]
        self.calls.append(method)
        try:
            await self._meet_fault(method)
            self._know(request.path_params["token"])
            result = await self.call(method, parameters)
        except Refused as refused:
            body = {"ok": False, "error_code": refused.status, "description": str(refused)}
            extra = {"parameters": dict(refused.parameters)} if refused.parameters else {}
            return JSONResponse(body | extra, status_code=refused.status)
        except _Nonsense as nonsense:
            return Response(nonsense.body)
        return JSONResponse({"ok": True, "result": result})

    def _know(self, token: str) -> None:
        if token != self.token:
            raise Refused(401, "Unauthorized")

    async def _meet_fault(self, method: str) -> None:
        fault = self._fault
        if fault is None or fault.only not in {"", method}:
            return
        if fault.times is not None:
            fault.times -= 1
            self._fault = fault if fault.times > 0 else None
        if fault.status == _SILENCE:
            await self._until(lambda: self._closing or self._fault is not fault, _LONGEST_SILENCE_S)
            raise Refused(502, "Bad Gateway")
        if fault.body is not None:
            raise _Nonsense(fault.body)
        raise Refused(fault.status, fault.description, fault.parameters)

    def _set_fault(self, fault: _Fault | None) -> None:
        self._fault = fault
        self._tell()


async def _parameters(request: Request) -> Json:
    """The parameters of a call, from the address and from a body in either of the forms that clients use."""
    body = await request.body()
    if request.headers.get("content-type", "").startswith("application/json"):
        return {**request.query_params, **json.loads(body or b"{}")}
    return {**request.query_params, **dict(parse_qsl(body.decode(), keep_blank_values=True))}
