"""The owner's limits on risk, as the gates and the sizing read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskLimits:
    """Percentages are percent (1.0 is 1 %), `min_balance` is in quote currency, times are in seconds."""

    risk_per_trade_pct: Decimal
    stop_loss_pct: Decimal
    max_daily_loss_pct: Decimal
    max_drawdown_pct: Decimal
    max_consecutive_losses: int
    max_positions: int
    min_balance: Decimal
    dedup_window_s: int
    max_signal_age_s: int
