"""Verdicts on an order, and the report that alone can approve one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from helix_core.domain.order import OrderIntent

ENTRY_GATES = (
    "max_positions",
    "daily_loss",
    "duplicate_signal",
    "min_balance",
    "exchange_reachable",
    "min_notional",
    "pair_available",
)
"""The seven gates every entry must pass, in the order in which a refusal is reported."""

EXIT_GATES = ("duplicate_signal", "exchange_reachable", "pair_available")
"""The gates that judge an exit. A loss limit never keeps anyone in a losing position."""


class Verdict(StrEnum):
    """ALLOW, or not. There is no third word."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskDecision:
    """One check's verdict with the numbers behind it.

    `reason` is the machine's word (`below_min_notional`), `detail` a sentence for the owner. `measured` and `limit`
    are what was compared, as text, where there is something to compare. `failed` is true when the check itself
    raised, hung or answered nonsense; such a decision is always a denial.
    """

    check: str
    verdict: Verdict
    reason: str
    detail: str
    measured: str | None = None
    limit: str | None = None
    failed: bool = False

    def __post_init__(self) -> None:
        """A verdict has a reason, and a failed check never allows."""
        if not self.check or not self.reason:
            message = "a decision names its check and its reason"
            raise ValueError(message)
        if self.failed and self.verdict is not Verdict.DENY:
            message = f"{self.check} failed: that is never an allow"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskReport:
    """What every check said of one intent. It allows only when nobody is missing and nobody objects."""

    intent: OrderIntent
    required: tuple[str, ...]
    decisions: tuple[RiskDecision, ...]

    @property
    def allowed(self) -> bool:
        """True when each required check gave exactly one decision and every decision is an ALLOW."""
        names = [decision.check for decision in self.decisions]
        complete = bool(self.required) and all(names.count(name) == 1 for name in self.required)
        return complete and all(decision.verdict is Verdict.ALLOW for decision in self.decisions)

    @property
    def denial(self) -> RiskDecision | None:
        """The denial to report: the first that a check meant, else the first check that failed."""
        denials = [decision for decision in self.decisions if decision.verdict is not Verdict.ALLOW]
        meant = [decision for decision in denials if not decision.failed]
        return next(iter(meant or denials), None)
