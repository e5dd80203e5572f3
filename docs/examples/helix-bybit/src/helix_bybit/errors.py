"""What the venue's answers prove, by its own codes. A code that is not listed proves nothing.

Source: Bybit's API documentation, "Error Codes", as quoted in ccxt 4.5.90. ccxt's own classes would not do: it calls
170146, "order creation timeout", an invalid order, and that order may well be in the market.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core.ccxt import Meaning, Ruling

if TYPE_CHECKING:
    from helix_core.ccxt import Answer

_REFUSED = {10001, 170124, 170130, 170131, 170132, 170133, 170134, 170135, 170136, 170137, 170140, 170148, 170151}
_REFUSED |= {170157, 170159, 170192, 170193, 170194, 170202, 170203, 170204, 170206, 170217, 170228, 170229}
_CODES = {
    **dict.fromkeys(_REFUSED, Meaning.REFUSED),
    **dict.fromkeys((10003, 10004, 10005, 10010, 33004), Meaning.KEY_REFUSED),
    **dict.fromkeys((10006, 10018, 170005, 170222), Meaning.THROTTLED),
    # Filled, cancelled or never there: a cancel that gets one of these is followed by a look.
    **dict.fromkeys((110001, 170139, 170142, 170143, 170190, 170213), Meaning.ABSENT),
    10002: Meaning.CLOCK,
    170121: Meaning.NO_MARKET,
}
_STATUSES = {401: Meaning.KEY_DOUBTED, 403: Meaning.THROTTLED, 429: Meaning.THROTTLED}


def ruling(answer: Answer) -> Ruling:
    """Rule on an answer that is not a plain success. The venue speaks with HTTP 200 and a `retCode`."""
    data = answer.data if isinstance(answer.data, dict) else {}
    code, words = data.get("retCode"), data.get("retMsg")
    if answer.status != 200 or not isinstance(code, int) or not isinstance(words, str):  # noqa: PLR2004 - HTTP's own
        return Ruling(_STATUSES.get(answer.status, Meaning.UNKNOWN))
    return Ruling(_CODES.get(code, Meaning.UNKNOWN), str(code), words)
