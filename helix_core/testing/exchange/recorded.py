"""A rig for a driver without a sandbox: a venue that plays recorded answers.

It holds no account, so what happens to money is not proven on it; what a driver reads, and what it makes of a broken
line, is.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from helix_core.clock import SystemClock
from helix_core.testing.exchange.rig import ExchangeRig
from helix_core.testing.exchange.wiretap import Speech, Wiretap

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

    from starlette.types import Receive, Scope, Send

    from helix_core.config import ExchangeConfig
    from helix_core.contracts.exchange import ExchangeClient
    from helix_core.testing.exchange.wiretap import Requests

_HOLE = re.compile(r'"\$(\w+)"')


class RecordedVenue:
    """An ASGI application that answers "GET /api/time" with what was recorded for it.

    A recorded text "$name" is filled in with the request's own parameter of that name (the client order id), "$now_ms"
    with the time in milliseconds. A request that nothing was recorded for is answered 404.
    """

    def __init__(self, answers: Mapping[str, Any]) -> None:
        """`answers` are JSON values; one that shall lose no digit is a text, as venues write them."""
        self._answers = {way: json.dumps(body) for way, body in answers.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = HttpRequest(scope, receive)
        parameters = _parameters((await request.body()).decode()) | dict(request.query_params)
        recorded = self._answers.get(f"{request.method} {request.url.path}")
        if recorded is None:
            answer = Response('{"error": "nothing was recorded for this"}', 404, media_type="application/json")
        else:
            answer = Response(_fill(recorded, parameters), media_type="application/json")
        await answer(scope, receive, send)


class RecordedRig(ExchangeRig):
    """A driver on recorded answers."""

    def __init__(
        self,
        answers: Mapping[str, Any],
        driver: Callable[[ExchangeConfig], ExchangeClient],
        requests: Requests,
        *,
        symbol: str,
        stated: Mapping[str, Decimal],
        key: str = "PlantedApiKeyOfTheRules",
        secret: str = "UGxhbnRlZEFwaVNlY3JldE9mVGhlUnVsZXM=",  # noqa: S107 - it guards nothing
        error: str = "WORDS",
        error_status: int = 400,
        status_field: str = "status",
        patience_s: float = 30.0,
    ) -> None:
        """`answers` as for RecordedVenue; the rest as for SandboxRig and ExchangeRig."""
        super().__init__(driver, symbol=symbol, key=key, secret=secret, patience_s=patience_s)
        self.account, self.stated = None, stated
        speech = Speech(error, error_status)
        venue = RecordedVenue(answers)
        self.wire = Wiretap(venue, requests, speech=speech, status_field=status_field, secrets=(key, secret))


def _fill(recorded: str, parameters: Mapping[str, str]) -> str:
    values: dict[str, object] = {**parameters, "now_ms": int(SystemClock().now().timestamp() * 1000)}
    return _HOLE.sub(lambda hole: json.dumps(values.get(hole[1], "")), recorded)


def _parameters(text: str) -> dict[str, str]:
    if not text.startswith("{"):
        return dict(parse_qsl(text, keep_blank_values=True))
    return {str(name): str(value) for name, value in json.loads(text, parse_float=str).items()}
