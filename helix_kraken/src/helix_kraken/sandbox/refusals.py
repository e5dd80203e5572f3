"""Kraken's error texts (docs.kraken.com, "Errors"): all of them come with HTTP 200."""

from __future__ import annotations

from helix_core.sandbox import Reason


class KrakenError(Exception):
    """An error answer: one text in the `error` array."""

    @property
    def text(self) -> str:
        """Severity and category, a colon, the message."""
        return str(self.args[0])


INVALID_KEY = "EAPI:Invalid key"
INVALID_SIGNATURE = "EAPI:Invalid signature"
INVALID_NONCE = "EAPI:Invalid nonce"
TOO_MANY_CALLS = "EAPI:Rate limit exceeded"
TOO_MANY_ORDERS = "EOrder:Rate limit exceeded"
PERMISSION_DENIED = "EGeneral:Permission denied"
UNKNOWN_METHOD = "EGeneral:Unknown method"
UNKNOWN_ORDER = "EOrder:Unknown order"
UNKNOWN_ASSET = "EQuery:Unknown asset"
DEADLINE_ELAPSED = "EService:Deadline elapsed"
EXECUTION_UNKNOWN = "EService:Timeout"
TICK_SIZE = "EOrder:Tick size check failed"

_REFUSALS = {
    Reason.UNKNOWN_SYMBOL: "EQuery:Unknown asset pair",
    Reason.MARKET_CLOSED: "EService:Market in cancel_only mode",
    Reason.LOT_SIZE: "EOrder:Order minimum not met",
    Reason.PRICE_STEP: TICK_SIZE,
    Reason.NOTIONAL: "EOrder:Cost minimum not met",
    Reason.TOO_MANY_ORDERS: "EOrder:Orders limit exceeded",
    Reason.TOO_MANY_STOPS: "EOrder:Scheduled orders limit exceeded",
    Reason.DUPLICATE_ID: "EGeneral:Invalid arguments:cl_ord_id",
    Reason.INSUFFICIENT_FUNDS: "EOrder:Insufficient funds",
    Reason.WOULD_TAKE: "EOrder:Post only order",
    Reason.UNKNOWN_ORDER: UNKNOWN_ORDER,
}


def in_words_of_kraken(reason: Reason) -> KrakenError:
    """The engine's reason as Kraken says it."""
    return KrakenError(_REFUSALS[reason])


def invalid(name: str) -> KrakenError:
    """An argument that is missing, or not what it should be."""
    return KrakenError(f"EGeneral:Invalid arguments:{name}")
