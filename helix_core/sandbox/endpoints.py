"""A venue's endpoints as one application. A path without a parameter is looked up, not searched for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Receive, Scope, Send


class Endpoints:
    """Serves `routes`, as Starlette does."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        """Take the routes; of two that fit a request the first serves it."""
        self._others = Starlette(routes=routes)
        self._known: dict[tuple[str, str], ASGIApp] = {}
        for route in routes:
            if isinstance(route, Route) and not route.param_convertors:
                for method in route.methods or ():
                    self._known.setdefault((method, route.path), route.app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        serve = self._known.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        await (serve or self._others)(scope, receive, send)
