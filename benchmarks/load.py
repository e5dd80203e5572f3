"""An open-loop load of HTTP requests: each leaves when its time has come, whatever became of those before it.

A latency counts from the time at which a request was due, so a server that stalls is charged for every request that
came due while it did (no coordinated omission), and so is this program when it is late itself. Run as a process of its
own: `load.py PLAN RESULT`, two JSON files.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

_PATIENCE_S = 30.0
_END_OF_HEAD = b"\r\n\r\n"


@dataclass(slots=True)
class Shot:
    """One request: when it is due (seconds from the start), its bytes, and what came of it."""

    due_s: float
    data: bytes
    late_s: float = 0.0
    took_s: float | None = None
    status: int = 0
    body: str = ""


@dataclass(slots=True)
class Stream:
    """Requests of one kind and the connections that carry them, one request at a time each."""

    name: str
    shots: list[Shot]
    addresses: list[str]
    connections: int
    next: int = 0
    idle: deque[Connection] = field(default_factory=deque)
    waiting: deque[Shot] = field(default_factory=deque)


class Connection(asyncio.Protocol):
    """A kept connection. What could not be sent because all of them are busy waits, and its latency grows."""

    def __init__(self, stream: Stream, begun: float) -> None:
        """Not connected yet."""
        self._stream, self._begun = stream, begun
        self._shot: Shot | None = None
        self._got = bytearray()
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        """Ready for the first request."""
        self._transport = transport
        self._rest()

    def send(self, shot: Shot) -> None:
        """Send one request; the answer belongs to it."""
        self._shot = shot
        shot.late_s = time.perf_counter() - self._begun - shot.due_s
        self._transport.write(shot.data)

    def data_received(self, data: bytes) -> None:
        """Take what there is of the answer."""
        self._got += data
        head_ends = self._got.find(_END_OF_HEAD)
        if head_ends < 0 or self._shot is None:
            return
        head = bytes(self._got[:head_ends]).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        whole = head_ends + len(_END_OF_HEAD) + length
        if len(self._got) < whole:
            return
        shot, self._shot = self._shot, None
        shot.took_s = time.perf_counter() - self._begun - shot.due_s
        shot.status = int(head[9:12])
        shot.body = self._got[head_ends + len(_END_OF_HEAD) : whole].decode("utf-8", "replace")
        del self._got[:whole]
        if b"connection: close" in head:
            self._transport.close()
        else:
            self._rest()

    def connection_lost(self, _error: Exception | None) -> None:
        """Gone; another connection takes its place."""
        if self in self._stream.idle:
            self._stream.idle.remove(self)
        if not self.closed.done():
            self.closed.set_result(None)

    def _rest(self) -> None:
        if self._stream.waiting:
            self.send(self._stream.waiting.popleft())
        else:
            self._stream.idle.append(self)


async def _keep_open(stream: Stream, address: str, host: str, port: int, begun: float) -> None:
    """A connection, and another one when the server closes it."""
    loop = asyncio.get_running_loop()
    while True:
        _, connection = await loop.create_connection(
            lambda: Connection(stream, begun), host, port, local_addr=(address, 0)
        )
        await connection.closed


async def _fire(stream: Stream, begun: float) -> None:
    """Send what is due, sleep until the next one is."""
    shots = stream.shots
    while stream.next < len(shots):
        now_s = time.perf_counter() - begun
        while stream.next < len(shots) and shots[stream.next].due_s <= now_s:
            shot = shots[stream.next]
            stream.next += 1
            if stream.idle:
                stream.idle.popleft().send(shot)
            else:
                stream.waiting.append(shot)
        if stream.next < len(shots):
            await asyncio.sleep(max(0.0, shots[stream.next].due_s - (time.perf_counter() - begun)))


def _unanswered(streams: list[Stream]) -> bool:
    return any(shot.took_s is None for stream in streams for shot in stream.shots)


async def _run(plan: dict[str, Any]) -> list[Stream]:
    begun = time.perf_counter() + 1.0
    streams = [
        Stream(
            name=given["name"],
            shots=[Shot(shot["due_s"], shot["data"].encode("latin-1")) for shot in given["shots"]],
            addresses=given["addresses"],
            connections=given["connections"],
        )
        for given in plan["streams"]
    ]
    lanes = [
        asyncio.ensure_future(
            _keep_open(stream, stream.addresses[n % len(stream.addresses)], plan["host"], plan["port"], begun)
        )
        for stream in streams
        for n in range(stream.connections)
    ]
    gc.collect()
    gc.freeze()
    gc.disable()
    await asyncio.gather(*(_fire(stream, begun) for stream in streams))
    ends = time.perf_counter() + _PATIENCE_S
    while _unanswered(streams) and time.perf_counter() < ends:  # noqa: ASYNC110 - nothing tells of the last answer
        await asyncio.sleep(0.05)
    for lane in lanes:
        lane.cancel()
    await asyncio.gather(*lanes, return_exceptions=True)
    return streams


def main() -> None:
    """Do what the plan says and write down what came of it."""
    plan = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        streams = runner.run(_run(plan))
    result = {
        stream.name: [[shot.status, shot.took_s, shot.late_s, shot.body] for shot in stream.shots] for stream in streams
    }
    Path(sys.argv[2]).write_text(json.dumps({"streams": result, "cpu_s": time.process_time()}), encoding="utf-8")


if __name__ == "__main__":
    main()
