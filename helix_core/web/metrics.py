"""GET /metrics: the bot in figures, in Prometheus' text format. A registry for each bot, nothing global."""

from __future__ import annotations

import asyncio
from importlib import metadata
from typing import TYPE_CHECKING

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from starlette.responses import Response

from helix_core.errors import StoreError
from helix_core.store.tally import Spread
from helix_core.web import families

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.metrics_core import Metric
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from helix_core.engine.outcome import Desk
    from helix_core.engine.vitals import Condition

log = structlog.get_logger(__name__)

_CODES = ("200", "202", "400", "401", "403", "404", "405", "408", "409", "413", "422", "429", "503")
_OTHER = "other"
_ACCEPT_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_TAKE_TIMEOUT_S = 3.0
_KEPT_S = 1.0
"""However often it is asked, the bot is looked at once a second at most, and by one at a time."""


class Metrics(Collector):
    """The metrics of one bot: what the door counts and times itself, and what a desk knows when it is asked."""

    def __init__(self, desk: Desk) -> None:
        """Count from now on."""
        self._desk = desk
        self._accepted, self._answers = Spread(_ACCEPT_BOUNDS_S), dict.fromkeys((*_CODES, _OTHER), 0)
        self._condition: Condition | None = None
        self._one_at_a_time = asyncio.Lock()
        self._page, self._made_at = b"", -_KEPT_S
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def accepted(self, seconds: float) -> None:
        """A signal was stored, so long after its request came."""
        self._accepted.add(seconds)

    def answered(self, code: int) -> None:
        """The webhook answered."""
        self._answers[str(code) if str(code) in _CODES else _OTHER] += 1

    def collect(self) -> Iterator[Metric]:
        """Give the registry every family, as last seen."""
        yield from families.of_the_door(self._accepted, self._answers)
        yield from families.of_the_bot(self._condition, metadata.version("helix-core"))

    async def page(self) -> Response:
        """The metrics as they are, or were within the last second. What is stored is left out while it cannot be read.

        Waits for no venue and for no writer of the database.
        """
        async with self._one_at_a_time:
            now_s = asyncio.get_running_loop().time()
            if now_s - self._made_at >= _KEPT_S:
                self._condition = await self._taken()
                self._page, self._made_at = generate_latest(self._registry), now_s
            return Response(self._page, media_type=CONTENT_TYPE_PLAIN_0_0_4)

    async def _taken(self) -> Condition | None:
        try:
            async with asyncio.timeout(_TAKE_TIMEOUT_S):
                return await self._desk.condition()
        except (StoreError, TimeoutError) as error:
            log.warning("metrics_not_taken", problem=str(error) or f"no answer within {_TAKE_TIMEOUT_S:g} s")
            return None


class Counted:
    """Counts the webhook's answers by their code. Pure ASGI, outside everything else, so that it sees all of them."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, path: str) -> None:
        """Count for requests to `path`."""
        self._app, self._metrics, self._path = app, metrics, path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not scope["path"].startswith(self._path):
            await self._app(scope, receive, send)
            return

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.answered(message["status"])
            await send(message)

        await self._app(scope, receive, counted)
