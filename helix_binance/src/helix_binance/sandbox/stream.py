"""The user data stream over the WebSocket API (web-socket-api.md, "User Data Stream requests"; user-data-stream.md)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from starlette.routing import WebSocketRoute

from helix_binance.sandbox.refusals import BinanceError
from helix_binance.sandbox.shapes import NO_LIST, NOT_WORKING, decimal, epoch_ms, order_list, queried
from helix_binance.sandbox.signing import Security, authenticate
from helix_core import OrderStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.websockets import WebSocket

    from helix_core.sandbox import Change, Order, Sandbox

Json = dict[str, Any]

PATH = "/ws-api/v3"
_UNREADABLE = BinanceError(-1100, "Illegal characters found in a parameter.")
_UNKNOWN_METHOD = BinanceError(-1000, "Unknown method.")
_SUBSCRIBED = BinanceError(-2035, "User Data Stream subscription already active.")
_PLAIN = re.compile(r"[A-Za-z0-9._-]*", re.ASCII)
_EXECUTION_TYPES = {OrderStatus.CANCELED: "CANCELED", OrderStatus.EXPIRED: "EXPIRED"}


def route(sandbox: Sandbox) -> WebSocketRoute:
    """The endpoint as Starlette serves it."""

    async def serve(websocket: WebSocket) -> None:
        await sandbox.streams.converse(websocket, UserData(sandbox))

    return WebSocketRoute(PATH, serve)


class UserData:
    """The talk with one listener. Binance says nothing by itself but pings, which the server sends."""

    heartbeat_s: float | None = None

    def __init__(self, sandbox: Sandbox) -> None:
        """Begin without a subscription."""
        self._sandbox, self._venue = sandbox, sandbox.venue
        self._subscribed = False
        self._told = 0

    def greet(self) -> Iterable[Json]:
        """Nothing."""
        return ()

    def beat(self) -> Iterable[Json]:
        """Nothing."""
        return ()

    def hear(self, message: Mapping[str, Any]) -> Iterable[Json]:
        """Answer one request."""
        answered = {"id": message.get("id")}
        try:
            result = self._answer(message)
        except BinanceError as error:
            return [{**answered, "status": int(error.status), "error": {"code": error.code, "msg": error.text}}]
        return [{**answered, "status": 200, "result": result, "rateLimits": []}]

    def tell(self, change: Change) -> Iterable[Json]:
        """Report an execution, then the balances, then the list where one begins or ends."""
        if not self._subscribed:
            return
        yield self._event(self._report(change))
        yield self._event(self._balances(change.order))
        yield from map(self._event, self._list(change))

    def _answer(self, message: Mapping[str, Any]) -> Json:
        match message.get("method"):
            case "ping":
                return {}
            case "time":
                return {"serverTime": self._now_ms}
            case "userDataStream.subscribe.signature":
                return self._subscribe(message.get("params"))
            case _:
                raise _UNKNOWN_METHOD

    def _subscribe(self, parameters: object) -> Json:
        """The signature stands for all parameters in the order of their names."""
        if not isinstance(parameters, dict):
            raise _UNREADABLE
        texts = {str(name): str(value) for name, value in parameters.items()}
        if not all(_PLAIN.fullmatch(text) for text in texts.values()):
            raise _UNREADABLE
        names = [*sorted(texts.keys() - {"signature"}), *(["signature"] if "signature" in texts else [])]
        query = "&".join(f"{name}={texts[name]}" for name in names)
        authenticate(self._sandbox, Security.USER_DATA, texts.get("apiKey"), query, "", texts)
        if self._subscribed:
            raise _SUBSCRIBED
        self._subscribed = True
        return {"subscriptionId": 0}

    @property
    def _now_ms(self) -> int:
        return epoch_ms(self._venue.clock.now())

    def _event(self, event: Json) -> Json:
        return {"subscriptionId": 0, "event": event}

    def _report(self, change: Change) -> Json:
        """`c` is the order's own id, but for a cancel, whose own id it is: then `C` is the order's."""
        order, fill = change.order, change.fill
        shown, canceled = queried(self._venue, order), order.status is OrderStatus.CANCELED
        self._told += 1
        report = {
            "e": "executionReport",
            "E": self._now_ms,
            "s": shown["symbol"],
            "c": f"cancel-{order.order_id}" if canceled else shown["clientOrderId"],
            "S": shown["side"],
            "o": shown["type"],
            "f": shown["timeInForce"],
            "q": shown.get("origQty", decimal(None)),
            "p": shown["price"],
            "P": decimal(order.stop_price),
            "F": decimal(None),
            "g": shown["orderListId"],
            "C": shown["clientOrderId"] if canceled else "",
            "x": "TRADE" if fill else _EXECUTION_TYPES.get(order.status, "NEW"),
            "X": shown["status"],
            "r": "NONE",
            "i": order.order_id,
            "l": decimal(fill.quantity if fill else None),
            "z": shown["executedQty"],
            "L": decimal(fill.price if fill else None),
            "n": decimal(fill.fee) if fill else "0",
            "N": fill.fee_currency if fill else None,
            "T": shown["updateTime"],
            "t": fill.execution_id if fill else -1,
            "I": self._told,
            "w": order.open and shown["isWorking"],
            "m": bool(fill and fill.maker),
            "M": False,
            "O": shown["time"],
            "Z": shown["cummulativeQuoteQty"],
            "Y": decimal(fill.notional if fill else None),
            "Q": shown["origQuoteOrderQty"],
            "V": "NONE",
        }
        optional = {"W": shown["workingTime"], "eR": shown.get("expiryReason")}
        return report | {name: value for name, value in optional.items() if value not in {None, NOT_WORKING}}

    def _balances(self, order: Order) -> Json:
        market, account = self._venue.listing(order.symbol).market, self._venue.account
        balances = [
            {"a": name, "f": decimal(account.free(name)), "l": decimal(account.locked(name))}
            for name in (market.base, market.quote)
        ]
        return {"e": "outboundAccountPosition", "E": self._now_ms, "u": epoch_ms(order.updated_at), "B": balances}

    def _list(self, change: Change) -> Iterable[Json]:
        pair = None if change.order.list_id is None else self._venue.ledger.order_list(change.order.list_id)
        if pair is None or change.order.order_id != pair.order_ids[0] or (change.before and change.order.open):
            return
        shown = order_list(self._venue, pair)
        yield {
            "e": "listStatus",
            "E": self._now_ms,
            "s": shown["symbol"],
            "g": shown.get("orderListId", NO_LIST),
            "c": shown["contingencyType"],
            "l": shown["listStatusType"],
            "L": shown["listOrderStatus"],
            "r": "NONE",
            "C": shown["listClientOrderId"],
            "T": shown["transactionTime"],
            "O": [{"s": leg["symbol"], "i": leg["orderId"], "c": leg["clientOrderId"]} for leg in shown["orders"]],
        }
