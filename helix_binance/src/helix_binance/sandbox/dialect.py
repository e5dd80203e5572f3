"""Binance's way of speaking, for the shared sandbox: its endpoints, and its answers to faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from helix_binance.sandbox import account, entry_lists, market_data, order_lists, orders, stream
from helix_binance.sandbox.refusals import (
    EXECUTION_UNKNOWN,
    NO_SUCH_LIST,
    NO_SUCH_ORDER,
    TOO_MANY_REQUESTS,
    banned_until,
)
from helix_binance.sandbox.shapes import epoch_ms
from helix_binance.sandbox.usage import Usage
from helix_core.sandbox import FaultKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from helix_core.sandbox import Fault, ReceivedRequest, Sandbox

ENDPOINTS = (
    *market_data.ENDPOINTS,
    *account.ENDPOINTS,
    *orders.ENDPOINTS,
    *order_lists.ENDPOINTS,
    *entry_lists.ENDPOINTS,
)
_BANNED = 418
_INVISIBLE = {"/api/v3/order": NO_SUCH_ORDER, "/api/v3/orderList": NO_SUCH_LIST}
"""Where a question about one order gets an error; the other questions get an empty list."""


class BinanceDialect:
    """Binance Spot REST v3."""

    def routes(self, sandbox: Sandbox) -> Sequence[BaseRoute]:
        """Every endpoint, over the sandbox's engine."""
        usage = Usage(sandbox.venue.clock)
        return [*(endpoint.route(sandbox, usage) for endpoint in ENDPOINTS), stream.route(sandbox)]

    def order_name(self, order_id: int) -> str:
        """An orderId is the number itself."""
        return str(order_id)

    def fill_name(self, execution_id: int) -> str:
        """So is the id of a trade."""
        return str(execution_id)

    def answer(self, fault: Fault, request: ReceivedRequest) -> Response:
        """Binance's words for a rate limit, a refusal, an unknown execution, or an order it does not see yet."""
        match fault.kind:
            case FaultKind.RATE_LIMITED:
                return _limited(fault, request)
            case FaultKind.UNKNOWN_EXECUTION:
                code, text = EXECUTION_UNKNOWN
                return _error(fault.status or 504, fault.code or code, fault.msg or text)
            case FaultKind.INVISIBLE if request.path in _INVISIBLE:
                return _error(400, *_INVISIBLE[request.path])
            case FaultKind.INVISIBLE:
                return JSONResponse([])
            case _:
                assert fault.code is not None, "a refusal has a code"
                return _error(fault.status or 400, fault.code, fault.msg or "")


def _limited(fault: Fault, request: ReceivedRequest) -> Response:
    status = fault.status or 429
    lifted_ms = epoch_ms(request.at) + fault.retry_after_s * 1000
    code, text = banned_until(lifted_ms) if status == _BANNED else TOO_MANY_REQUESTS
    answer = _error(status, code, text)
    answer.headers["Retry-After"] = str(fault.retry_after_s)
    return answer


def _error(status: int, code: int | str, text: str) -> JSONResponse:
    return JSONResponse({"code": int(code), "msg": text}, status)
