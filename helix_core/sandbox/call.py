"""One call of a simulated venue's endpoint: what it is made of, whatever its wire looks like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from helix_core.sandbox.faults import FaultKind

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from helix_core.sandbox.faults import Fault
    from helix_core.sandbox.sandbox import Sandbox
    from helix_core.sandbox.venue import Venue


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueCall:
    """What a call is made of, and a fault that only the engine can carry out. A dialect adds how it reads arguments."""

    sandbox: Sandbox
    fault: Fault | None = None

    @property
    def venue(self) -> Venue:
        """The engine."""
        return self.sandbox.venue

    @property
    def now(self) -> datetime:
        """The venue's time."""
        return self.venue.clock.now()

    @property
    def fill_ratio(self) -> Decimal | None:
        """How much of a market order a fault lets fill; None: all."""
        return None if self.fault is None else self.fault.fraction

    @property
    def pending_s(self) -> float | None:
        """How long a fault keeps what was asked for waiting; None: not at all."""
        if self.fault is None or self.fault.kind is not FaultKind.PENDING:
            return None
        return self.fault.delay_s or 0.0
