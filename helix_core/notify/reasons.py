"""Why a signal was rejected, in a sentence for the owner."""

from __future__ import annotations

from helix_core.notify.foreign import clean

_ALONE = {
    "position_already_open": "Position already open",
    "daily_loss_limit": "Daily loss limit reached",
    "duplicate_signal": "Duplicate signal",
    "pair_unavailable": "Pair not available",
    "no_open_position": "No open position to close",
}
"""Reasons that need no more words."""

_EXPLAINED = {
    "balance_too_low": "Balance too low",
    "exchange_unreachable": "Exchange not reachable",
    "below_min_notional": "Size below the exchange's minimum",
    "above_max_quantity": "Size above the exchange's maximum",
    "signal_too_old": "Signal too old",
    "trading_halted": "Trading is halted",
    "order_refused": "Exchange refused the order",
    "order_not_placed": "Order was not placed",
    "order_not_filled": "Nothing was bought",
    "internal_error": "Helix failed inside",
    "order_outcome_unknown": "Outcome of the order not known yet",
    "no_legal_stop": "No stop could be placed for it",
    "check_failed": "A risk check failed",
}
"""Reasons that are followed by the detail: the venue's words, the figures, the name of what failed."""

KNOWN = frozenset({*_ALONE, *_EXPLAINED})
"""Helix's own reasons. A check of another author may have any."""


def sentence(reason: str, detail: str | None = None) -> str:
    """`reason` in words. One that is not known (another author's check) is spelled out, with its detail."""
    if reason in _ALONE:
        return _ALONE[reason]
    words = _EXPLAINED.get(reason) or clean(reason.replace("_", " ")).capitalize()
    return f"{words} — {clean(detail)}" if detail else words
