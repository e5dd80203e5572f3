"""A wire with a length: what is on it when its sender is killed goes on and arrives."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    Delay = Callable[[], float]


class SlowWire:
    """ASGI middleware before a sandbox: each request takes a while to arrive, and each answer to come back.

    A request that was read whole is carried out even if its sender has died meanwhile: so a bot that was killed finds
    its orders filled after its next start. `done` is called whenever the venue has carried out a request.
    """

    def __init__(self, app: ASGIApp, delay_s: Delay, done: Callable[[], None]) -> None:
        """Lie before `app`; `delay_s` gives the time of each way in seconds."""
        self._app, self._delay_s, self._done = app, delay_s, done

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry one request there and its answer back."""
        if scope["type"] != "http" or scope["path"].startswith("/sandbox/"):
            await self._app(scope, receive, send)
            return
        try:
            body = await Request(scope, receive).body()
        except ClientDisconnect:
            return  # cut off while it was being sent: the venue has seen no request
        answer: list[Message] = []

        async def arrived() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def keep(message: Message) -> None:
            answer.append(message)

        await asyncio.sleep(self._delay_s())
        await self._app(scope, arrived, keep)
        self._done()
        await asyncio.sleep(self._delay_s())
        for message in answer:
            await send(message)
