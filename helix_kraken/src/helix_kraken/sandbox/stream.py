"""WebSocket v2 with the one private channel a bot needs (docs.kraken.com, "Executions", "Heartbeat", "Ping")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.routing import WebSocketRoute

from helix_core import Action, OrderStatus
from helix_kraken.sandbox.ids import order_txid, trade_txid
from helix_kraken.sandbox.shapes import order_type_name, reason_of, rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

    from starlette.websockets import WebSocket

    from helix_core.sandbox import Change, Execution, Order, Sandbox
    from helix_kraken.sandbox.desk import Desk

Json = dict[str, Any]

PATH = "/v2"
_STATUS = {"version": "2.0.10", "system": "online", "api_version": "v2", "connection_id": 13_834_774_380_200_032_777}


def route(sandbox: Sandbox, desk: Desk) -> WebSocketRoute:
    """The endpoint as Starlette serves it."""

    async def serve(websocket: WebSocket) -> None:
        await sandbox.streams.converse(websocket, Executions(sandbox, desk))

    return WebSocketRoute(PATH, serve)


class Executions:
    """The talk with one listener."""

    heartbeat_s: float | None = 1.0

    def __init__(self, sandbox: Sandbox, desk: Desk) -> None:
        """Begin without a subscription."""
        self._venue, self._desk = sandbox.venue, desk
        self._subscribed = False
        self._sequence = 0

    def greet(self) -> Iterable[Json]:
        """The state of the venue."""
        return [{"channel": "status", "type": "update", "data": [_STATUS]}]

    def beat(self) -> Iterable[Json]:
        """One heartbeat, to who has subscribed to something."""
        return [{"channel": "heartbeat"}] if self._subscribed else []

    def hear(self, message: Mapping[str, Any]) -> Iterable[Json]:
        """Answer one request."""
        match message.get("method"):
            case "ping":
                yield self._answer(message, "pong")
            case "subscribe":
                yield from self._subscribe(message)
            case method:
                yield {**self._answer(message, str(method)), "success": False, "error": "Unsupported method"}

    def tell(self, change: Change) -> Iterable[Json]:
        """One message for each step: an order is pending before it is new, and filled after its last trade."""
        if not self._subscribed:
            return
        for row in self._steps(change):
            yield self._executions("update", [row])

    def _subscribe(self, message: Mapping[str, Any]) -> Iterable[Json]:
        wanted = message.get("params")
        parameters = wanted if isinstance(wanted, dict) else {}
        answer, channel = self._answer(message, "subscribe"), parameters.get("channel")
        problem = None
        if channel != "executions":
            problem = f"Unsupported channel {channel}"
        elif not self._desk.takes(str(parameters.get("token", ""))):
            problem = "ESession:Invalid session"
        if problem is not None:
            yield {**answer, "success": False, "error": problem}
            return
        self._subscribed = True
        snapshot = parameters.get("snap_orders", True)
        yield {**answer, "success": True, "result": {"channel": "executions", "snap_orders": snapshot}}
        if snapshot:
            resting = [order for symbol in self._venue.symbols for order in self._venue.ledger.open_orders(symbol)]
            yield self._executions("snapshot", [self._whole(order, "new") for order in resting])

    def _answer(self, message: Mapping[str, Any], method: str) -> Json:
        now = rfc3339(self._venue.clock.now())
        asked = {"req_id": message["req_id"]} if "req_id" in message else {}
        return {"method": method, **asked, "time_in": now, "time_out": now}

    def _executions(self, kind: str, rows: list[Json]) -> Json:
        self._sequence += 1
        return {"channel": "executions", "type": kind, "data": rows, "sequence": self._sequence}

    def _steps(self, change: Change) -> Iterable[Json]:
        order = change.order
        if change.before is None:
            yield self._whole(order, "pending_new")
            yield self._whole(order, "new")
        if change.fill is not None:
            yield {**self._short(order, "trade", "partially_filled"), **_trade(change.fill)}
        elif change.before is not None and order.open:
            yield {**self._short(order, "status", "new"), "triggers": {"status": "triggered"}}
        if order.status is OrderStatus.FILLED:
            yield self._short(order, "filled", "filled")
        elif not order.open:
            reason = reason_of(order)
            yield {**self._short(order, "canceled", "canceled"), "cancel_reason": reason, "reason": reason}

    def _short(self, order: Order, kind: str, status: str) -> Json:
        """What every event says. The pair is left out after an order's first."""
        slip = self._desk.slip(order)
        row: Json = {
            "order_id": order_txid(order.order_id),
            "order_userref": slip.userref or 0,
            "exec_type": kind,
            "order_status": status,
            "cum_qty": _number(order.executed),
            "cum_cost": _number(order.quote_executed),
            "timestamp": rfc3339(order.updated_at),
        }
        return row if slip.cl_ord_id is None else {**row, "cl_ord_id": slip.cl_ord_id}

    def _whole(self, order: Order, kind: str) -> Json:
        row = self._short(order, kind, kind) | {
            "symbol": order.symbol,
            "side": "buy" if order.side is Action.BUY else "sell",
            "order_type": order_type_name(order.type),
            "order_qty": _number(order.quantity),
            "time_in_force": order.time_in_force.value,
            "fee_usd_equiv": 0,
        }
        if order.stop_price is not None:
            trigger = {"reference": "last", "price": _number(order.stop_price), "price_type": "static"}
            row["triggers"] = {**trigger, "status": "untriggered"}
        if order.parent_id is not None:
            row["ord_ref_id"] = order_txid(order.parent_id)
        return row


def _trade(fill: Execution) -> Json:
    return {
        "exec_id": trade_txid(fill.execution_id),
        "trade_id": fill.execution_id,
        "last_qty": _number(fill.quantity),
        "last_price": _number(fill.price),
        "cost": _number(fill.notional),
        "liquidity_ind": "m" if fill.maker else "t",
        "fees": [{"asset": fill.fee_currency, "qty": _number(fill.fee)}],
    }


def _number(value: Decimal) -> float:
    """Figures are JSON numbers here."""
    return float(value)
