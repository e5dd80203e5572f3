"""What an endpoint is, and what surrounds it: security, parameters that nobody reads, error answers, usage headers."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.responses import JSONResponse
from starlette.routing import Route

from helix_binance.sandbox.call import Call
from helix_binance.sandbox.refusals import DUPLICATE_PARAMETER, BinanceError, in_words_of_binance, unread
from helix_binance.sandbox.signing import Security, authenticate
from helix_core.sandbox import FAULT, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from helix_binance.sandbox.usage import Usage
    from helix_core.sandbox import Sandbox

SIGNING = frozenset({"timestamp", "recvWindow", "signature"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One endpoint: `reads` names its parameters, `weight` is what a call costs, `orders` how many it places."""

    method: str
    path: str
    handle: Callable[[Call], object]
    reads: frozenset[str] = frozenset()
    security: Security = Security.NONE
    weight: int = 1
    orders: int = 0

    def route(self, sandbox: Sandbox, usage: Usage) -> Route:
        """The endpoint as Starlette serves it."""

        async def serve(request: Request) -> Response:
            return await self._serve(request, sandbox, usage)

        return Route(self.path, serve, methods=[self.method])

    async def _serve(self, request: Request, sandbox: Sandbox, usage: Usage) -> Response:
        """Answer one request. Placing and cancelling weighs nothing unless it fails (CHANGELOG of 2026-03-27)."""
        free_of_charge = self.security is Security.TRADE
        try:
            call = await self._call(request, sandbox)
            sandbox.venue.catch_up()
            answer = self.handle(call)
        except Refused as refused:
            return _error(in_words_of_binance(refused.reason), usage.headers(self.weight))
        except BinanceError as error:
            return _error(error, usage.headers(self.weight))
        return JSONResponse(answer, headers=usage.headers(0 if free_of_charge else self.weight, self.orders))

    async def _call(self, request: Request, sandbox: Sandbox) -> Call:
        query, body = request.scope["query_string"].decode("latin-1"), (await request.body()).decode("latin-1")
        parameters = _read(body) | _read(query)
        known = self.reads
        if self.security is not Security.NONE:
            authenticate(sandbox, self.security, request.headers.get("X-MBX-APIKEY"), query, body, parameters)
            known = known | SIGNING
        if not parameters.keys() <= known:
            raise unread(len(parameters.keys() & known), len(parameters))
        return Call(sandbox=sandbox, parameters=parameters, fault=request.scope.get(FAULT))


def _read(encoded: str) -> dict[str, str]:
    """Parameters of a query string or a form. Raises BinanceError -1101 for one sent twice."""
    pairs = parse_qsl(encoded, keep_blank_values=True)
    if len(dict(pairs)) != len(pairs):
        raise BinanceError(*DUPLICATE_PARAMETER)
    return dict(pairs)


def _error(error: BinanceError, headers: Mapping[str, str]) -> Response:
    status = HTTPStatus(error.status)
    return JSONResponse({"code": error.code, "msg": error.text}, status, headers)
