"""What the door answers, in one shape: a `status` word, and a `detail` the owner can act on."""

from __future__ import annotations

import json
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from helix_core.engine.outcome import Outcome, OutcomeStatus, Receipt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helix_core.errors import SignalUnreadable

_WORDS = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "too_slow",
    413: "too_large",
    429: "too_many_requests",
    503: "unavailable",
}
_CODES = {OutcomeStatus.ACCEPTED: 200, OutcomeStatus.DEDUPLICATED: 200, OutcomeStatus.REJECTED: 409}
_AGAIN_AFTER_S = "5"


class Json(JSONResponse):
    """JSON of what the engine hands out: decimals and times go as text."""

    def render(self, content: Any) -> bytes:
        """Encode as UTF-8."""
        return json.dumps(content, ensure_ascii=False, default=str).encode()


def ended(outcome: Outcome) -> Json:
    """The end of a signal: 200 for accepted and deduplicated, 409 for rejected."""
    facts = {
        "status": outcome.status.value,
        "reason": outcome.reason,
        "detail": outcome.detail,
        "id": outcome.row,
        "signal_id": outcome.signal_id,
        "trade_id": outcome.trade_id,
    }
    return Json({key: value for key, value in facts.items() if value is not None}, _CODES[outcome.status])


def processing(receipt: Receipt, signal_id: str) -> Json:
    """Say that a signal is stored and still being worked on: 202."""
    detail = f"The signal is stored and being worked on. Its outcome goes to Telegram and GET /signals/{receipt.row}."
    facts = {"status": "processing", "id": receipt.row, "signal_id": signal_id, "detail": detail}
    return Json(facts, HTTPStatus.ACCEPTED)


def malformed(error: SignalUnreadable) -> Json:
    """Say what cannot be read, and what to change: 422."""
    facts = {"status": "malformed", "field": error.field, "problem": error.problem, "fix": error.fix}
    return Json(facts, HTTPStatus.UNPROCESSABLE_ENTITY)


def refusal(code: int, detail: str, headers: Mapping[str, str] | None = None) -> Json:
    """Refuse a request. A 503 asks the sender to come again: TradingView does so after 5 s."""
    again = {"Retry-After": _AGAIN_AFTER_S} if code == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return Json({"status": _WORDS.get(code, "refused"), "detail": detail}, code, {**again, **(headers or {})})


def as_payload(fields: Mapping[str, Any]) -> str:
    """The message as valid JSON for the record. Numbers stay numbers where JSON carries them exactly."""
    return json.dumps(fields, ensure_ascii=False, default=_number)


def _number(value: Decimal) -> int | float | str:
    if value == value.to_integral_value() and abs(value) < 2**53:
        return int(value)
    return float(value) if Decimal(repr(float(value))) == value else str(value)
