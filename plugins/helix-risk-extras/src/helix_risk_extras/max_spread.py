"""Deny an entry while the market is too thin: the gap between bid and ask is paid twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core import RiskCheck
from helix_risk_extras.positive import positive

if TYPE_CHECKING:
    from helix_core import OrderIntent, PluginConfig, RiskContext, RiskDecision


class MaxSpread(RiskCheck):
    """Allow up to and including the setting `max_spread_pct`, in percent of the ask."""

    name = "max_spread"
    setting = "max_spread_pct"

    def __init__(self, config: PluginConfig) -> None:
        """Read the limit. Raises ConfigError."""
        self._limit_pct = positive(config, self.setting)

    async def check(self, intent: OrderIntent, context: RiskContext) -> RiskDecision:
        """Compare the gap that is there now with the limit."""
        ticker = context.ticker
        spread_pct = 100 * (ticker.ask - ticker.bid) / ticker.ask
        detail = f"spread of {intent.symbol}: {spread_pct:.4f} %, most: {self._limit_pct} %"
        if spread_pct > self._limit_pct:
            return self.deny("spread_too_wide", detail, measured=spread_pct, limit=self._limit_pct)
        return self.allow(detail, measured=spread_pct, limit=self._limit_pct)
