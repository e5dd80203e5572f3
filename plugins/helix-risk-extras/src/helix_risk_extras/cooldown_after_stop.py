"""Deny an entry for a while after a stop closed a trade: the market has just proven the idea wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core import RiskCheck
from helix_risk_extras.positive import positive

if TYPE_CHECKING:
    from helix_core import OrderIntent, PluginConfig, RiskContext, RiskDecision


class CooldownAfterStop(RiskCheck):
    """Allow once the setting `cooldown_after_stop_s`, in seconds, has passed since the last stop-out."""

    name = "cooldown_after_stop"
    setting = "cooldown_after_stop_s"

    def __init__(self, config: PluginConfig) -> None:
        """Read the pause. Raises ConfigError."""
        self._pause_s = positive(config, self.setting)

    async def check(self, intent: OrderIntent, context: RiskContext) -> RiskDecision:
        """Compare the time since the last stop-out with the pause. A stop-out in the future (a clock) is recent."""
        del intent
        if context.last_stop_out_at is None:
            return self.allow("no stop has closed a trade yet", limit=self._pause_s)
        since_s = int((context.now - context.last_stop_out_at).total_seconds())
        detail = f"{since_s} s since a stop closed a trade, least: {self._pause_s} s"
        if since_s < self._pause_s:
            return self.deny("cooling_down", detail, measured=since_s, limit=self._pause_s)
        return self.allow(detail, measured=since_s, limit=self._pause_s)
