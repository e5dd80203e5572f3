"""What Binance's answers prove: raw HTTP status and code -> ruling. A code not listed here proves nothing.

Sources: Binance spot API documentation, errors.md ("Error codes") and rest-api.md ("HTTP return codes": a 5XX must not
be treated as a failure, the execution status is unknown).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core.ccxt import Meaning, Ruling

if TYPE_CHECKING:
    from helix_core.ccxt import Answer

ARCHIVED = "-2026"
"""Cancelled or expired more than 90 days ago without a fill, and put away."""

PRICE_RELATION = "The relationship of the prices for the orders is not correct."
"""The market is at or below the stop of an OCO, or at or above its far leg: these words do not say which."""

_CODES = {
    "-1002": Meaning.KEY_REFUSED,
    "-1003": Meaning.THROTTLED,
    "-1013": Meaning.REFUSED,
    "-1014": Meaning.REFUSED,
    "-1015": Meaning.REFUSED,
    "-1020": Meaning.REFUSED,
    "-1021": Meaning.CLOCK,
    "-1022": Meaning.KEY_REFUSED,
    "-1121": Meaning.NO_MARKET,
    "-2010": Meaning.REFUSED,
    "-2011": Meaning.ABSENT,
    "-2013": Meaning.ABSENT,
    "-2014": Meaning.KEY_REFUSED,
    # A revoked key, or a key for another address. It is proven neither that this order was placed nor that it was not.
    "-2015": Meaning.KEY_DOUBTED,
    ARCHIVED: Meaning.REFUSED,
    "-2039": Meaning.REFUSED,
}
# -1100 to -1225 is the documented block of malformed requests; none of them reaches the matching engine.
_MALFORMED = range(-1225, -1099)
_MESSAGES = {
    # An open order has this very id: an earlier attempt arrived. It must be looked up.
    ("-2010", "Duplicate order sent."): Meaning.UNKNOWN,
    ("-2010", "Order would trigger immediately."): Meaning.WOULD_TRIGGER,
    ("-2010", "Stop price would trigger immediately."): Meaning.WOULD_TRIGGER,
    ("-2010", PRICE_RELATION): Meaning.WOULD_TRIGGER,
    # -2011 with these words: the order is there and lives on.
    ("-2011", "Order was not canceled due to cancel restrictions."): Meaning.REFUSED,
    ("-2011", "This action is disabled on this account."): Meaning.REFUSED,
    ("-2011", "This account may not place or cancel orders."): Meaning.REFUSED,
}
_STATUSES = {401: Meaning.KEY_DOUBTED, 418: Meaning.THROTTLED, 429: Meaning.THROTTLED}


def ruling(answer: Answer) -> Ruling:
    """Rule on an answer that is not a plain success.

    Only Binance's own words in a 4xx prove anything; 409 is a request of which one half was done.
    """
    code, words = _said(answer.data)
    if not 400 <= answer.status < 500 or answer.status == 409:  # noqa: PLR2004 - HTTP's own figures
        return Ruling(Meaning.UNKNOWN, code, words)
    return Ruling(_meaning(answer.status, code, words), code, words)


def _meaning(status: int, code: str | None, words: str) -> Meaning:
    if code is None:
        return _STATUSES.get(status, Meaning.UNKNOWN)
    if (code, words) in _MESSAGES:
        return _MESSAGES[code, words]
    if code in _CODES:
        return _CODES[code]
    if int(code) in _MALFORMED:
        return Meaning.REFUSED
    return _STATUSES.get(status, Meaning.UNKNOWN)


def _said(data: object) -> tuple[str | None, str]:
    """Code and message of Binance's own error form, {"code": -1121, "msg": "Invalid symbol."}."""
    if not isinstance(data, dict):
        return None, ""
    code, words = data.get("code"), data.get("msg")
    if isinstance(code, bool) or not isinstance(code, int) or not isinstance(words, str):
        return None, ""
    return str(code), words
