"""Websockets of a sandbox: the talk with each listener, and the two ways in which a connection fails."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from starlette.websockets import WebSocketDisconnect

from helix_core.sandbox.hang_up import SILENCE, TRANSPORT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from starlette.websockets import WebSocket

    from helix_core.sandbox.feed import Change, Feed

Json = dict[str, Any]


class Talk(Protocol):
    """How a venue talks with one listener, from the handshake on. Every method returns what the venue says."""

    heartbeat_s: float | None
    """How often `beat` is said while there is nothing else to say."""

    def greet(self) -> Iterable[Json]:
        """Say what the venue says by itself once the connection stands."""

    def hear(self, message: Mapping[str, Any]) -> Iterable[Json]:
        """Answer a message; an empty one stands for what was no JSON object."""

    def tell(self, change: Change) -> Iterable[Json]:
        """Tell of a change of an order, to one who asked for it."""

    def beat(self) -> Iterable[Json]:
        """Show that the venue is alive."""


class Streams:
    """Every open websocket of one sandbox."""

    def __init__(self, feed: Feed) -> None:
        """Tell the news of `feed`."""
        self._feed = feed
        self._open: list[_Connection] = []

    @property
    def open(self) -> int:
        """How many connections stand."""
        return len(self._open)

    def hang_up(self) -> None:
        """Break every connection without a word, as a network does."""
        for connection in self._open:
            connection.break_off()

    def fall_silent(self) -> None:
        """Let every connection stand and say nothing on it any more, not even that it is alive: it is half-open."""
        for connection in self._open:
            connection.fall_silent()

    async def converse(self, websocket: WebSocket, talk: Talk) -> None:
        """Talk with one listener until it leaves."""
        await websocket.accept()
        connection = _Connection(websocket)
        with self._registered(connection), self._feed.listening() as news:
            async with asyncio.TaskGroup() as group:
                chatter = [group.create_task(connection.say(talk, news)), group.create_task(connection.beat(talk))]
                await connection.hear(talk)
                for task in chatter:
                    task.cancel()

    @contextmanager
    def _registered(self, connection: _Connection) -> Iterator[None]:
        self._open.append(connection)
        try:
            yield
        finally:
            self._open.remove(connection)


class _Connection:
    """One websocket."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket, self._silent = websocket, False

    def break_off(self) -> None:
        self._offered(TRANSPORT)["transport"].abort()

    def fall_silent(self) -> None:
        self._silent = True
        self._offered(SILENCE)["begin"]()

    async def hear(self, talk: Talk) -> None:
        """Greet, then answer, until the listener leaves."""
        try:
            await self._send(talk.greet())
            while True:
                await self._send(talk.hear(_object(await self._websocket.receive_text())))
        except (WebSocketDisconnect, KeyError):
            return

    async def say(self, talk: Talk, news: asyncio.Queue[Change]) -> None:
        """Tell the news."""
        while True:
            await self._send(talk.tell(await news.get()))

    async def beat(self, talk: Talk) -> None:
        """Show regularly that the venue is alive."""
        while talk.heartbeat_s is not None:
            await asyncio.sleep(talk.heartbeat_s)
            await self._send(talk.beat())

    async def _send(self, messages: Iterable[Json]) -> None:
        for message in messages:
            if not self._silent:
                try:
                    await self._websocket.send_text(json.dumps(message))
                except WebSocketDisconnect:
                    return

    def _offered(self, extension: str) -> dict[str, Any]:
        offered: dict[str, Any] = self._websocket.scope["extensions"][extension]
        return offered


def _object(text: str) -> Json:
    try:
        message = json.loads(text)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}
