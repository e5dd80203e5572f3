"""Sends one alert as TradingView does, on a connection of its own, and waits for what is answered."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

_END_OF_HEAD = b"\r\n\r\n"
_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Sent:
    """When the first byte of an alert left and when the last one of its answer came (seconds of the loop's clock)."""

    at: float
    answered_at: float
    status: int
    body: str


class NotAnswered(RuntimeError):
    """What should have answered did not, or not as it had to."""


async def send(port: int, message: dict[str, Any], *, path: str = "/webhook", headers: str = "") -> Sent:
    """Post one message. Raises NotAnswered when the answer is not whole in time."""
    loop = asyncio.get_running_loop()
    body = json.dumps(message)
    data = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: Go-http-client/1.1\r\n{headers}"
        f"Content-Type: application/json; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
    try:
        async with asyncio.timeout(_PATIENCE_S):
            transport, answer = await loop.create_connection(_Answer, "127.0.0.1", port)
            at = loop.time()
            transport.write(data)
            head, text = await answer.whole
    except (OSError, TimeoutError) as error:
        raise NotAnswered(f"POST {path} on port {port}: {error or 'no answer in time'}") from error
    answered_at = loop.time()
    transport.close()
    return Sent(at, answered_at, int(head[9:12]), text.decode("utf-8", "replace"))


class _Answer(asyncio.Protocol):
    def __init__(self) -> None:
        self._got = bytearray()
        self.whole: asyncio.Future[tuple[bytes, bytes]] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, end, body = bytes(self._got).partition(_END_OF_HEAD)
        length = head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
        if end and length and len(body) >= int(length) and not self.whole.done():
            self.whole.set_result((head, body))

    def connection_lost(self, error: Exception | None) -> None:
        if self.whole.done():
            return
        head, end, body = bytes(self._got).partition(_END_OF_HEAD)
        if end:
            self.whole.set_result((head, body))
        else:
            self.whole.set_exception(error or ConnectionResetError("hung up without an answer"))
