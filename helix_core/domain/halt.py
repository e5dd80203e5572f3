"""A halt: a stored stop of entries."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class HaltKind(StrEnum):
    """Why entries are stopped; each kind has its own way out."""

    DAILY_LOSS = "daily_loss"
    CONSECUTIVE_LOSSES = "consecutive_losses"
    DRAWDOWN = "drawdown"
    MANUAL = "manual"
    RECONCILE = "reconcile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """One stop of entries, in force until somebody entitled to it clears it. `raised_at` is aware UTC."""

    halt_id: int
    kind: HaltKind
    detail: str
    raised_at: datetime
