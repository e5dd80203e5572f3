"""What is sent: alerts as TradingView posts them, and the bad requests of a flood."""

from __future__ import annotations

import json
from dataclasses import dataclass

_FLOODING_ADDRESSES = 16


@dataclass(frozen=True, slots=True)
class Mix:
    """How much of what."""

    seconds: int
    good_per_s: int
    bad_per_s: int
    repeats: int
    secret: str

    @property
    def addresses(self) -> list[str]:
        """Where the flood comes from: several addresses, so that the limit of one does not end it."""
        return [f"127.0.1.{n + 1}" for n in range(_FLOODING_ADDRESSES)]


def good_shots(mix: Mix, port: int, orders_every_s: float) -> list[dict[str, object]]:
    """Alerts: of every ten so many repeat an earlier one's id as `mix.repeats` says, the others have one of their own.

    All are BUY, which the gates refuse while a position is open; a SELL now and then lets the next one buy.
    """
    shots: list[dict[str, object]] = []
    next_order_s, latest = orders_every_s, 0
    for n in range(mix.seconds * mix.good_per_s):
        due_s, action = n / mix.good_per_s, "BUY"
        if orders_every_s and due_s >= next_order_s:
            action, next_order_s = "SELL", next_order_s + orders_every_s
        if action == "SELL" or n % 10 < 10 - mix.repeats:
            latest = n
        shots.append({"due_s": due_s, "data": _alert(port, mix.secret, action, f"load-{latest}")})
    return shots


def _alert(port: int, secret: str, action: str, signal_id: str) -> str:
    message = {"signal": action, "symbol": "BTC/USDT", "price": 64210.5, "strategy": "load", "signal_id": signal_id}
    return _post(port, json.dumps(message), f"X-Webhook-Secret: {secret}\r\n")


def bad_shots(mix: Mix, port: int) -> list[dict[str, object]]:
    """Wrong secrets in the message and in the header, none at all, no JSON, too much, and doors that are not there."""
    message = {"signal": "BUY", "symbol": "BTC/USDT", "price": 64210.5, "signal_id": "bad"}
    wrong = json.dumps({**message, "secret": "wrong-and-long-enough-to-be-tried"})
    kinds = [
        *[_post(port, wrong)] * 10,
        *[_post(port, json.dumps(message), "X-Webhook-Secret: wrong-and-long-enough-to-be-tried\r\n")] * 4,
        *[_post(port, json.dumps(message))] * 2,
        _post(port, '{"signal": '),
        _post(port, "x" * 5000),
        _post(port, json.dumps(message), path="/webhook/wrong-and-long-enough"),
        f"GET /webhook HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n",
    ]
    return [{"due_s": n / mix.bad_per_s, "data": kinds[n * 7 % len(kinds)]} for n in range(mix.seconds * mix.bad_per_s)]


def _post(port: int, body: str, headers: str = "", path: str = "/webhook") -> str:
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: Go-http-client/1.1\r\n"
        f"Content-Type: application/json; charset=utf-8\r\nContent-Length: {len(body)}\r\n{headers}\r\n{body}"
    )
