"""Venues whose stream goes wrong in ways the sandboxes' never does, and the steps of listening."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from helix_core import ExchangeConfig, ExchangeError, OrderEvent, TradingMode
from helix_core.clock import SystemClock
from helix_core.sandbox import serving
from tests.drivers.specimens import SYMBOL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from pydantic import SecretStr
    from starlette.types import Receive, Scope, Send

    from helix_core import ExchangeClient
    from helix_core.sandbox import Sandbox


class Parrot:
    """A sandbox whose stream a test scripts: `says` turns the first message it hears into all it ever says."""

    def __init__(self, made: Sandbox, says: Callable[[dict[str, Any]], list[str]]) -> None:
        self._made, self._says = made, says
        self.heard: list[dict[str, Any]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._made.app(scope, receive, send)
            return
        websocket = WebSocket(scope, receive, send)
        await websocket.accept()
        try:
            self.heard.append(json.loads(await websocket.receive_text()))
            for text in self._says(self.heard[-1]):
                await websocket.send_text(text)
            while True:
                await websocket.receive_text()
        except WebSocketDisconnect:
            return


def config_of(made: Sandbox, url: str, key: SecretStr, secret: SecretStr, **changes: Any) -> ExchangeConfig:
    """A driver's configuration that points at a sandbox; its stream is at the same address."""
    settings: dict[str, Any] = {
        "name": made.name,
        "mode": TradingMode.LIVE,
        "symbol": SYMBOL,
        "clock": SystemClock(),
        "api_key": key,
        "api_secret": secret,
        "base_url": url,
        "ws_url": url.replace("http", "ws"),
    }
    return ExchangeConfig(**{**settings, **changes})


@asynccontextmanager
async def connected(app: Any, make: Callable[[str], ExchangeClient]) -> AsyncIterator[ExchangeClient]:
    """A connected client of whatever `app` serves."""
    async with serving(app) as url:
        client = make(url)
        await client.connect()
        try:
            yield client
        finally:
            await client.disconnect()


class Ear:
    """Listens to one stream in the background of a test."""

    def __init__(self) -> None:
        self.stands = asyncio.Event()
        self.events: list[OrderEvent] = []
        self.end: ExchangeError | None = None

    async def listen(self, client: ExchangeClient) -> None:
        """Listen until the stream ends."""
        try:
            async with aclosing(client.order_events(SYMBOL)) as events:  # type: ignore[type-var]
                async for event in events:
                    if event is None:
                        self.stands.set()
                    else:
                        self.events.append(event)
        except ExchangeError as error:
            self.end = error

    async def hears(self, order_id: str) -> None:
        """Return when an event has named this order."""
        async with asyncio.timeout(30):
            while order_id not in {event.venue_order_id for event in self.events}:
                await asyncio.sleep(0.005)


@asynccontextmanager
async def listening(client: ExchangeClient) -> AsyncIterator[Ear]:
    """An ear on a stream that stands."""
    ear = Ear()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(ear.listen(client))
        async with asyncio.timeout(30):
            await ear.stands.wait()
        yield ear
        task.cancel()


async def ending(client: ExchangeClient, seconds: float = 2.0) -> ExchangeError:
    """What a stream ends with. It must end by itself."""
    ear = Ear()
    async with asyncio.timeout(seconds):
        await ear.listen(client)
    assert ear.end is not None, "the stream ended without a word"
    return ear.end
