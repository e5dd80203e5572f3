"""A tiny venue on a real socket that answers exactly what a test tells it to, and remembers what it was sent."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Reply:
    """What to answer. `fault` happens after the whole request was read: reset, close, cut, garbage or hang."""

    body: Any = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    fault: str | None = None

    def text(self) -> str:
        """The body on the wire."""
        return self.body if isinstance(self.body, str) else json.dumps(self.body)


@dataclass(frozen=True)
class Seen:
    """One request as it arrived. `query` is everything that was signed, in order, as text."""

    method: str
    path: str
    query: str
    headers: dict[str, str]

    @property
    def parameters(self) -> dict[str, str]:
        """The query or form, decoded."""
        return dict(parse_qsl(self.query, keep_blank_values=True))


class TinyVenue:
    """Answers by method and path; the last of several replies stays."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self._replies: dict[tuple[str, str], list[Reply]] = {}
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    def on(self, method: str, path: str, *replies: Reply) -> None:
        """Answer `method path` with `replies`, one after the other."""
        self._replies[method, path] = list(replies)

    def sent(self, method: str, path: str) -> list[Seen]:
        """The requests of that kind so far."""
        return [seen for seen in self.seen if (seen.method, seen.path) == (method, path)]

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        """Stop listening and hang up on everyone."""
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while await self._answer(reader, writer):
                pass
        writer.close()
        self._writers.discard(writer)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, target, _ = head.split("\r\n")[0].split(" ")
        headers = {
            name.lower(): value.strip()
            for name, value in (line.split(":", 1) for line in head.split("\r\n")[1:] if line)
        }
        body = (await reader.readexactly(int(headers.get("content-length", 0)))).decode()
        parts = urlsplit(target)
        self.seen.append(Seen(method, parts.path, parts.query or body, headers))
        queue = self._replies.get((method, parts.path), [Reply({"code": -1, "msg": f"no reply for {target}"}, 404)])
        return await self._reply(queue.pop(0) if len(queue) > 1 else queue[0], writer)

    async def _reply(self, reply: Reply, writer: asyncio.StreamWriter) -> bool:
        if reply.fault == "hang":
            await asyncio.sleep(30)
        if reply.fault == "reset":
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if reply.fault in {"reset", "close"}:
            writer.transport.abort() if reply.fault == "reset" else writer.close()
            return False
        body = b"\x00garbage\r\n\r\n" if reply.fault == "garbage" else http(reply)
        writer.write(body[: -len(reply.text()) // 2] if reply.fault == "cut" else body)
        await writer.drain()
        if reply.fault:
            writer.close()
        return reply.fault is None


def http(reply: Reply) -> bytes:
    """The reply as bytes of HTTP/1.1."""
    body = reply.text().encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **reply.headers}
    lines = [f"HTTP/1.1 {reply.status} Whatever", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body
