"""helix-risk-extras: five more risk checks, each active only when its setting is there.

Checks are added to the seven gates; they can only narrow what is allowed. None of them judges exits.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from helix_core import ConfigError, hookimpl
from helix_risk_extras.cooldown_after_stop import CooldownAfterStop
from helix_risk_extras.max_order_value import MaxOrderValue
from helix_risk_extras.max_spread import MaxSpread
from helix_risk_extras.price_collar import PriceCollar
from helix_risk_extras.trading_hours import TradingHours

if TYPE_CHECKING:
    from helix_core import PluginConfig, RiskCheck

__all__ = [
    "CooldownAfterStop",
    "MaxOrderValue",
    "MaxSpread",
    "PriceCollar",
    "TradingHours",
    "helix_risk_checks",
]

_CHECKS = (MaxSpread, TradingHours, CooldownAfterStop, PriceCollar, MaxOrderValue)


@hookimpl
def helix_risk_checks(config: PluginConfig) -> list[RiskCheck]:
    """Return the checks whose setting is there. Raises ConfigError for a wrong value and for a name it does not know.

    A misspelt setting would leave a check out without a word, so it stops the start.
    """
    problems = [_unknown(config, key) for key in config.values if key not in {check.setting for check in _CHECKS}]
    if problems:
        raise ConfigError(*problems)
    return [check(config) for check in _CHECKS if check.setting in config.values]


def _unknown(config: PluginConfig, key: str) -> str:
    settings = [check.setting for check in _CHECKS]
    meant = next(iter(difflib.get_close_matches(key, settings, n=1)), None)
    fix = f"Did you mean {meant}?" if meant else f"Its settings are {', '.join(settings)}."
    return f"The plugin {config.name} has no setting {key}. {fix}"
