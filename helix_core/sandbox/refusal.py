"""Why the simulated venue refuses. Each wire protocol has its own code and text for every reason."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """What was wrong, in no venue's language."""

    UNKNOWN_SYMBOL = "unknown_symbol"
    MARKET_CLOSED = "market_closed"
    LOT_SIZE = "lot_size"
    MARKET_LOT_SIZE = "market_lot_size"
    PRICE_STEP = "price_step"
    PRICE_RANGE = "price_range"
    NOTIONAL = "notional"
    TOO_MANY_ORDERS = "too_many_orders"
    TOO_MANY_STOPS = "too_many_stops"
    TOO_MANY_LISTS = "too_many_lists"
    DUPLICATE_ID = "duplicate_id"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    WOULD_TRIGGER = "would_trigger"
    WOULD_TAKE = "would_take"
    PRICE_RELATION = "price_relation"
    UNKNOWN_ORDER = "unknown_order"
    UNKNOWN_LIST = "unknown_list"


class Refused(Exception):
    """The venue said no and nothing changed. `reason` says why, the text says it with figures."""

    def __init__(self, reason: Reason, detail: str) -> None:
        """Keep the reason for the wire protocol; `detail` is for people."""
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail
