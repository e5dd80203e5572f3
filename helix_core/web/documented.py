"""What the door promises to read and to answer, in OpenAPI's words. Never served: tests hold the running door to it."""

from __future__ import annotations

from typing import Any

HEALTH_KEYS = (
    "status",
    "uptime_seconds",
    "active_exchange",
    "exchange_connected",
    "last_signal_time",
    "open_positions",
    "daily_pnl_pct",
    "trading_mode",
)

_TEXT, _NUMBER, _ROW = {"type": "string"}, {"type": ["number", "null"]}, {"type": "integer", "minimum": 1}
_MESSAGE = {
    "type": "object",
    "required": ["signal", "symbol", "price", "signal_id"],
    "properties": {
        "signal": {"enum": ["BUY", "SELL", "buy", "sell"]},
        "symbol": {"enum": ["BTC/USDT", "BTCUSDT", "BTC-USDT"]},
        "price": {"type": "number", "exclusiveMinimum": 0, "maximum": 1e12},
        "signal_id": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[A-Za-z0-9_. -]+$"},
        "timestamp": {"type": "integer", "minimum": 1_700_000_000, "maximum": 1_900_000_000},
        "strategy": {"type": "string", "maxLength": 128},
    },
}


def _answer(description: str, required: tuple[str, ...], properties: dict[str, Any], *, closed: bool = True) -> Any:
    shape = {"type": "object", "required": list(required), "properties": properties, "additionalProperties": not closed}
    return {"description": description, "content": {"application/json": {"schema": shape}}}


def _refusal(status: str, description: str) -> Any:
    return _answer(description, ("status", "detail"), {"status": {"const": status}, "detail": _TEXT})


def _ended(*words: str, needed: tuple[str, ...] = ()) -> Any:
    facts = {"status": {"enum": list(words)}, "reason": _TEXT, "detail": _TEXT, "id": _ROW, "signal_id": _TEXT}
    return _answer("The end of the signal.", ("status", "id", "signal_id", *needed), {**facts, "trade_id": _ROW})


_PROCESSING = {"status": {"const": "processing"}, "id": _ROW, "signal_id": _TEXT, "detail": _TEXT}
_MALFORMED = {"status": {"const": "malformed"}, "field": _TEXT, "problem": _TEXT, "fix": _TEXT}
_STRANGER: dict[int | str, dict[str, Any]] = {
    403: _refusal("forbidden", "Who asks is not this machine and has no token."),
    429: _refusal("too_many_requests", "More than the limit within 60 s."),
}
_UNAVAILABLE = _refusal("unavailable", "Not possible now: come again.")

WEBHOOK: dict[str, Any] = {
    "openapi_extra": {"requestBody": {"required": True, "content": {"application/json": {"schema": _MESSAGE}}}},
    "responses": {
        200: _ended("accepted", "deduplicated"),
        202: _answer("Stored, and not finished in time.", tuple(_PROCESSING), _PROCESSING),
        400: _refusal("bad_request", "The message says twice where it ends, or broke off."),
        401: _refusal("unauthorized", "No secret, or a wrong one."),
        403: _refusal("forbidden", "The address may not send signals."),
        408: _refusal("too_slow", "The message did not arrive in time."),
        409: _ended("rejected", needed=("reason",)),
        413: _refusal("too_large", "More than 4096 bytes."),
        422: _answer("Not readable: what, why, and what to change.", tuple(_MALFORMED), _MALFORMED),
        429: _refusal("too_many_requests", "More than the limit within 60 s."),
        503: _refusal("unavailable", "Not stored: send it again."),
    },
}
HEALTH: dict[str, Any] = {
    "responses": {
        200: _answer("The bot runs.", HEALTH_KEYS, {key: {} for key in HEALTH_KEYS} | {"daily_pnl_pct": _NUMBER}),
        429: _STRANGER[429],
        503: {"description": "The bot starts, or cannot say how it is."},
    }
}
PAGE: dict[str, Any] = {
    "responses": {
        200: _answer("Figures.", (), {}, closed=False),
        404: _refusal("not_found", "There is no such thing."),
        **_STRANGER,
        503: _UNAVAILABLE,
    }
}
LISTING: dict[str, Any] = {
    "responses": {
        200: {"description": "A list.", "content": {"application/json": {"schema": {"type": "array"}}}},
        **_STRANGER,
        503: _UNAVAILABLE,
    }
}
METRICS: dict[str, Any] = {
    "responses": {
        200: {"description": "Figures for Prometheus.", "content": {"text/plain": {"schema": _TEXT}}},
        **_STRANGER,
        503: _UNAVAILABLE,
    }
}
