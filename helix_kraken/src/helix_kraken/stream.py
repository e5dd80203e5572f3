"""Kraken's channel `executions`: the events of one account's orders, over WebSocket v2.

Sources: docs.kraken.com, "Executions", "Heartbeat" (about one a second once subscribed) and "Get WebSockets Token"
(usable for 15 minutes until it is used, and the key needs the right to create it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helix_core import ExchangeUnavailable, OrderEvent
from helix_core.ccxt import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from helix_core.ccxt import Line

_OK = 200


class Executions:
    """How the stream is spoken."""

    path = "/v2"
    live = "wss://ws-auth.kraken.com"
    testnet: str | None = None

    def __init__(self, symbol: str) -> None:
        """Listen for the orders of `symbol`; Kraken's WebSockets call a pair as Helix does."""
        self._symbol = symbol

    async def opening(self, line: Line) -> Mapping[str, Any]:
        """Subscribe with a new token. Orders that rest already are no news: they are asked for."""
        answer = await line.ask(lambda venue: venue.private_post_getwebsocketstoken())
        token = (answer.get("result") or {}).get("token")
        if not isinstance(token, str) or not token:
            message = "Kraken gave no token to listen with"
            raise ExchangeUnavailable(message)
        wanted = {"channel": "executions", "token": token, "snap_orders": False, "snap_trades": False}
        return {"method": "subscribe", "params": wanted, "req_id": 1}

    def verdict(self, message: Mapping[str, Any]) -> bool | Answer:
        """Confirmed or refused is what answers `subscribe`."""
        if message.get("method") != "subscribe":
            return False
        return message.get("success") is True or Answer(_OK, {}, {"error": [str(message.get("error", ""))]})

    def news(self, message: Mapping[str, Any]) -> Iterable[OrderEvent]:
        """A message holds several events. Those after an order's first may leave its pair out."""
        rows = message.get("data")
        if message.get("channel") != "executions" or not isinstance(rows, list):
            return
        for row in rows:
            if isinstance(row, dict) and row.get("symbol", self._symbol) == self._symbol:
                yield OrderEvent(str(row.get("order_id", "")), str(row.get("cl_ord_id") or ""))
