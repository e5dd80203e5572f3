"""Deny an entry outside the hours (UTC) in which the owner wants to trade."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, time
from typing import TYPE_CHECKING

from helix_core import ConfigError, RiskCheck

if TYPE_CHECKING:
    from helix_core import OrderIntent, PluginConfig, RiskContext, RiskDecision

_WINDOW = re.compile(r"(\d\d:\d\d)\s*-\s*(\d\d:\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Window:
    """From `opens` up to, but not including, `closes`; over midnight where `closes` is the earlier one."""

    opens: time
    closes: time

    def __contains__(self, moment: time) -> bool:
        """True when the window is open at `moment`."""
        if self.opens < self.closes:
            return self.opens <= moment < self.closes
        return moment >= self.opens or moment < self.closes


class TradingHours(RiskCheck):
    """Allow inside one of the windows of the setting `trading_hours_utc`: "07:00-11:30, 22:00-02:00"."""

    name = "trading_hours"
    setting = "trading_hours_utc"

    def __init__(self, config: PluginConfig) -> None:
        """Read the windows. Raises ConfigError."""
        self._text = config.text(self.setting)
        self._windows = [_window(config, part.strip()) for part in self._text.split(",")]

    async def check(self, intent: OrderIntent, context: RiskContext) -> RiskDecision:
        """Compare the time of the snapshot with the windows."""
        del intent
        moment = context.now.astimezone(UTC).time()
        detail = f"it is {moment:%H:%M} UTC, hours: {self._text}"
        if any(moment in window for window in self._windows):
            return self.allow(detail, measured=f"{moment:%H:%M}", limit=self._text)
        return self.deny("outside_trading_hours", detail, measured=f"{moment:%H:%M}", limit=self._text)


def _window(config: PluginConfig, text: str) -> Window:
    found = _WINDOW.fullmatch(text)
    try:
        opens, closes = (time.fromisoformat(part) for part in found.groups()) if found else (time(), time())
    except ValueError:
        opens = closes = time()
    if opens == closes:
        raise ConfigError(
            f"trading_hours_utc of the plugin {config.name} has {text!r} in it. "
            'Write windows like "07:00-11:30, 22:00-02:00", from 00:00 to 23:59.'
        )
    return Window(opens, closes)
