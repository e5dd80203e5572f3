"""The door of a sandbox: every request is logged here, and here the faults strike."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from helix_core.sandbox.dialect import ReceivedRequest
from helix_core.sandbox.faults import FaultKind
from helix_core.sandbox.hang_up import cut_short, hang_up

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from helix_core.sandbox.dialect import Dialect
    from helix_core.sandbox.faults import Fault
    from helix_core.sandbox.sandbox import Sandbox

FAULT = "helix.fault"
"""Where the endpoints find, in the scope, a fault that only the engine can carry out."""


class Door:
    """ASGI middleware around a venue's endpoints. The control endpoints pass unlogged and unharmed."""

    def __init__(self, app: ASGIApp, sandbox: Sandbox, dialect: Dialect) -> None:
        """Stand before `app`."""
        self._app, self._sandbox, self._dialect = app, sandbox, dialect

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "websocket":
            await self._handshake(scope, receive, send)
            return
        if scope["type"] != "http" or scope["path"].startswith("/sandbox/"):
            await self._app(scope, receive, send)
            return
        body = await Request(scope, receive).body()
        request = self._log(scope, body)
        fault = self._sandbox.faults.meet(request)
        if fault is None:
            await self._app(scope, _once(body), send)
        else:
            await self._strike(fault, request, body, scope, receive, send)

    async def _handshake(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Log a websocket as a request with the method WS. A fault keeps it from opening."""
        request = self._log(scope, b"")
        fault = self._sandbox.faults.meet(request)
        if fault is None:
            await self._app(scope, receive, send)
        elif fault.kind is FaultKind.HTTP_5XX:
            await _server_error(fault)(scope, receive, send)
        else:
            await hang_up(scope, receive)

    def _log(self, scope: Scope, body: bytes) -> ReceivedRequest:
        request = ReceivedRequest(
            at=self._sandbox.venue.clock.now(),
            method=scope.get("method", "WS"),
            path=scope["path"],
            query=scope["query_string"],
            body=body,
        )
        self._sandbox.requests.append(request)
        return request

    async def _strike(
        self, fault: Fault, request: ReceivedRequest, body: bytes, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if fault.kind is FaultKind.DELAY and not fault.done:
            await asyncio.sleep(fault.delay_s or 0)
        answer = _Answer()
        if fault.happens or fault.kind is FaultKind.DELAY:
            await self._app({**scope, FAULT: fault}, _once(body), answer.keep)
        if fault.kind is FaultKind.DELAY and fault.done:
            await asyncio.sleep(fault.delay_s or 0)
        match fault.kind:
            case FaultKind.DELAY | FaultKind.PARTIAL_FILL | FaultKind.PENDING:
                await answer.send_to(send)
            case FaultKind.LOST_REQUEST | FaultKind.LOST_ANSWER:
                await hang_up(scope, receive)
            case FaultKind.CUT_BODY:
                await cut_short(answer.messages, scope, receive, send)
            case FaultKind.HTTP_5XX:
                await _server_error(fault)(scope, receive, send)
            case _:
                await self._dialect.answer(fault, request)(scope, receive, send)


class _Answer:
    """What the endpoint said, kept back."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def keep(self, message: Message) -> None:
        self.messages.append(message)

    async def send_to(self, send: Send) -> None:
        for message in self.messages:
            await send(message)


def _server_error(fault: Fault) -> Response:
    status = HTTPStatus(fault.status) if fault.status in set(HTTPStatus) else HTTPStatus.SERVICE_UNAVAILABLE
    text = f"<html><body><h1>{status.value} {status.phrase}</h1></body></html>" if fault.body is None else fault.body
    media_type = "application/json" if text.lstrip().startswith(("{", "[")) else "text/html"
    return Response(text, fault.status or status, media_type=media_type)


def _once(body: bytes) -> Receive:
    """The request's body again, for the endpoint."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
