"""Who may ask: API key, signature and time, checked as Binance does (rest-api.md, "Request Security")."""

from __future__ import annotations

import hashlib
import hmac
import re
from decimal import Decimal
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING

from helix_binance.sandbox.refusals import BinanceError, missing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helix_core.sandbox import Sandbox

DEFAULT_WINDOW_MS = 5_000
LONGEST_WINDOW_MS = 60_000
AHEAD_MS = 1_000
_SIGNATURE = re.compile(r"(?:^|&)signature=([^&]*)$")


class Security(Enum):
    """What a caller must prove: nothing, that it may read the account, or that it may trade."""

    NONE = "NONE"
    USER_DATA = "USER_DATA"
    TRADE = "TRADE"


def authenticate(
    sandbox: Sandbox, security: Security, key: str | None, query: str, body: str, parameters: Mapping[str, str]
) -> None:
    """Raise BinanceError unless the request is signed with the sandbox's key and is neither late nor early.

    `query` and `body` are what was sent, to the letter: the signature stands for exactly that.
    """
    if not key:
        raise BinanceError(-2014, "API-key format invalid.", HTTPStatus.UNAUTHORIZED)
    allowed = sandbox.rights.trade if security is Security.TRADE else sandbox.rights.read
    if key != sandbox.api_key or not allowed:
        raise BinanceError(-2015, "Invalid API-key, IP, or permissions for action.", HTTPStatus.UNAUTHORIZED)
    _check_time(int(sandbox.venue.clock.now().timestamp() * 1000), parameters)
    if not parameters.get("signature"):
        raise missing("signature")
    _check_signature(sandbox.api_secret, query, body)


def _check_time(now_ms: int, parameters: Mapping[str, str]) -> None:
    stamp, window = parameters.get("timestamp", ""), parameters.get("recvWindow", str(DEFAULT_WINDOW_MS))
    if not re.fullmatch(r"\d{1,18}", stamp, re.ASCII):
        raise missing("timestamp")
    if not re.fullmatch(r"\d{1,6}(\.\d{1,3})?", window, re.ASCII):
        raise missing("recvWindow")
    if Decimal(window) > LONGEST_WINDOW_MS:
        text = f"'recvWindow' contains unexpected value. Cannot be greater than {LONGEST_WINDOW_MS}."
        raise BinanceError(-1102, text)
    if int(stamp) >= now_ms + AHEAD_MS:
        raise BinanceError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now_ms - int(stamp) > Decimal(window):
        raise BinanceError(-1021, "Timestamp for this request is outside of the recvWindow.")


def _check_signature(secret: str, query: str, body: str) -> None:
    """The signature ends the body, or the query where there is no body, and stands for all before it."""
    carrier = body or query
    found = _SIGNATURE.search(carrier)
    signed = carrier[: found.start()] if found else ""
    payload = query + signed if body else signed
    proper = hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
    if not found or not hmac.compare_digest(proper.encode(), found[1].lower().encode()):
        raise BinanceError(-1022, "Signature for this request is not valid.")
