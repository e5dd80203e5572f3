"""Gate 2: no new risk on a day that has lost enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core import RiskCheck, plain

if TYPE_CHECKING:
    from helix_core import OrderIntent, RiskContext, RiskDecision


class DailyLoss(RiskCheck):
    """Deny an entry once the day, from 00:00 UTC, has lost MAX_DAILY_LOSS_PCT of its opening equity."""

    name = "daily_loss"

    async def check(self, intent: OrderIntent, context: RiskContext) -> RiskDecision:  # noqa: ARG002 - the contract's
        """Compare today's result, the open position included, with the limit. Exactly at the limit denies."""
        measured, limit = context.day_pnl_pct, -context.limits.max_daily_loss_pct
        detail = f"today: {measured:+.2f} %, limit: {limit:+.2f} %"
        if measured <= limit:
            return self.deny("daily_loss_limit", detail, measured=plain(measured), limit=plain(limit))
        return self.allow(detail, measured=plain(measured), limit=plain(limit))
