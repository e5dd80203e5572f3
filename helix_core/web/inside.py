"""What may be read: health by everybody, the rest on this machine or with the status token."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Path
from starlette.exceptions import HTTPException
from starlette.requests import Request  # noqa: TC002 - FastAPI reads the annotation
from starlette.responses import Response  # noqa: TC002 - likewise

from helix_core.web import documented
from helix_core.web.answers import Json
from helix_core.web.keyring import Keyring

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from typing import TypeVar

    from helix_core.engine.outcome import Desk
    from helix_core.web.address import Sources
    from helix_core.web.door import DoorSettings
    from helix_core.web.metrics import Metrics
    from helix_core.web.rates import Rates

    Answer = TypeVar("Answer")

_PATIENCE_S = 5.0
_INSIDE_ONLY = "This page is for this machine, or for who sends STATUS_TOKEN as a bearer token."
_LARGEST_ROW = 2**63 - 1


def health_routes(desk: Desk, rates: Rates) -> APIRouter:
    """GET /health: 200 while the bot runs, halted or degraded as it may be; 503 while it is starting."""
    router = APIRouter()

    @router.api_route("/health", methods=["GET", "HEAD"], response_model=None, **documented.HEALTH)
    @rates.of_health
    async def health(request: Request) -> Response:  # noqa: ARG001 - slowapi finds it by its name
        state = await _soon(desk.health())
        return Json({key: _figure(state[key]) for key in documented.HEALTH_KEYS}, 200 if desk.ready else 503)

    return router


def internal_routes(desk: Desk, metrics: Metrics, settings: DoorSettings, sources: Sources, rates: Rates) -> APIRouter:
    """GET /status, /signals/<id>, /plugins and /metrics."""
    router = APIRouter(dependencies=[Depends(Insiders(settings, sources, rates).admit)])

    @router.get("/status", response_model=None, **documented.PAGE)
    async def status() -> Response:
        return Json(await _soon(desk.status()))

    @router.get("/signals/{row}", response_model=None, **documented.PAGE)
    async def signal(row: Annotated[int, Path(ge=1, le=_LARGEST_ROW)]) -> Response:
        story = await _soon(desk.signal_story(row))
        if story is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, f"There is no signal {row}.")
        return Json(story)

    @router.get("/plugins", response_model=None, **documented.LISTING)
    async def plugins() -> Response:
        return Json(desk.plugins())

    @router.get("/metrics", response_model=None, **documented.METRICS)
    async def figures() -> Response:
        return await _soon(metrics.page())

    return router


class Insiders:
    """Lets through who asks on this machine itself or carries the token; everybody else learns nothing."""

    def __init__(self, settings: DoorSettings, sources: Sources, rates: Rates) -> None:
        """Without a token only this machine gets in."""
        self._token = None if settings.status_token is None else Keyring([settings.status_token])
        self._sources = sources
        self._refuse = rates.of_strangers(self._refuse_unlimited)

    async def admit(self, request: Request) -> None:
        """Raise HTTPException 403 for strangers, the same for every page, existing or not."""
        if not (self._sources.is_this_machine(request) or self._has_token(request)):
            await self._refuse(request)

    def _has_token(self, request: Request) -> bool:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        return (
            self._token is not None
            and kind.lower() == "bearer"
            and self._token.opens(token.encode("latin-1", "replace"))
        )

    async def _refuse_unlimited(self, request: Request) -> Response:  # noqa: ARG002 - slowapi finds it by its name
        raise HTTPException(HTTPStatus.FORBIDDEN, _INSIDE_ONLY)


async def _soon(question: Awaitable[Answer]) -> Answer:
    async with asyncio.timeout(_PATIENCE_S):
        return await question


def _figure(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else value
