"""Gate 1: no more positions than the owner allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core import RiskCheck

if TYPE_CHECKING:
    from helix_core import OrderIntent, RiskContext, RiskDecision


class MaxPositions(RiskCheck):
    """Deny an entry while MAX_POSITIONS positions are open; an entry whose outcome is not known counts as open."""

    name = "max_positions"

    async def check(self, intent: OrderIntent, context: RiskContext) -> RiskDecision:  # noqa: ARG002 - the contract's
        """Compare the open positions with the cap."""
        measured, limit = context.open_positions, context.limits.max_positions
        detail = f"open positions: {measured}, MAX_POSITIONS: {limit}"
        if measured >= limit:
            return self.deny("position_already_open", detail, measured=measured, limit=limit)
        return self.allow(detail, measured=measured, limit=limit)
