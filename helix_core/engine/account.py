"""The account: what every part of the engine shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from helix_core.clock import Clock
    from helix_core.contracts.exchange import ExchangeClient
    from helix_core.domain.limits import RiskLimits
    from helix_core.engine.market import Market
    from helix_core.store.database import Store


_OFTEN_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account at one venue: its client, the database that is its memory, its warm state and its limits.

    `started_at` is when this process began: a drawdown halt that was ended later still stops it.
    """

    client: ExchangeClient
    store: Store
    market: Market
    limits: RiskLimits
    clock: Clock
    started_at: datetime

    @property
    def counts_questions(self) -> bool:
        """Whether the venue counts questions so strictly that one must think before each."""
        return self.client.capabilities.orders_poll_s > _OFTEN_S
