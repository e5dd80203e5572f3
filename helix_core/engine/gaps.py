"""Gaps: how long an open position had no stop that covered it, measured and told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from helix_core.store import trades

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlmodel.ext.asyncio.session import AsyncSession

    from helix_core.engine.account import Account

log = structlog.get_logger(__name__)


class Gaps:
    """Clocks every time without a stop, from the last moment it was known to rest (at first: from the fill)."""

    def __init__(self, account: Account) -> None:
        """Measure on one account."""
        self._clock = account.clock
        self._seen_at: dict[int, datetime] = {}
        self._began_at: dict[int, datetime] = {}

    def running_s(self, trade_ids: Iterable[int]) -> float:
        """Of these trades the longest time without a stop that goes on now; 0 while all are covered."""
        now = self._clock.now()
        return max(((now - self._began_at.get(trade_id, now)).total_seconds() for trade_id in trade_ids), default=0)

    def seen(self, trade_id: int) -> None:
        """The stop of this trade rests now."""
        self._seen_at[trade_id] = self._clock.now()

    def open(self, trade_id: int, since: datetime | None) -> None:
        """The trade is not known to be covered: since its stop was last seen, else since then, else from now on."""
        if trade_id not in self._began_at:
            self._began_at[trade_id] = self._seen_at.get(trade_id) or since or self._clock.now()

    def covered(self, session: AsyncSession, trade_id: int) -> None:
        """The trade is covered from now on: keep how long it was not."""
        self._end(session, trade_id)
        self.seen(trade_id)

    def over(self, session: AsyncSession, trade_id: int) -> None:
        """The trade has ended: keep how long it was not covered, and nothing else."""
        self._end(session, trade_id)
        self._seen_at.pop(trade_id, None)

    def _end(self, session: AsyncSession, trade_id: int) -> None:
        now, began_at = self._clock.now(), self._began_at.pop(trade_id, None)
        if began_at is not None and began_at < now:
            log.info("gap_closed", trade_id=trade_id, without_stop_s=round((now - began_at).total_seconds(), 3))
            trades.record_gap(session, trade_id, began_at, now)
