"""Gate 4: an account that is nearly empty is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core import RiskCheck, plain

if TYPE_CHECKING:
    from helix_core import OrderIntent, RiskContext, RiskDecision


class MinBalance(RiskCheck):
    """Deny an entry while the account holds less than MIN_BALANCE of the quote currency, free and locked together."""

    name = "min_balance"

    async def check(self, intent: OrderIntent, context: RiskContext) -> RiskDecision:  # noqa: ARG002 - the contract's
        """Compare the whole quote balance, free and locked, with the minimum. Exactly the minimum is enough."""
        quote = context.instrument.quote
        measured, limit = context.balances.of(quote).total, context.limits.min_balance
        detail = f"balance: {plain(measured)} {quote}, MIN_BALANCE: {plain(limit)} {quote}"
        if measured < limit:
            return self.deny("balance_too_low", detail, measured=plain(measured), limit=plain(limit))
        return self.allow(detail, measured=plain(measured), limit=plain(limit))
