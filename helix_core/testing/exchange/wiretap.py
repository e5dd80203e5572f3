"""The wire between a driver and the venue it is tried on: everything sent is heard, and here the line breaks."""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl

from starlette.requests import Request as HttpRequest
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from helix_core.sandbox.hang_up import TRANSPORT, cut_short, hang_up

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

NEW_WORD = "helix-never-heard-of-it"
"""What a venue says of an order after it has changed its vocabulary."""

_MOST_HEARD = 10_000


class Request(StrEnum):
    """What a request is for, in no venue's language."""

    MARKET_ORDER = "market_order"
    STOP_ORDER = "stop_order"
    ENTRY_WITH_STOP = "entry_with_stop"
    CANCEL = "cancel"
    LOOK_UP = "look_up"
    BALANCE = "balance"


Requests = Mapping[Request, str | tuple[str, ...]]
"""Which of the venue's requests serve which purpose."""


class Trouble(StrEnum):
    """What becomes of a request. "Done": the venue did what it asked for."""

    LOST_REQUEST = "lost_request"
    """Not done; the connection is closed."""
    LOST_ANSWER = "lost_answer"
    """Done; the connection is closed without an answer."""
    CUT_BODY = "cut_body"
    """Done; the answer breaks off in the middle."""
    SILENCE = "silence"
    """Done; nothing is answered until the driver gives up."""
    BAD_GATEWAY = "bad_gateway"
    """Done; a proxy answers 502 with a page of its own."""
    REDIRECT = "redirect"
    """Done; a proxy answers 307, which asks to send the very same again."""
    RATE_LIMITED = "rate_limited"
    """Not done; the venue asks for a pause of one second."""
    EMPTY_PROMISE = "empty_promise"
    """Not done, but answered as the request of this kind before it was."""
    NEW_WORD = "new_word"
    """Done; the answer's word for the order's status is one that nobody knows."""
    ECHO = "echo"
    """Not done; the venue's error quotes the key, the secret and all that was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One request as it came. `text` is all of it: address, headers and body."""

    method: str
    path: str
    parameters: Mapping[str, str]
    text: str


class Speech(NamedTuple):
    """How the venue words an error: `body` with WORDS in it, and the HTTP status it comes with."""

    body: str = "WORDS"
    status: int = 400


class Wiretap:
    """ASGI middleware in front of a venue. `requests` says which requests serve which purpose.

    One is written "POST /api/order" or, where one path serves several, "POST /api/order?type=market"; a purpose that
    takes several is a tuple of them.
    """

    def __init__(
        self, app: ASGIApp, requests: Requests, *, speech: Speech, status_field: str, secrets: Sequence[str]
    ) -> None:
        """Listen in front of `app`. `status_field` is what the venue's JSON calls an order's status."""
        self.ways = {kind: (way,) if isinstance(way, str) else tuple(way) for kind, way in requests.items()}
        self._app, self._speech, self._secrets = app, speech, secrets
        self._status = re.compile(rf'("{re.escape(status_field)}"\s*:\s*)"[^"]*"')
        self.heard: deque[Heard] = deque(maxlen=_MOST_HEARD)
        self._news = asyncio.Event()
        self._armed: dict[Request, Trouble] = {}
        self._said: dict[Request, list[Message]] = {}
        self._streams: list[Scope] = []

    def arm(self, request: Request, trouble: Trouble) -> None:
        """Let every request of this kind meet `trouble`, until `clear`."""
        self._armed[request] = trouble

    def clear(self) -> None:
        """End all trouble."""
        self._armed.clear()

    def sent(self, request: Request) -> list[Heard]:
        """The requests of this kind so far, oldest first."""
        return [heard for heard in self.heard if request in self._kinds(heard)]

    async def reached(self, request: Request, count: int, timeout_s: float = 5.0) -> None:
        """Return when `count` requests of this kind have come. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while len(self.sent(request)) < count:
                self._news.clear()
                await self._news.wait()

    def hang_up_streams(self) -> None:
        """Break every open websocket, as a network does."""
        for scope in self._streams:
            scope["extensions"][TRANSPORT]["transport"].abort()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or one websocket, which passes unheard."""
        if scope["type"] == "websocket":
            self._streams.append(scope)
            try:
                await self._app(scope, receive, send)
            finally:
                self._streams.remove(scope)
            return
        body = await HttpRequest(scope, receive).body()
        heard = _hear(scope, body)
        self.heard.append(heard)
        self._news.set()
        kinds = self._kinds(heard)
        kind = next((each for each in kinds if each in self._armed), None)
        answer: list[Message] = []
        trouble = None if kind is None else self._armed[kind]
        if trouble not in _NOT_DONE:
            answer = await self._pass_on(scope, body)
            self._said |= dict.fromkeys(kinds, answer)
        if kind is not None and trouble is Trouble.EMPTY_PROMISE:
            answer = self._said[kind]
        await self._reply(trouble, answer, heard, scope, receive, send)

    async def _reply(
        self, trouble: Trouble | None, answer: list[Message], heard: Heard, scope: Scope, receive: Receive, send: Send
    ) -> None:
        match trouble:
            case Trouble.LOST_REQUEST | Trouble.LOST_ANSWER:
                await hang_up(scope, receive)
            case Trouble.CUT_BODY:
                await cut_short(answer, scope, receive, send)
            case Trouble.SILENCE:
                await _until_they_hang_up(receive)
            case Trouble.BAD_GATEWAY | Trouble.REDIRECT | Trouble.RATE_LIMITED:
                await _PROXY[trouble]()(scope, receive, send)
            case Trouble.ECHO:
                await self._echo(heard)(scope, receive, send)
            case Trouble.NEW_WORD:
                await _send(self._reworded(answer), send)
            case _:
                await _send(answer, send)

    async def _pass_on(self, scope: Scope, body: bytes) -> list[Message]:
        answer: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def keep(message: Message) -> None:
            answer.append(message)

        await self._app(scope, receive, keep)
        return answer

    def _kinds(self, heard: Heard) -> list[Request]:
        return [kind for kind, ways in self.ways.items() if any(_matches(way, heard) for way in ways)]

    def _echo(self, heard: Heard) -> Response:
        words = json.dumps(f"you sent {' '.join(self._secrets)} {heard.text}")[1:-1]
        body = self._speech.body.replace("WORDS", words)
        return Response(body, self._speech.status, media_type="application/json")

    def _reworded(self, answer: list[Message]) -> list[Message]:
        body = b"".join(message.get("body", b"") for message in answer[1:])
        changed = self._status.sub(rf'\g<1>"{NEW_WORD}"', body.decode()).encode()
        headers = [(name, value) for name, value in answer[0]["headers"] if name != b"content-length"]
        head = {**answer[0], "headers": [*headers, (b"content-length", str(len(changed)).encode())]}
        return [head, {"type": "http.response.body", "body": changed}]


_NOT_DONE = {Trouble.LOST_REQUEST, Trouble.RATE_LIMITED, Trouble.EMPTY_PROMISE, Trouble.ECHO}
_PROXY: Mapping[Trouble, Callable[[], Response]] = {
    Trouble.BAD_GATEWAY: lambda: PlainTextResponse("<html><h1>502 Bad Gateway</h1></html>", 502),
    Trouble.REDIRECT: lambda: RedirectResponse("/elsewhere", 307),
    Trouble.RATE_LIMITED: lambda: PlainTextResponse("slow down", 429, {"Retry-After": "1"}),
}


def _hear(scope: Scope, body: bytes) -> Heard:
    query, form = scope["query_string"].decode("latin-1"), body.decode("utf-8", "replace")
    headers = "\n".join(f"{name.decode('latin-1')}: {value.decode('latin-1')}" for name, value in scope["headers"])
    return Heard(
        method=scope["method"],
        path=scope["path"],
        parameters=_parameters(form) | _parameters(query),
        text=f"{scope['method']} {scope['path']}?{query}\n{headers}\n\n{form}",
    )


def _parameters(text: str) -> dict[str, str]:
    """Read a query, a form, or the top level of a JSON object."""
    if not text.startswith("{"):
        return dict(parse_qsl(text, keep_blank_values=True))
    try:
        return {str(name): str(value) for name, value in json.loads(text, parse_float=str).items()}
    except ValueError:
        return {}


def _matches(pattern: str, heard: Heard) -> bool:
    way, _, query = pattern.partition("?")
    return way == f"{heard.method} {heard.path}" and dict(parse_qsl(query)).items() <= heard.parameters.items()


async def _until_they_hang_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(messages: list[Message], send: Send) -> None:
    for message in messages:
        await send(message)
