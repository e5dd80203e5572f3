"""What becomes of a signal, as its sender is told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from helix_core.errors import HALTED, NOT_PLACED

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping, Sequence

    from helix_core.domain.risk import RiskReport
    from helix_core.domain.signal import Signal
    from helix_core.engine.vitals import Condition
    from helix_core.errors import OrderRefused


class OutcomeStatus(StrEnum):
    """The three ends of a signal."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DEDUPLICATED = "deduplicated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The end of one signal. `row` is signals.id; `reason` and `detail` are set unless it was accepted."""

    status: OutcomeStatus
    row: int
    signal_id: str
    trade_id: int | None = None
    reason: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A signal that is durably stored. `outcome` is done when its end is known; awaiting it must be shielded.

    `soon` is False when so many signals stand before it that waiting for its end is of no use.
    """

    row: int
    outcome: asyncio.Future[Outcome]
    soon: bool = True


class Desk(Protocol):
    """What the doors (HTTP, command line) may ask of a running bot."""

    @property
    def ready(self) -> bool:
        """True once boot is complete; until then nothing can be accepted."""

    async def accept(self, signal: Signal, payload: str) -> Receipt:
        """Store a signal durably, then let the worker have it. `payload` is the raw message without the secret.

        Raises StoreError when it could not be stored; then nothing happened.
        """

    async def health(self) -> Mapping[str, object]:
        """Exactly the keys of GET /health."""

    async def status(self) -> Mapping[str, object]:
        """State for the owner: position, halts, today's figures, ages of the warm state."""

    async def condition(self) -> Condition:
        """How the bot is, with every figure behind it. Asks the venue nothing. Raises StoreError."""

    async def signal_story(self, row: int) -> Mapping[str, object] | None:
        """Everything known of one signal, or None for an unknown id."""

    def plugins(self) -> Sequence[Mapping[str, object]]:
        """Every plugin with its distribution, version and what it provides."""


class Rejection(Exception):
    """A signal ends here without a trade. `reason` is the machine's word, `detail` a sentence for the owner.

    `report` holds the verdicts that are stored with its end.
    """

    def __init__(self, reason: str, detail: str, report: RiskReport | None = None) -> None:
        """Say why."""
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail, self.report = reason, detail, report

    @classmethod
    def of(cls, refusal: OrderRefused) -> Rejection:
        """The end of a signal whose order was refused, or is proven never to have reached the venue."""
        reasons = {NOT_PLACED: "order_not_placed", HALTED: "trading_halted"}
        return cls(reasons.get(refusal.code or "", "order_refused"), str(refusal))
