"""Kraken's way of speaking, for the shared sandbox: its endpoints, and its answers to faults."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse
from starlette.routing import Route

from helix_core.sandbox import FaultKind
from helix_kraken.sandbox import account, cancels, orders, public, questions, stream
from helix_kraken.sandbox.desk import Desk
from helix_kraken.sandbox.endpoint import error
from helix_kraken.sandbox.ids import order_txid, trade_txid
from helix_kraken.sandbox.refusals import (
    EXECUTION_UNKNOWN,
    TOO_MANY_CALLS,
    TOO_MANY_ORDERS,
    UNKNOWN_METHOD,
    UNKNOWN_ORDER,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from helix_core.sandbox import Fault, ReceivedRequest, Sandbox
    from helix_kraken.sandbox.shapes import Json

ENDPOINTS = (
    *public.ENDPOINTS,
    *account.ENDPOINTS,
    *orders.ENDPOINTS,
    *cancels.ENDPOINTS,
    *questions.ENDPOINTS,
)
_WHOLE_TEXT = re.compile(r"E[A-Z][A-Za-z]*:")
_PACED = frozenset({"/0/private/AddOrder", "/0/private/CancelOrder"})
"""What the limiter for orders counts."""
_INVISIBLE: dict[str, Json] = {
    "/0/private/OpenOrders": {"open": {}},
    "/0/private/ClosedOrders": {"closed": {}, "count": 0},
    "/0/private/TradesHistory": {"trades": {}, "count": 0},
}
"""Questions that are answered with an empty list; the others get an error."""


class KrakenDialect:
    """Kraken Spot REST."""

    def __init__(self, *, limits: bool) -> None:
        """`limits` turns the rate limiters on."""
        self._limits = limits

    def routes(self, sandbox: Sandbox) -> Sequence[BaseRoute]:
        """Every endpoint, over the sandbox's engine."""
        desk = Desk(sandbox, limits=self._limits)
        known = [endpoint.route(sandbox, desk) for endpoint in ENDPOINTS]
        return [*known, stream.route(sandbox, desk), Route("/0/{rest:path}", _unknown, methods=["GET", "POST"])]

    def order_name(self, order_id: int) -> str:
        """An order's txid."""
        return order_txid(order_id)

    def fill_name(self, execution_id: int) -> str:
        """A trade's txid."""
        return trade_txid(execution_id)

    def answer(self, fault: Fault, request: ReceivedRequest) -> Response:
        """Kraken's words for a rate limit, a refusal, an unknown execution, or an order it does not see yet."""
        match fault.kind:
            case FaultKind.RATE_LIMITED:
                return _say(fault, TOO_MANY_ORDERS if request.path in _PACED else TOO_MANY_CALLS)
            case FaultKind.UNKNOWN_EXECUTION:
                return _say(fault, EXECUTION_UNKNOWN)
            case FaultKind.INVISIBLE if request.path in _INVISIBLE:
                return JSONResponse({"error": [], "result": _INVISIBLE[request.path]})
            case FaultKind.INVISIBLE:
                return error(UNKNOWN_ORDER)
            case _:
                return _say(fault, "")


def _say(fault: Fault, usual: str) -> Response:
    """The fault's own text, else the usual one: `msg` alone when it is whole, or `code`, a colon and `msg`."""
    text = fault.msg or ""
    if fault.code is not None and not _WHOLE_TEXT.match(text):
        text = f"{fault.code}:{text}" if text else str(fault.code)
    return error(text or usual, fault.status or 200)


async def _unknown(_: Request) -> Response:
    return error(UNKNOWN_METHOD)
