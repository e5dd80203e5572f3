"""The FastAPI application: which door leads where."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from itertools import count
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import SecretStr
from slowapi.errors import RateLimitExceeded
from starlette.exceptions import HTTPException

from helix_core.web import documented
from helix_core.web.address import Sources
from helix_core.web.answers import refusal
from helix_core.web.guard import Guard
from helix_core.web.inside import health_routes, internal_routes
from helix_core.web.keyring import Keyring
from helix_core.web.metrics import Counted, Metrics
from helix_core.web.rates import Rates
from helix_core.web.threshold import WEBHOOK, Threshold
from helix_core.web.webhook import Webhook

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from helix_core.contracts.signal_source import SignalSource
    from helix_core.engine.outcome import Desk
    from helix_core.web.door import DoorSettings


def create_app(*, desk: Desk, source: SignalSource, door: DoorSettings) -> Door:
    """Build the application. It has no pages that describe it, and no state of its own but the counts of requests."""
    sources = Sources(allowed=door.allowed_ips, trusted_proxies=door.trusted_proxies)
    tokens = () if door.status_token is None else (door.status_token,)
    keyring, everything_secret = Keyring(door.secrets), Keyring((*door.secrets, *tokens))
    rates = Rates(door, sources)
    metrics = Metrics(desk)
    webhook = Webhook(
        metrics=metrics, desk=desk, source=source, clock=door.clock, keyring=everything_secret, rates=rates
    )
    guard = partial(Guard, keyring=everything_secret, clock=door.clock, numbers=count(1))
    app = Door(door.secret_in_path)
    app.add_middleware(guard)
    threshold = Threshold(
        app.inside,
        answer=webhook.receive,
        desk=desk,
        source=source,
        settings=door,
        keyring=keyring,
        sources=sources,
        rates=rates,
    )
    app.outside = Counted(guard(threshold), metrics=metrics, path=WEBHOOK)
    # For the description: whoever comes to the webhook is answered at the threshold.
    app.add_api_route(WEBHOOK, webhook.receive, methods=["POST"], response_model=None, **documented.WEBHOOK)
    app.include_router(health_routes(desk, rates))
    app.include_router(internal_routes(desk, metrics, door, sources, rates))
    _add_answers(app, rates)
    return app


class Door(FastAPI):
    """FastAPI behind what most requests do not pass; its own way to a route costs several times what a refusal does.

    The secret is taken out of the path before anything, logs and traces included, can see it.
    """

    def __init__(self, secret_in_path: bool) -> None:
        """`secret_in_path`: the webhook's secret may stand behind its address."""
        super().__init__(title="Helix", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
        self._secret_in_path = secret_in_path
        self.outside: ASGIApp = self.inside

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take secrets off the address, and hand the request on."""
        path: str = scope.get("path", "")
        if path.startswith(f"{WEBHOOK}/"):
            given = path.removeprefix(f"{WEBHOOK}/")
            known = WEBHOOK if self._secret_in_path and given else f"{WEBHOOK}/-"
            scope.update({"path": known, "raw_path": known.encode(), "helix.path_secret": SecretStr(given)})
        scope["query_string"] = b""  # nothing here reads a query, so nobody gets to see one
        await self.outside(scope, receive, send)

    async def inside(self, scope: Scope, receive: Receive, send: Send) -> None:
        """FastAPI itself."""
        await super().__call__(scope, receive, send)


def _add_answers(app: FastAPI, rates: Rates) -> None:
    """Say for each kind of failure what is answered."""

    @app.exception_handler(HTTPException)
    async def refused(_request: Request, error: HTTPException) -> Response:
        return refusal(error.status_code, error.detail, error.headers)

    @app.exception_handler(RequestValidationError)
    async def no_such_page(_request: Request, _error: RequestValidationError) -> Response:
        return refusal(HTTPStatus.NOT_FOUND, "There is no such page.")

    @app.exception_handler(RateLimitExceeded)
    async def too_many(request: Request, _error: RateLimitExceeded) -> Response:
        return rates.answer(request)
