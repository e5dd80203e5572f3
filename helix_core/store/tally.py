"""The tally: what has been stored so far, counted. Each look reads only what has come since the one before."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, case, or_, select
from sqlmodel import func

from helix_core.domain.order import OrderKind
from helix_core.domain.signal import Action
from helix_core.store import rows
from helix_core.store.schema import (
    CursorRow,
    DeadLetterRow,
    GapRow,
    InboxRow,
    JournalRow,
    JournalState,
    NoticeRow,
    SignalRow,
    TradeRow,
)

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel.ext.asyncio.session import AsyncSession

BOUNDS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0)
"""Upper bounds of the classes into which times are sorted; the last class has none."""

_signals, _inbox, _journal = rows.table(SignalRow).c, rows.table(InboxRow).c, rows.table(JournalRow).c
_trades, _gaps = rows.table(TradeRow).c, rows.table(GapRow).c
_letters = rows.table(DeadLetterRow).c
_notices, _cursors = rows.table(NoticeRow).c, rows.table(CursorRow).c
# Built once: building one of these takes as long as asking it.
_ENDED_UNTIL = select(
    func.coalesce(
        select(func.min(_inbox.signal_row) - 1).where(_inbox.done_at.is_(None)).scalar_subquery(),
        select(func.max(_signals.id)).scalar_subquery(),
        0,
    )
)
_WAITING = select(func.count()).select_from(rows.table(InboxRow)).where(_inbox.done_at.is_(None))
_reason = case((_signals.action == "rejected", _signals.rejection_reason), else_=None)
_ENDS = (
    select(_signals.action, _reason, func.count())
    .where(_signals.id > bindparam("after"), _signals.id <= bindparam("until"))
    .group_by(_signals.action, _reason)
)
_TIMES = (
    select(
        _journal.kind,
        _signals.received_at,
        _journal.sent_at,
        case((_journal.kind == OrderKind.ENTRY.value, _trades.opened_at), else_=_journal.updated_at),
        _journal.state,
        _journal.filled,
    )
    .join_from(rows.table(JournalRow), rows.table(SignalRow), _journal.signal_row == _signals.id)
    .join(rows.table(InboxRow), _inbox.signal_row == _signals.id)
    .outerjoin(rows.table(TradeRow), _trades.id == _journal.trade_id)
    .where(
        _journal.signal_row > bindparam("after"),
        _journal.signal_row <= bindparam("until"),
        _journal.attempt == 1,
        _signals.received_at >= bindparam("since"),
        or_(
            and_(_journal.kind == OrderKind.ENTRY.value, _inbox.action == Action.BUY.value),
            and_(_journal.kind == OrderKind.EXIT.value, _inbox.action == Action.SELL.value),
        ),
    )
)
_ENDED_GAPS = (
    select(_gaps.id, _gaps.began_at, _gaps.ended_at)
    .where(_gaps.id > bindparam("after"), _gaps.ended_at >= bindparam("since"))
    .order_by(_gaps.id)
)
_BY_STATUS = select(_trades.status, func.count()).group_by(_trades.status)
_OWED = select(func.count(), func.min(_notices.at)).where(
    _notices.id
    > func.coalesce(select(_cursors.notice_id).where(_cursors.notifier == bindparam("whose")).scalar_subquery(), 0)
)

_GIVEN_UP = select(func.count()).select_from(rows.table(DeadLetterRow)).where(_letters.notifier == bindparam("whose"))


class Spread:
    """How times are spread: `counts` of them in the classes that `bounds_s` makes, and their `total_s`."""

    def __init__(self, bounds_s: tuple[float, ...] = BOUNDS_S) -> None:
        """Sort into classes with these upper bounds, and a last one without."""
        self.bounds_s, self.counts, self.total_s = bounds_s, [0] * (len(bounds_s) + 1), 0.0

    def add(self, seconds: float) -> None:
        """Sort in one time."""
        self.counts[bisect_left(self.bounds_s, seconds)] += 1
        self.total_s += seconds


def _spreads() -> dict[OrderKind, Spread]:
    return {OrderKind.ENTRY: Spread(), OrderKind.EXIT: Spread()}


@dataclass(slots=True)
class Tally:
    """What became of signals, and how long things took. Grows only.

    `ends` and `reasons` (of rejections) count every signal that the database holds up to the first that has no end yet;
    the times are those `since` then. `to_order`: from an alert's arrival until its order was sent; `to_fill`: until its
    fills were booked; `gaps`: times without a stop that are over.
    """

    since: datetime
    ends: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    to_order: dict[OrderKind, Spread] = field(default_factory=_spreads)
    to_fill: dict[OrderKind, Spread] = field(default_factory=_spreads)
    gaps: Spread = field(default_factory=Spread)
    _until: int = 0
    _last_gap: int = 0

    async def follow(self, session: AsyncSession) -> None:
        """Count what has come. A look that is broken off has counted nothing."""
        database = await session.connection()
        until = (await database.execute(_ENDED_UNTIL)).scalar_one()
        window = {"after": self._until, "until": until}
        ended = (await database.execute(_ENDS, window)).all()
        timed = (await database.execute(_TIMES, {**window, "since": self.since})).all()
        gaps = (await database.execute(_ENDED_GAPS, {"after": self._last_gap, "since": self.since})).all()
        self._until = max(until, self._until)
        for action, reason, count in ended:
            self.ends[action] += count
            if reason is not None:
                self.reasons[reason] += count
        for kind, received_at, sent_at, filled_at, state, filled in timed:
            self.to_order[OrderKind(kind)].add((sent_at - received_at).total_seconds())
            if state == JournalState.DONE.value and filled:
                self.to_fill[OrderKind(kind)].add((filled_at - received_at).total_seconds())
        for gap_id, began_at, ended_at in gaps:
            self._last_gap = gap_id
            self.gaps.add((ended_at - began_at).total_seconds())


async def waiting(session: AsyncSession) -> int:
    """Signals that have no end yet."""
    return int((await (await session.connection()).execute(_WAITING)).scalar_one())


async def trades_by_status(session: AsyncSession) -> dict[str, int]:
    """How many trades there are of each status."""
    found = await (await session.connection()).execute(_BY_STATUS)
    return {row[0]: row[1] for row in found}


async def given_up(session: AsyncSession, notifier: str) -> int:
    """How many messages a notifier has given up."""
    return int((await (await session.connection()).execute(_GIVEN_UP, {"whose": notifier})).scalar_one())


async def owed(session: AsyncSession, notifier: str) -> tuple[int, datetime | None]:
    """How many messages a notifier has not delivered, and when the oldest of them was written."""
    count, oldest = (await (await session.connection()).execute(_OWED, {"whose": notifier})).one()
    return count, oldest
