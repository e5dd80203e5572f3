"""Calling an ASGI application without a socket."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from helix_core.errors import InvariantBroken

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer. Names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Conversation:
    """One request and what is answered: `receive` and `send` of an ASGI application."""

    def __init__(self, body: bytes) -> None:
        """Begin with the request's body."""
        self._body = body
        self._start: Message | None = None
        self._parts: list[bytes] = []

    async def receive(self) -> Message:
        """The whole body, at once."""
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def send(self, message: Message) -> None:
        """Keep what is answered."""
        if message["type"] == "http.response.start":
            self._start = message
        else:
            self._parts.append(message.get("body", b""))

    @property
    def answered(self) -> bool:
        """Whether an answer has begun."""
        return self._start is not None

    @property
    def reply(self) -> Reply:
        """The answer. Raises InvariantBroken while there is none."""
        if self._start is None:
            message = "the application did not answer"
            raise InvariantBroken(message)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self._start["headers"]}
        return Reply(self._start["status"], headers, b"".join(self._parts))


def scope_of(
    method: str, path: str, query: str = "", headers: Iterable[tuple[str, str]] = (), *, body: bytes = b""
) -> Scope:
    """The scope of one request from this machine."""
    fields = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("ascii"),
        "query_string": query.encode("ascii"),
        "root_path": "",
        "headers": [*fields, (b"host", b"127.0.0.1"), (b"content-length", str(len(body)).encode())],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 80),
        "extensions": {},
    }


def call_at_once(app: ASGIApp, scope: Scope, body: bytes) -> Reply:
    """Let an application that waits for nothing answer in this very moment.

    Raises ConnectionResetError when it hangs up, InvariantBroken when it waits.
    """
    talk = Conversation(body)
    coroutine: Any = _call(app, scope, talk.receive, talk.send)
    try:
        coroutine.send(None)
    except StopIteration:
        return talk.reply
    coroutine.close()
    message = "the venue waits: let a Strike delay the request, not a fault of the sandbox"
    raise InvariantBroken(message)


async def _call(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)
