"""Gate 3: one signal, one order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core import RiskCheck

if TYPE_CHECKING:
    from helix_core import OrderIntent, RiskContext, RiskDecision


class DuplicateSignal(RiskCheck):
    """Deny a signal whose signal_id came already within DEDUP_WINDOW_S."""

    name = "duplicate_signal"
    judges_exits = True

    async def check(self, intent: OrderIntent, context: RiskContext) -> RiskDecision:  # noqa: ARG002 - the contract's
        """Ask whether the same signal_id was seen within the window."""
        window = f"{context.limits.dedup_window_s} s"
        if context.seen_before:
            return self.deny(
                "duplicate_signal", f"the same signal_id came within {window}", measured="seen", limit=window
            )
        return self.allow(f"the signal_id is new within {window}", measured="new", limit=window)
