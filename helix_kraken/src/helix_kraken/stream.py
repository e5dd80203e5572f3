"""Kraken's channel `executions`: the events of one account's orders, over WebSocket v2.

Sources: docs.kraken.com, "Executions", "Heartbeat" (about one a second once subscribed) and "Get WebSockets Token"
(usable for 15 minutes until it is used, and the key needs the right to create it).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from helix_core import ExchangeUnavailable, OrderEvent, RateLimited
from helix_core.ccxt import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from helix_core import Clock
    from helix_core.ccxt import Line

_OK = 200
_LIFE_S = 600.0
_AGAIN_AFTER_S = 60.0


class Tokens:
    """Kraken's tokens to listen with. Each is a question, so one that was not used yet serves for the next try too."""

    def __init__(self, clock: Clock) -> None:
        """Start without one."""
        self._clock = clock
        self._token, self._until_s = "", 0.0
        self._not_before_s = -math.inf

    async def take(self, line: Line) -> str:
        """Give a token; after a failure a new one is asked for once in a minute. Raises as a question does."""
        now_s = self._clock.monotonic()
        if self._token and now_s < self._until_s:
            return self._token
        if now_s < self._not_before_s:
            message = "Kraken gave no token to listen with a moment ago"
            raise RateLimited(message, retry_after_s=self._not_before_s - now_s)
        self._not_before_s = now_s + _AGAIN_AFTER_S
        answer = await line.ask(lambda venue: venue.private_post_getwebsocketstoken())
        token = (answer.get("result") or {}).get("token")
        if not isinstance(token, str) or not token:
            message = "Kraken gave no token to listen with"
            raise ExchangeUnavailable(message)
        self._token, self._until_s = token, now_s + _LIFE_S
        return token

    def close(self, *, used: bool) -> None:
        """Forget the token: it was used, or refused."""
        self._token = ""
        if used:
            self._not_before_s = -math.inf


class Executions:
    """How the stream is spoken."""

    path = "/v2"
    live = "wss://ws-auth.kraken.com"
    testnet: str | None = None

    def __init__(self, symbol: str, tokens: Tokens) -> None:
        """Listen for the orders of `symbol`; Kraken's WebSockets call a pair as Helix does."""
        self._symbol, self._tokens = symbol, tokens

    async def opening(self, line: Line) -> Mapping[str, Any]:
        """Subscribe with a token. Orders that rest already are no news: they are asked for."""
        token = await self._tokens.take(line)
        wanted = {"channel": "executions", "token": token, "snap_orders": False, "snap_trades": False}
        return {"method": "subscribe", "params": wanted, "req_id": 1}

    def verdict(self, message: Mapping[str, Any]) -> bool | Answer:
        """Confirmed or refused is what answers `subscribe`."""
        if message.get("method") != "subscribe":
            return False
        confirmed = message.get("success") is True
        self._tokens.close(used=confirmed)
        return confirmed or Answer(_OK, {}, {"error": [str(message.get("error", ""))]})

    def news(self, message: Mapping[str, Any]) -> Iterable[OrderEvent]:
        """A message holds several events. Those after an order's first may leave its pair out."""
        rows = message.get("data")
        if message.get("channel") != "executions" or not isinstance(rows, list):
            return
        for row in rows:
            if isinstance(row, dict) and row.get("symbol", self._symbol) == self._symbol:
                yield OrderEvent(str(row.get("order_id", "")), str(row.get("cl_ord_id") or ""))
