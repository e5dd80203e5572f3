"""What an answer that is not a plain success proves. The default goes by ccxt's classes; a driver goes by raw codes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import ccxt  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from helix_core.ccxt.evidence import Answer


class Meaning(StrEnum):
    """What is proven. UNKNOWN, KEY_DOUBTED, THROTTLED and ABSENT do not prove that no order was placed; the others do.

    HELD_OFF and LOCKED_OUT are too many requests in the venue's own words: the one passes, the other takes a while.
    """

    REFUSED = "refused"
    WOULD_TRIGGER = "would trigger"
    CLOCK = "clock"
    KEY_REFUSED = "key refused"
    KEY_DOUBTED = "key doubted"
    NO_MARKET = "no market"
    ABSENT = "absent"
    THROTTLED = "throttled"
    HELD_OFF = "held off"
    LOCKED_OUT = "locked out"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Ruling:
    """A meaning with the venue's own code and words, where it gave any. `words` hold the venue's message only.

    `pause_s` is how long nothing may be asked, where the driver knows and the answer carries no figure.
    """

    meaning: Meaning
    code: str | None = None
    words: str = ""
    pause_s: float | None = None


_CLASSES = (
    (ccxt.OrderNotFound, Meaning.ABSENT),
    (ccxt.DuplicateOrderId, Meaning.UNKNOWN),
    (ccxt.OrderImmediatelyFillable, Meaning.WOULD_TRIGGER),
    (ccxt.BadSymbol, Meaning.NO_MARKET),
    (ccxt.InvalidNonce, Meaning.CLOCK),
    (ccxt.AuthenticationError, Meaning.KEY_DOUBTED),
    (ccxt.AccountSuspended, Meaning.KEY_DOUBTED),
    (ccxt.RateLimitExceeded, Meaning.THROTTLED),
    (ccxt.DDoSProtection, Meaning.THROTTLED),
    (ccxt.InsufficientFunds, Meaning.REFUSED),
    (ccxt.InvalidOrder, Meaning.REFUSED),
    (ccxt.BadRequest, Meaning.REFUSED),
    (ccxt.MarketClosed, Meaning.REFUSED),
)
_STATUSES = {401: Meaning.KEY_DOUBTED, 418: Meaning.THROTTLED, 429: Meaning.THROTTLED}
_GATEWAY_STATUSES = {403, 408, 409}


def by_ccxt_class(answer: Answer) -> Ruling:
    """The ruling for a driver without a table of codes.

    Believes ccxt's class only where the venue itself spoke (JSON, and a status no proxy makes up). A plain
    ExchangeError is ccxt's word for "not in my table", so it proves nothing.
    """
    if answer.status in _STATUSES:
        return Ruling(_STATUSES[answer.status])
    own_status = answer.status // 100 in {2, 4} and answer.status not in _GATEWAY_STATUSES
    if answer.data is None or answer.error is None or not own_status:
        return Ruling(Meaning.UNKNOWN)
    found = (meaning for known, meaning in _CLASSES if issubclass(answer.error, known))
    return Ruling(next(found, Meaning.UNKNOWN), code=f"ccxt.{answer.error.__name__}")
