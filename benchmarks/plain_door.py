"""The least a door can be: uvicorn as it comes, a secret compared, one row stored with synchronous=FULL, an answer.

Nothing is limited, judged or deduplicated. `door.py` runs the same load on it, as a yardstick for this machine.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Send = Callable[[dict[str, Any]], Awaitable[None]]
    Receive = Callable[[], Awaitable[dict[str, Any]]]

_HEADER = b"x-webhook-secret"


class PlainDoor:
    """An ASGI application that stores what comes with the secret."""

    def __init__(self, file: str, secret: str) -> None:
        """Store into a file of SQLite's."""
        self._secret, self._file = secret.encode(), file
        self._writer = ThreadPoolExecutor(1, initializer=self._open)

    def _open(self) -> None:
        self._database = sqlite3.connect(self._file, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute("CREATE TABLE IF NOT EXISTS signals (id INTEGER PRIMARY KEY, signal_id, payload)")

    def _store(self, message: dict[str, Any]) -> int:
        given = (message["signal_id"], json.dumps(message))
        row = self._database.execute("INSERT INTO signals (signal_id, payload) VALUES (?, ?)", given).lastrowid
        assert row is not None
        return row

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request."""
        status, answer = await self._answer(dict(scope["headers"]), receive)
        body = json.dumps(answer).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, headers: dict[bytes, bytes], receive: Receive) -> tuple[int, dict[str, Any]]:
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        if not hmac.compare_digest(headers.get(_HEADER, b""), self._secret):
            return 401, {"status": "unauthorized"}
        loop = asyncio.get_running_loop()
        return 200, {"id": await loop.run_in_executor(self._writer, self._store, json.loads(body))}


if __name__ == "__main__":
    _, file, secret, port = sys.argv
    uvicorn.run(PlainDoor(file, secret), port=int(port), lifespan="off", access_log=False, log_level="warning")
