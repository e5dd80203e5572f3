"""The daily summary: at 23:59 UTC the owner is told how the day went; a day that was missed is told later."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import structlog
from sqlmodel import col, func, select

from helix_core.domain.notice import NoticeKind
from helix_core.errors import StoreError
from helix_core.notify import messages
from helix_core.store import outbox, rows, trades
from helix_core.store.schema import DayRow, MetaRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlmodel.ext.asyncio.session import AsyncSession

    from helix_core.clock import Clock
    from helix_core.store.database import Store

log = structlog.get_logger(__name__)

_LAST = "summary_of"
_DAY, _DUE = timedelta(days=1), timedelta(hours=23, minutes=59)
_LOOK_S, _GLANCE_S = 30.0, 1.0
_MOST_MISSED = 7
"""A bot that was off for longer tells of the last week only."""


class DailySummary:
    """Tells each day once: which day was told last is stored together with the message."""

    def __init__(self, store: Store, clock: Clock, pair: str, ready: Callable[[], bool]) -> None:
        """Tell of trades in `pair`. Until the bot is `ready`, what it missed is not booked yet, and nothing is told."""
        self._store, self._clock, self._ready = store, clock, ready
        self._quote = pair.partition("/")[2]
        self._told: date | None = None

    async def run(self) -> None:
        """Tell every day at its end, until cancelled."""
        while True:
            if self._ready() and (self._told is None or self._told < last_due(self._clock.now())):
                try:
                    await self._tell()
                except StoreError as error:
                    log.warning("summary_waits_for_the_database", problem=str(error))
            now = self._clock.now()
            left_s = (_end_of(last_due(now) + _DAY) - now).total_seconds()
            await asyncio.sleep(min(left_s, _LOOK_S if self._told else _GLANCE_S))

    async def _tell(self) -> None:
        """Tell every day that is due. Raises StoreError."""
        now = self._clock.now()
        last, on_time = last_due(now), now.date()
        async with self._store.write() as session:
            row = await rows.find(session, MetaRow, _LAST) or MetaRow(key=_LAST, value="")
            told = date.fromisoformat(row.value) if row.value else await _before_the_first(session, on_time)
            missed = max((last - told).days, 0)
            for ago in reversed(range(min(missed, _MOST_MISSED))):
                day = last - ago * _DAY
                text = await self._summary(session, day, late=day != on_time)
                outbox.owe(session, NoticeKind.DAILY_SUMMARY, text, now)
            row.value = f"{max(last, told)}"
            session.add(row)
        self._told = last

    async def _summary(self, session: AsyncSession, day: date, *, late: bool) -> str:
        start = trades.day_start_of(day)
        results = [row for row in await trades.results_since(session, start) if row.closed_at < start + _DAY]
        return messages.daily_summary(
            trades=len(results),
            wins=sum(row.pnl > 0 for row in results),
            pnl=sum((row.pnl for row in results), Decimal(0)),
            quote=self._quote,
            late_for=day if late else None,
        )


async def _before_the_first(session: AsyncSession, today: date) -> date:
    """The day before the first that is to be told: of all that was before today, the last on which there was a bot."""
    was_there = (await session.exec(select(func.max(DayRow.date)).where(col(DayRow.date) < today))).one()
    return (was_there or today) - _DAY


def last_due(now: datetime) -> date:
    """The latest day whose summary is due at `now`: today from 23:59 UTC on, before that yesterday."""
    today = now.astimezone(UTC).date()
    return today if now >= _end_of(today) else today - _DAY


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time(0), UTC) + _DUE
