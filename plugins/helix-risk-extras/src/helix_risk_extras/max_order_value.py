"""Deny an entry that is worth more than the owner wants to see in one order, whatever the sizing says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core import RiskCheck, plain
from helix_risk_extras.positive import positive

if TYPE_CHECKING:
    from helix_core import OrderIntent, PluginConfig, RiskContext, RiskDecision


class MaxOrderValue(RiskCheck):
    """Allow up to and including the setting `max_order_value`, in quote currency at the live ask."""

    name = "max_order_value"
    setting = "max_order_value"

    def __init__(self, config: PluginConfig) -> None:
        """Read the limit. Raises ConfigError."""
        self._limit_quote = positive(config, self.setting)

    async def check(self, intent: OrderIntent, context: RiskContext) -> RiskDecision:
        """Compare what the order would cost now with the limit."""
        value_quote = intent.quantity * context.ticker.ask
        measured, limit = plain(value_quote), plain(self._limit_quote)
        detail = f"value: {measured} {context.instrument.quote}, most: {limit}"
        if value_quote > self._limit_quote:
            return self.deny("order_value_too_high", detail, measured=measured, limit=limit)
        return self.allow(detail, measured=measured, limit=limit)
