"""What Kraken's answers prove: its error texts -> ruling. A text not listed here proves nothing.

Kraken answers HTTP 200 with {"error": ["EOrder:Insufficient funds"]}. The texts, and which of them leave an order's
fate open, come from its REST documentation ("Errors") and from years of reports of orders that were placed although
the answer said otherwise: every EService text means "we cannot say" unless it names a reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core.ccxt import Meaning, Ruling

if TYPE_CHECKING:
    from helix_core.ccxt import Answer

ORDERS_PAUSE_S, POINT_PAUSE_S, RATE_PAUSE_S, LOCKOUT_PAUSE_S = 2.0, 3.1, 5.0, 15 * 60.0
"""Orders have a counter of their own. That of questions has room for one more after three seconds (lowest tier)."""

_TEXTS = {
    "EOrder:Unknown order": Meaning.ABSENT,
    "EOrder:Invalid order": Meaning.ABSENT,
    "EOrder:Rate limit exceeded": Meaning.HELD_OFF,
    "EOrder:Domain rate limit exceeded": Meaning.HELD_OFF,
    "EAPI:Rate limit exceeded": Meaning.HELD_OFF,
    "EAuth:Rate limit exceeded": Meaning.HELD_OFF,
    "EGeneral:Too many requests": Meaning.HELD_OFF,
    "EGeneral:Temporary lockout": Meaning.LOCKED_OUT,
    "EAPI:Invalid nonce": Meaning.CLOCK,
    # A deadline in the past or too far ahead, by Kraken's clock: ours has moved. Or the order was long on its way;
    # "after which the matching engine should reject" says that it was not placed then either.
    "EGeneral:Invalid arguments:deadline": Meaning.CLOCK,
    "EService:Deadline elapsed": Meaning.CLOCK,
    "EAPI:Invalid key": Meaning.KEY_REFUSED,
    "EAPI:Invalid signature": Meaning.KEY_REFUSED,
    "EGeneral:Permission denied": Meaning.KEY_REFUSED,
    "EAccount:Invalid permissions": Meaning.KEY_REFUSED,
    "EAuth:Account temporary disabled": Meaning.KEY_REFUSED,
    "EAuth:Account unconfirmed": Meaning.KEY_REFUSED,
    # Locked while an order is under way? Kraken does not say which came first.
    "ETrade:User Locked": Meaning.KEY_DOUBTED,
    "ETrade:Locked": Meaning.KEY_DOUBTED,
    "EQuery:Unknown asset pair": Meaning.NO_MARKET,
    "EGeneral:Unknown method": Meaning.REFUSED,
    "EService:Timeout": Meaning.UNKNOWN,
    "EService:Unavailable": Meaning.UNKNOWN,
    "EService:Busy": Meaning.UNKNOWN,
    "EDatabase:Internal error": Meaning.UNKNOWN,
}
_BEGINNINGS = (
    ("EService:Throttled", Meaning.HELD_OFF),
    ("EService:Market in ", Meaning.REFUSED),
    ("EGeneral:Internal error", Meaning.UNKNOWN),
    ("EGeneral:Invalid arguments", Meaning.REFUSED),
    # Whatever else the order gate says, it says instead of placing the order.
    ("EOrder:", Meaning.REFUSED),
)
_PAUSES_S = {
    "EAPI:Rate limit exceeded": POINT_PAUSE_S,
    "EAuth:Rate limit exceeded": RATE_PAUSE_S,
    "EGeneral:Too many requests": RATE_PAUSE_S,
    "EGeneral:Temporary lockout": LOCKOUT_PAUSE_S,
}
_WOULD_TRIGGER = ("would trigger immediately", "would execute immediately")
_OPEN_ENDED = (Meaning.UNKNOWN, Meaning.KEY_DOUBTED)
_STATUSES = {401: Meaning.KEY_DOUBTED, 418: Meaning.THROTTLED, 429: Meaning.THROTTLED}
_OK = 200


def ruling(answer: Answer) -> Ruling:
    """Rule on an answer that is not a plain success.

    Only Kraken's own texts in an HTTP 200 prove anything; any other status was made by something in front of it. Of
    several texts the one that leaves most open counts.
    """
    texts = _said(answer.data)
    if answer.status != _OK or not texts:
        code, words = _split(texts[0] if texts else "")
        meaning = _STATUSES.get(answer.status, Meaning.UNKNOWN)
        return Ruling(meaning, code, words, pause_s=ORDERS_PAUSE_S if code == "EOrder" else None)
    meanings = [(_meaning(text), text) for text in texts]
    meaning, text = next((each for each in meanings if each[0] in _OPEN_ENDED), meanings[0])
    pauses_s = [_PAUSES_S[each] for each in texts if each in _PAUSES_S]
    return Ruling(meaning, *_split(text), pause_s=max(pauses_s, default=None))


def _meaning(text: str) -> Meaning:
    if "cl_ord_id" in text:
        # An open order has this very id: an earlier attempt arrived. It must be looked up.
        return Meaning.UNKNOWN
    if text in _TEXTS:
        return _TEXTS[text]
    if text.startswith("EOrder:") and any(words in text.lower() for words in _WOULD_TRIGGER):
        return Meaning.WOULD_TRIGGER
    return next((meaning for beginning, meaning in _BEGINNINGS if text.startswith(beginning)), Meaning.UNKNOWN)


def _split(text: str) -> tuple[str | None, str]:
    """Kraken's class of error as the code ("EOrder"), the rest as its words."""
    code, colon, words = text.partition(":")
    return (code, words) if colon else (None, text)


def _said(data: object) -> list[str]:
    """The texts of Kraken's own error form."""
    texts = data.get("error") if isinstance(data, dict) else None
    return [text for text in texts if isinstance(text, str)] if isinstance(texts, list) else []
