"""The floor: the least that takes an alert, keeps it, and places an order. What a signal costs is told as its multiple.

One asyncio server: it compares a secret, stores one row with synchronous=FULL, signs one market order and posts it on a
connection that is kept open; what the venue says is the answer. No library but Python's own, no check, no stop, no
second try. `wire.py` runs it beside each bot: `floor.py DATABASE VENUE_URL SECRET PORT`.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import sqlite3
import sys
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

_END_OF_HEAD = b"\r\n\r\n"
_KEY, _KEY_SECRET = "sandbox-key", b"sandbox-secret"
_QUANTITY = "0.001"


class Venue(asyncio.Protocol):
    """One kept connection to the venue; one request at a time."""

    def __init__(self, host: str) -> None:
        """Nothing is under way."""
        self._host = host
        self._got = b""
        self._answer: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: Any) -> None:
        """Connected."""
        self._transport = transport

    def order(self, side: str) -> asyncio.Future[bytes]:
        """Sign and send one market order; the future gets the body of the answer."""
        asked = {"symbol": "BTCUSDT", "side": side, "type": "MARKET", "quantity": _QUANTITY, "recvWindow": 5000}
        form = urlencode({**asked, "timestamp": time.time_ns() // 1_000_000})
        signature = hmac.new(_KEY_SECRET, form.encode(), hashlib.sha256).hexdigest()
        body = f"{form}&signature={signature}"
        head = (
            f"POST /api/v3/order HTTP/1.1\r\nHost: {self._host}\r\nX-MBX-APIKEY: {_KEY}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._transport.write((head + body).encode())
        self._answer = asyncio.get_running_loop().create_future()
        return self._answer

    def data_received(self, data: bytes) -> None:
        """Take what there is of the answer."""
        self._got += data
        body = whole_body(self._got)
        if body is not None and self._answer is not None:
            self._got = b""
            self._answer.set_result(body)

    def connection_lost(self, _error: Exception | None) -> None:
        """A floor that lost its venue measures nothing any more."""
        sys.exit("the venue closed the connection")


class Door(asyncio.Protocol):
    """One connection of a sender."""

    def __init__(self, venue: Venue, database: sqlite3.Connection, secret: str) -> None:
        """Store into `database`, order at `venue`."""
        self._venue, self._database, self._secret = venue, database, secret
        self._got = b""

    def connection_made(self, transport: Any) -> None:
        """Connected."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Once it is whole: compare, store, order."""
        self._got += data
        body = whole_body(self._got)
        if body is None:
            return
        self._got = b""
        message = json.loads(body)
        if not hmac.compare_digest(message["secret"], self._secret):
            self._say(b"401 Unauthorized", b"{}")
            return
        self._database.execute("INSERT INTO signals (signal_id, payload) VALUES (?, ?)", (message["signal_id"], body))
        self._venue.order(message["signal"]).add_done_callback(lambda answer: self._say(b"200 OK", answer.result()))

    def _say(self, status: bytes, body: bytes) -> None:
        self._transport.write(b"HTTP/1.1 %s\r\nContent-Length: %d%s%s" % (status, len(body), _END_OF_HEAD, body))


def whole_body(got: bytes) -> bytes | None:
    """The body of a message of HTTP/1.1 that states its length, None while it is not all there."""
    head, end, body = got.partition(_END_OF_HEAD)
    length = int(head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0] or 0)
    return body if end and len(body) >= length else None


def _open(file: str) -> sqlite3.Connection:
    database = sqlite3.connect(file, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        database.execute(f"PRAGMA {pragma}")
    database.execute("CREATE TABLE IF NOT EXISTS signals (id INTEGER PRIMARY KEY, signal_id, payload)")
    return database


async def main(file: str, venue_url: str, secret: str, port: str) -> None:
    """Serve until killed."""
    loop, venue_at, database = asyncio.get_running_loop(), urlsplit(venue_url), _open(file)
    _, venue = await loop.create_connection(lambda: Venue(venue_at.netloc), venue_at.hostname, venue_at.port)
    server = await loop.create_server(lambda: Door(venue, database, secret), "127.0.0.1", int(port))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
