"""What an endpoint is, and what surrounds it: security, the counter of calls, and errors that come with HTTP 200."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse
from starlette.routing import Route

from helix_core.sandbox import FAULT, Refused
from helix_kraken.sandbox.call import Call, arguments
from helix_kraken.sandbox.refusals import PERMISSION_DENIED, TOO_MANY_CALLS, KrakenError, in_words_of_kraken

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from helix_core.sandbox import Sandbox
    from helix_kraken.sandbox.desk import Desk


class Right(Enum):
    """What a key must be allowed to do: none at all for questions about the key itself."""

    NONE = "none"
    READ = "read"
    TRADE = "trade"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One endpoint; `cost` is what a call adds to the counter of calls."""

    name: str
    handle: Callable[[Call], object]
    private: bool = True
    right: Right = Right.READ
    cost: int = 1

    @property
    def path(self) -> str:
        """Where it is."""
        return f"/0/{'private' if self.private else 'public'}/{self.name}"

    def route(self, sandbox: Sandbox, desk: Desk) -> Route:
        """The endpoint as Starlette serves it."""

        async def serve(request: Request) -> Response:
            return await self._serve(request, sandbox, desk)

        return Route(self.path, serve, methods=["POST"] if self.private else ["GET", "POST"])

    async def _serve(self, request: Request, sandbox: Sandbox, desk: Desk) -> Response:
        body = await request.body()
        try:
            sent = arguments(request.scope["query_string"], body)
            if self.private:
                desk.guard.authenticate(request.headers, self.path, sent.get("nonce", ""), body)
                self._admit(sandbox, desk)
            sandbox.venue.catch_up()
            result = self.handle(Call(sandbox=sandbox, desk=desk, arguments=sent, fault=request.scope.get(FAULT)))
        except Refused as refused:
            return error(in_words_of_kraken(refused.reason).text)
        except KrakenError as refused:
            return error(refused.text)
        return JSONResponse({"error": [], "result": result})

    def _admit(self, sandbox: Sandbox, desk: Desk) -> None:
        if not desk.limits.call(self.cost):
            raise KrakenError(TOO_MANY_CALLS)
        if self.right is not Right.NONE and not getattr(sandbox.rights, self.right.value):
            raise KrakenError(PERMISSION_DENIED)


def error(text: str, status: int = 200) -> Response:
    """An answer that holds nothing but an error."""
    return JSONResponse({"error": [text]}, status)
