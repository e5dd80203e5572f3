"""Binance's user data stream: the events of one account's orders, over the WebSocket API.

Sources: Binance spot API documentation, web-socket-api.md ("userDataStream.subscribe.signature"; listen keys are gone
since 2026-02-20) and user-data-stream.md ("Order Update"). A connection lives 24 hours at most.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from helix_core import AuthenticationFailed, ExchangeUnavailable, OrderEvent
from helix_core.ccxt import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from helix_core.ccxt import Line

_REQUEST_ID = "helix-orders"
_LAST_WORDS = {"serverShutdown", "eventStreamTerminated"}
_LONG_PEM = 120
_OK = 200


class UserDataStream:
    """How the stream is spoken."""

    path = "/ws-api/v3"
    live = "wss://ws-api.binance.com:443"
    testnet: str | None = "wss://ws-api.testnet.binance.vision"

    def __init__(self, symbol: str) -> None:
        """Listen for the orders of `symbol`."""
        self._native_id = symbol.replace("/", "")

    async def opening(self, line: Line) -> Mapping[str, Any]:
        """Subscribe with a signature: any kind of key can, and no session is logged on."""
        venue = line.venue
        if not (venue.apiKey and venue.secret):
            message = "there is no API key to listen with"
            raise AuthenticationFailed(message)
        wanted = {"apiKey": venue.apiKey, "recvWindow": venue.options["recvWindow"], "timestamp": venue.nonce()}
        signed = {**wanted, "signature": signature(venue, wanted)}
        return {"id": _REQUEST_ID, "method": "userDataStream.subscribe.signature", "params": signed}

    def verdict(self, message: Mapping[str, Any]) -> bool | Answer:
        """Confirmed is what names its subscription. A refusal may come without our id."""
        status, error = message.get("status"), message.get("error")
        if not isinstance(status, int) or (message.get("id") != _REQUEST_ID and error is None):
            return False
        result = message.get("result")
        if status == _OK and isinstance(result, dict) and "subscriptionId" in result:
            return True
        return Answer(status, _pause(error), error)

    def news(self, message: Mapping[str, Any]) -> Iterable[OrderEvent]:
        """One event is about one order. `C` is the order's own id where `c` is that of its cancel."""
        event = message.get("event")
        if not isinstance(event, dict):
            return
        if event.get("e") in _LAST_WORDS:
            ended = f"the venue announced the stream's end ({event['e']})"
            raise ExchangeUnavailable(ended)
        if event.get("e") == "executionReport" and event.get("s") == self._native_id:
            yield OrderEvent(str(event.get("i", "")), str(event.get("C") or event.get("c") or ""))


def signature(venue: Any, parameters: Mapping[str, Any]) -> str:
    """Sign parameters in the order of their names, with whatever kind of key this is ("SIGNED request security")."""
    payload = venue.rawencode(venue.keysort(dict(parameters)))
    if "PRIVATE KEY" not in venue.secret:
        return str(venue.hmac(venue.encode(payload), venue.encode(venue.secret), hashlib.sha256))
    if len(venue.secret) > _LONG_PEM:
        return str(venue.rsa(payload, venue.secret, "sha256"))
    return str(venue.eddsa(venue.encode(payload), venue.secret, "ed25519"))


def _pause(error: object) -> dict[str, str]:
    """The pause a 418 or 429 asks for, as the header it is elsewhere: here both ends of it are times in ms."""
    data = error.get("data") if isinstance(error, dict) else None
    if not isinstance(data, dict):
        return {}
    until_ms, now_ms = data.get("retryAfter"), data.get("serverTime")
    if not isinstance(until_ms, int) or not isinstance(now_ms, int):
        return {}
    return {"Retry-After": str(max(0, until_ms - now_ms) // 1000 + 1)}
