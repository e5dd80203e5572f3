"""The line between a bot and its venue: it takes so long each way, and notes when each request arrives whole."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_END_OF_HEAD = b"\r\n\r\n"


@dataclass(slots=True)
class Arrival:
    """One request: when its last byte was at the venue, and when the bot had the first byte of the answer.

    Both in seconds of the event loop's clock.
    """

    at: float
    method: str
    path: str
    known_at: float | None = None

    @property
    def places(self) -> bool:
        """Whether it is to place an order."""
        return self.method == "POST" and self.path.startswith("/api/v3/order")


class Line:
    """Carries every byte both ways, each `delay_s` later than it came."""

    def __init__(self, venue_port: int, delay_s: float) -> None:
        """Lead to a venue on this machine."""
        self.delay_s, self.port = delay_s, 0
        self.arrivals: list[Arrival] = []
        self._venue_port = venue_port
        self._begun: set[asyncio.Future[None]] = set()

    async def open(self) -> str:
        """Take bots' connections; returns the address that stands for the venue's."""
        server = await asyncio.get_running_loop().create_server(lambda: _BotEnd(self), "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{self.port}"

    def since(self, at: float) -> list[Arrival]:
        """What arrived after a moment, oldest first."""
        return [arrival for arrival in self.arrivals if arrival.at >= at]

    def lead(self, bot: _BotEnd) -> None:
        """Open the way from one connection of the bot's to the venue."""
        loop = asyncio.get_running_loop()
        way = asyncio.ensure_future(loop.create_connection(lambda: _VenueEnd(bot), "127.0.0.1", self._venue_port))
        self._begun.add(way)
        way.add_done_callback(self._begun.discard)


class _Lane:
    """One direction of one connection: what is carried leaves in the order in which it came."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._under_way: deque[Callable[[], None]] = deque()
        self._waiting: list[Callable[[], None]] | None = []

    def carry(self, act: Callable[[], None]) -> None:
        if self._delay_s:
            self._under_way.append(act)
            asyncio.get_running_loop().call_later(self._delay_s, self._arrive)
        else:
            self._hand_over(act)

    def open(self) -> None:
        """The far end stands."""
        waiting, self._waiting = self._waiting or [], None
        for act in waiting:
            act()

    def _arrive(self) -> None:
        self._hand_over(self._under_way.popleft())

    def _hand_over(self, act: Callable[[], None]) -> None:
        if self._waiting is None:
            act()
        else:
            self._waiting.append(act)


class _BotEnd(asyncio.Protocol):
    """The end that a bot has connected to."""

    transport: Any
    far: Any

    def __init__(self, line: Line) -> None:
        self.line, self.far = line, None
        self.to_venue, self.to_bot = _Lane(line.delay_s), _Lane(line.delay_s)
        self.unanswered: deque[Arrival] = deque()
        self._requests = Requests()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.to_bot.open()
        self.line.lead(self)

    def data_received(self, data: bytes) -> None:
        at = asyncio.get_running_loop().time() + self.line.delay_s
        for method, path in self._requests.take(data):
            arrival = Arrival(at, method, path)
            self.line.arrivals.append(arrival)
            self.unanswered.append(arrival)
        self.to_venue.carry(lambda: self.far.write(data))

    def connection_lost(self, _error: Exception | None) -> None:
        self.to_venue.carry(self._hang_up)

    def _hang_up(self) -> None:
        self.far.close()


class _VenueEnd(asyncio.Protocol):
    """The end at the venue."""

    def __init__(self, bot: _BotEnd) -> None:
        self._bot = bot

    def connection_made(self, transport: Any) -> None:
        self._bot.far = transport
        self._bot.to_venue.open()

    def data_received(self, data: bytes) -> None:
        bot = self._bot
        if bot.unanswered:  # nobody here sends a second request before the first is answered
            bot.unanswered.popleft().known_at = asyncio.get_running_loop().time() + bot.line.delay_s
        bot.to_bot.carry(lambda: bot.transport.write(data))

    def connection_lost(self, _error: Exception | None) -> None:
        self._bot.to_bot.carry(self._bot.transport.close)


class Requests:
    """Finds the requests of HTTP/1.1 in a stream of bytes. What follows a switch to websockets is none."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._got = bytearray()
        self._ended = False

    def take(self, data: bytes) -> list[tuple[str, str]]:
        """Method and path of each request that these bytes complete."""
        self._got += b"" if self._ended else data
        found = []
        while not self._ended and (head_ends := self._got.find(_END_OF_HEAD)) >= 0:
            head = bytes(self._got[:head_ends])
            lower = head.lower()
            length = int(lower.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0] or 0)
            whole = head_ends + len(_END_OF_HEAD) + length
            if len(self._got) < whole:
                break
            del self._got[:whole]
            method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
            found.append((method, target.partition("?")[0]))
            self._ended = b"\r\nupgrade: websocket" in lower
        return found
