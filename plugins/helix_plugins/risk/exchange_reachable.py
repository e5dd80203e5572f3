"""Gate 5: no order into the dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core import RiskCheck

if TYPE_CHECKING:
    from helix_core import OrderIntent, RiskContext, RiskDecision


class ExchangeReachable(RiskCheck):
    """Deny while the venue is not healthy: no connection, maintenance, or data too old to be believed."""

    name = "exchange_reachable"
    judges_exits = True

    async def check(self, intent: OrderIntent, context: RiskContext) -> RiskDecision:  # noqa: ARG002 - the contract's
        """Ask whether anything is known to be wrong with the venue right now."""
        problem = context.exchange_problem
        if problem is not None:
            return self.deny("exchange_unreachable", problem, measured=problem, limit="healthy")
        return self.allow("the exchange is healthy", measured="healthy", limit="healthy")
