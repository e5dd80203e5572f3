"""Gate 7: only a market that the venue has, and that is trading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core import RiskCheck

if TYPE_CHECKING:
    from helix_core import OrderIntent, RiskContext, RiskDecision


class PairAvailable(RiskCheck):
    """Deny a pair that is not in the venue's catalogue or not trading right now."""

    name = "pair_available"
    judges_exits = True

    async def check(self, intent: OrderIntent, context: RiskContext) -> RiskDecision:
        """Look the pair up in the catalogue. Unknown is a denial by name here: this is the gate that can say so."""
        instrument = context.known_instrument
        if instrument is None or instrument.symbol != intent.symbol:
            return self.deny("pair_unavailable", f"{intent.symbol} is not known", measured="unknown", limit="trading")
        if not instrument.trading:
            return self.deny("pair_unavailable", f"{intent.symbol} is not trading", measured="halted", limit="trading")
        return self.allow(f"{intent.symbol} is trading", measured="trading", limit="trading")
