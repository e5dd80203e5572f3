"""The circuit breaker as the specification's table tells it, from nothing but the list of what happened."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core import RiskLimits

if TYPE_CHECKING:
    from datetime import datetime

LIMITS = RiskLimits(
    risk_per_trade_pct=Decimal(1),
    stop_loss_pct=Decimal(2),
    max_daily_loss_pct=Decimal(3),
    max_drawdown_pct=Decimal(8),
    max_consecutive_losses=3,
    max_positions=1,
    min_balance=Decimal(50),
    dedup_window_s=60,
    max_signal_age_s=120,
)
START_EQUITY = Decimal(10_000)


SMALLEST_TRANSFER = Decimal("0.005")
"""Of the equity: fees in third coins and dust make smaller differences."""


@dataclass
class BreakerModel:
    """`events` are what trades earned and transfers as the factor by which they moved equity, each with its time.

    `halts` are in force, each since when.
    """

    auto_resume: bool
    events: list[tuple[datetime, Decimal, Decimal]] = field(default_factory=list)
    halts: dict[str, datetime] = field(default_factory=dict)
    streak_from: datetime | None = None
    peak_from: datetime | None = None

    def equity(self) -> Decimal:
        """What the account is worth by its trades and the transfers that were noticed."""
        equity = START_EQUITY
        for _, pnl, factor in self.events:
            equity = equity * factor + pnl
        return equity

    def noticed(self, cash: Decimal, now: datetime) -> None:
        """Money came or went: all that was measured before is from now on measured in proportion."""
        equity = self.equity()
        if abs(cash - equity) > equity * SMALLEST_TRANSFER:
            self.events.append((now, Decimal(0), cash / equity))

    def day_pct(self, now: datetime) -> Decimal:
        """Result since 00:00 UTC in percent of the equity at 00:00 UTC."""
        opening = equity = START_EQUITY
        for at, pnl, factor in self.events:
            if at.date() < now.date():
                opening = equity = equity * factor + pnl
            else:
                opening, equity = opening * factor, equity * factor + pnl
        return 100 * (equity - opening) / opening

    def streak(self) -> int:
        """Losses in a row, counted anew from where a human has ended that halt."""
        count = 0
        for at, pnl, factor in self.events:
            if factor == 1 and (self.streak_from is None or at >= self.streak_from):
                count = count + 1 if pnl < 0 else 0
        return count

    def drawdown_pct(self) -> Decimal:
        """Fall from the peak, which is counted anew from where a human has ended a drawdown halt."""
        peak = equity = START_EQUITY
        for at, pnl, factor in self.events:
            equity, peak = equity * factor + pnl, peak * factor
            forgotten = self.peak_from is not None and at <= self.peak_from
            peak = equity if forgotten else max(peak, equity)
        return 100 * (peak - equity) / peak

    def closed(self, at: datetime, pnl: Decimal, now: datetime) -> None:
        """A trade ended: every halt that follows comes into force."""
        self.events.append((at, pnl, Decimal(1)))
        if self.day_pct(now) <= -LIMITS.max_daily_loss_pct:
            self.halts.setdefault("daily_loss", now)
        if self.streak() >= LIMITS.max_consecutive_losses:
            self.halts.setdefault("consecutive_losses", now)
        if self.drawdown_pct() >= LIMITS.max_drawdown_pct:
            self.halts.setdefault("drawdown", now)

    def resumed(self, now: datetime) -> set[str]:
        """What /resume ends: nothing of a drawdown, and of today's daily loss nothing either."""
        ended = {
            kind
            for kind, since in self.halts.items()
            if kind in {"manual", "consecutive_losses"} or (kind == "daily_loss" and since.date() < now.date())
        }
        self._end(ended, now)
        return ended

    def resumed_drawdown(self, now: datetime) -> set[str]:
        """What `helix resume --drawdown` ends beside that, on the host."""
        ended = {"drawdown"} & set(self.halts)
        self._end(ended, now)
        return ended

    def looked(self, now: datetime) -> None:
        """With AUTO_RESUME a daily loss of an earlier day ends by itself."""
        if self.auto_resume and "daily_loss" in self.halts and self.halts["daily_loss"].date() < now.date():
            self._end({"daily_loss"}, now)

    def _end(self, kinds: set[str], now: datetime) -> None:
        for kind in kinds:
            del self.halts[kind]
        if "consecutive_losses" in kinds:
            self.streak_from = now
        if "drawdown" in kinds:
            self.peak_from = now
