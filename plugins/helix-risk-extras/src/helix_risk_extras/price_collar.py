"""Deny an entry when the market has run away from the price the signal was made at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core import RiskCheck, plain
from helix_risk_extras.positive import positive

if TYPE_CHECKING:
    from helix_core import OrderIntent, PluginConfig, RiskContext, RiskDecision


class PriceCollar(RiskCheck):
    """Allow while the live ask is within the setting `price_collar_pct` of the signal's price, above or below.

    Far below is no bargain: the signal is stale, about another market, or its price was mistyped.
    """

    name = "price_collar"
    setting = "price_collar_pct"

    def __init__(self, config: PluginConfig) -> None:
        """Read the limit. Raises ConfigError."""
        self._limit_pct = positive(config, self.setting)

    async def check(self, intent: OrderIntent, context: RiskContext) -> RiskDecision:
        """Compare the ask with the signal's price, in percent of the latter."""
        del intent
        signal_price, ask = context.signal.price, context.ticker.ask
        away_pct = 100 * abs(ask - signal_price) / signal_price
        detail = (
            f"signal's price: {plain(signal_price)}, ask: {plain(ask)}, "
            f"apart: {away_pct:.4f} %, most: {self._limit_pct} %"
        )
        if away_pct > self._limit_pct:
            return self.deny("price_away_from_signal", detail, measured=away_pct, limit=self._limit_pct)
        return self.allow(detail, measured=away_pct, limit=self._limit_pct)
