"""The odds of a plan: what can be turned on in a seed and how often, and what can go wrong with a request."""

from __future__ import annotations

from helix_core.sim.strikes import StrikeKind

SWARM = {
    "strikes": 0.7,
    "outage": 0.2,
    "crash": 0.25,
    "seam": 0.3,
    "cancel": 0.12,
    "human": 0.12,
    "transfer": 0.1,
    "key": 0.03,
    "disk": 0.05,
    "locked": 0.05,
    "skew": 0.08,
    "midnight": 0.06,
    "halt": 0.12,
    "gap": 0.25,
    "repeat": 0.25,
    "late": 0.08,
    "short": 0.15,
    "thin": 0.15,
    "baseline": 0.12,
    "jitter": 0.25,
    "tight": 0.12,
}
"""What can be turned on, and in what part of the seeds it is."""
SETTLED = SWARM.keys() - {"baseline", "skew"}
"""What explains no halt by itself; a first start beside coins does, and so does a clock that is wrong."""
LOOSE = {"MAX_DAILY_LOSS_PCT": "25", "MAX_DRAWDOWN_PCT": "50", "MAX_CONSECUTIVE_LOSSES": "50"}
ORDER_STRIKES = (
    StrikeKind.NO_CONNECTION,
    StrikeKind.LOST_REQUEST,
    StrikeKind.LOST_ANSWER,
    StrikeKind.SILENT_REQUEST,
    StrikeKind.SILENT_ANSWER,
    StrikeKind.LATE,
    StrikeKind.LATE_AFTER_RESET,
    StrikeKind.SLOW_ANSWER,
    StrikeKind.HTTP_5XX,
    StrikeKind.CUT_BODY,
    StrikeKind.GARBLED,
    StrikeKind.UNKNOWN_EXECUTION,
    StrikeKind.RATE_LIMITED,
    StrikeKind.REFUSED,
)
QUESTION_STRIKES = (
    StrikeKind.NO_CONNECTION,
    StrikeKind.LOST_ANSWER,
    StrikeKind.SILENT_ANSWER,
    StrikeKind.SLOW_ANSWER,
    StrikeKind.HTTP_5XX,
    StrikeKind.CUT_BODY,
    StrikeKind.GARBLED,
    StrikeKind.RATE_LIMITED,
    StrikeKind.INVISIBLE,
)
OUTAGES = (
    StrikeKind.NO_CONNECTION,
    StrikeKind.SILENT_REQUEST,
    StrikeKind.SILENT_ANSWER,
    StrikeKind.HTTP_5XX,
    StrikeKind.LOST_ANSWER,
)
SEAMS = ("commit:before", "commit:after", "send:before", "send:arrived", "answer:read")
SLOW = (StrikeKind.LATE, StrikeKind.LATE_AFTER_RESET, StrikeKind.SLOW_ANSWER)
