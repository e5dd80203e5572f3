"""The seven gates: every entry must pass all of them, and no setting switches one off.

Each gate is one file, and a worked example of a third party's risk check: a name, `check`, and an explicit answer
with the numbers that were compared. What is not known raises DataMissing out of the context; that denies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core import hookimpl
from helix_plugins.risk.daily_loss import DailyLoss
from helix_plugins.risk.duplicate_signal import DuplicateSignal
from helix_plugins.risk.exchange_reachable import ExchangeReachable
from helix_plugins.risk.max_positions import MaxPositions
from helix_plugins.risk.min_balance import MinBalance
from helix_plugins.risk.min_notional import MinNotional
from helix_plugins.risk.pair_available import PairAvailable

if TYPE_CHECKING:
    from helix_core import RiskCheck

__all__ = [
    "DailyLoss",
    "DuplicateSignal",
    "ExchangeReachable",
    "MaxPositions",
    "MinBalance",
    "MinNotional",
    "PairAvailable",
    "helix_risk_checks",
]


@hookimpl
def helix_risk_checks() -> list[RiskCheck]:
    """Return the seven gates. They have no settings of their own: limits come with the context."""
    return [
        MaxPositions(),
        DailyLoss(),
        DuplicateSignal(),
        MinBalance(),
        ExchangeReachable(),
        MinNotional(),
        PairAvailable(),
    ]
