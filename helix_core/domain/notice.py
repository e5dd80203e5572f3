"""A message to the owner, already worded."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class NoticeKind(StrEnum):
    """What happened. Plugins may choose by it; the text says it to a human."""

    TRADE_OPENED = "trade_opened"
    TRADE_CLOSED = "trade_closed"
    STOP_LOSS_TRIGGERED = "stop_loss_triggered"
    DAILY_LIMIT_HIT = "daily_limit_hit"
    SIGNAL_REJECTED = "signal_rejected"
    ERROR = "error"
    DAILY_SUMMARY = "daily_summary"
    BOT_STARTUP = "bot_startup"
    HALT_RAISED = "halt_raised"
    HALT_CLEARED = "halt_cleared"
    ORDER_UNKNOWN = "order_unknown"
    ORPHAN = "orphan"
    RECONCILED = "reconciled"
    STOP_REARMED = "stop_rearmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One stored message. `notice_id` grows by time and names the message for good; `at` is aware UTC."""

    notice_id: int
    kind: NoticeKind
    text: str
    at: datetime
