"""The inbox: signals stored before anything else happens to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, insert, update
from sqlmodel import col, select

from helix_core.domain.signal import Action, Signal
from helix_core.errors import InvariantBroken
from helix_core.store import rows
from helix_core.store.schema import InboxRow, SignalRow, VerdictRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel.ext.asyncio.session import AsyncSession

    from helix_core.domain.risk import RiskReport

# Built once: building one of these takes as long as asking it.
_signals, _inbox = rows.table(SignalRow), rows.table(InboxRow)
_same = (
    select(_signals.c.id)
    .where(
        _signals.c.signal_id == bindparam("signal_id"),
        _signals.c.received_at > bindparam("since"),
        _signals.c.action.is_distinct_from("deduplicated"),
    )
    .limit(1)
)
_EARLIER = _same.where(_signals.c.received_at < bindparam("until"))
_BEFORE = _same.where(_signals.c.id < bindparam("row"))
_UNFINISHED = (
    select(SignalRow, InboxRow)
    .join(InboxRow, col(InboxRow.signal_row) == SignalRow.id)
    .where(col(InboxRow.done_at).is_(None))
    .order_by(col(SignalRow.id))
)
_STORE, _ASK = insert(_signals), insert(_inbox)
_END_SIGNAL = update(_signals).where(_signals.c.id == bindparam("row"))
_ADOPT = _END_SIGNAL.where(_signals.c.action == "rejected")
_END_ASKED = update(_inbox).where(_inbox.c.signal_row == bindparam("row"))


@dataclass(frozen=True, slots=True)
class StoredSignal:
    """A signal with its place in the inbox: `row` is signals.id, `received_at` aware UTC."""

    row: int
    signal: Signal
    received_at: datetime


async def append(
    session: AsyncSession, signal: Signal, payload: str, now: datetime, window_s: int
) -> tuple[StoredSignal, int | None]:
    """Store a signal. Also returns the id of the earlier signal it repeats, or None when it is a new one.

    A repeat is stored too, already ended as `deduplicated`; repeats do not prolong the window.
    """
    window = timedelta(seconds=window_s)
    within = {"signal_id": signal.signal_id, "since": now - window, "until": now + window}
    earlier = (await session.exec(_EARLIER, params=within)).first()
    came = {
        "signal_id": signal.signal_id,
        "payload": payload,
        "received_at": now,
        "action": None if earlier is None else "deduplicated",
        "rejection_reason": None if earlier is None else f"repeats signal {earlier}",
    }
    key = (await session.exec(_STORE, params=came)).inserted_primary_key
    assert key is not None
    row: int = key[0]
    asked = {
        "signal_row": row,
        "action": signal.action.value,
        "symbol": signal.symbol,
        "price": signal.price,
        "timestamp": signal.timestamp,
        "strategy": signal.strategy,
        "done_at": None if earlier is None else now,
    }
    await session.exec(_ASK, params=asked)
    return StoredSignal(row, signal, now), earlier


async def seen_before(session: AsyncSession, stored: StoredSignal, window_s: int) -> bool:
    """True when an earlier signal inside the window has the same signal_id and was not itself a repeat."""
    since = stored.received_at - timedelta(seconds=window_s)
    which = {"signal_id": stored.signal.signal_id, "row": stored.row, "since": since}
    return (await session.exec(_BEFORE, params=which)).first() is not None


async def unfinished(session: AsyncSession) -> list[StoredSignal]:
    """Signals that still have no end, oldest first: what a crash left behind."""
    return [_stored(signal, inbox) for signal, inbox in await session.exec(_UNFINISHED)]


async def load(session: AsyncSession, row: int) -> StoredSignal:
    """One signal with its place in the inbox."""
    return _stored(await rows.need(session, SignalRow, row), await rows.need(session, InboxRow, row))


async def finish(
    session: AsyncSession,
    row: int,
    now: datetime,
    *,
    trade_id: int | None = None,
    reason: str | None = None,
    detail: str | None = None,
) -> None:
    """End a signal: accepted when `reason` is None, else rejected for that reason."""
    action = "accepted" if reason is None else "rejected"
    ended = await session.exec(_END_SIGNAL, params={"row": row, "action": action, "rejection_reason": reason})
    if ended.rowcount != 1:
        raise InvariantBroken(f"signal {row} ends, and was never stored")
    await session.exec(_END_ASKED, params={"row": row, "trade_id": trade_id, "detail": detail, "done_at": now})


async def adopt(session: AsyncSession, row: int, trade_id: int) -> None:
    """A signal that had ended as rejected, its order unknown, has bought after all: it is accepted."""
    bought = {"row": row, "action": "accepted", "rejection_reason": None}
    if (await session.exec(_ADOPT, params=bought)).rowcount:
        await session.exec(_END_ASKED, params={"row": row, "trade_id": trade_id, "detail": None})


def record_verdicts(session: AsyncSession, row: int, report: RiskReport, now: datetime) -> None:
    """Keep every check's verdict with its numbers."""
    for decision in report.decisions:
        rows.append(
            session,
            VerdictRow,
            signal_row=row,
            gate=decision.check,
            verdict=decision.verdict.value,
            reason=decision.reason,
            detail=decision.detail,
            measured=decision.measured,
            limit=decision.limit,
            at=now,
        )


def _stored(row: SignalRow, inbox: InboxRow) -> StoredSignal:
    assert row.id is not None
    signal = Signal(
        signal_id=row.signal_id,
        action=Action(inbox.action),
        symbol=inbox.symbol,
        price=inbox.price,
        timestamp=inbox.timestamp,
        strategy=inbox.strategy,
    )
    return StoredSignal(row.id, signal, row.received_at)
