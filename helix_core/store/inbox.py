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
from helix_core.store.prepared import hot
from helix_core.store.schema import InboxRow, SignalRow, VerdictRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlmodel.ext.asyncio.session import AsyncSession

    from helix_core.domain.risk import RiskReport

# Built once: building one of these takes as long as asking it.
_signals, _inbox = rows.table(SignalRow), rows.table(InboxRow)
_new = _signals.c.action.is_distinct_from("deduplicated")
_NEAR = hot(
    select(_signals.c.id)
    .where(
        _signals.c.signal_id == bindparam("signal_id"),
        _signals.c.received_at > bindparam("since"),
        _signals.c.received_at < bindparam("until"),
        _new,
    )
    .order_by(_signals.c.received_at)
    .limit(1)
)
_BEFORE = hot(
    select(_signals.c.id)
    .where(
        _signals.c.signal_id == bindparam("signal_id"),
        _signals.c.received_at > bindparam("since"),
        _signals.c.id < bindparam("row"),
        _new,
    )
    .limit(1)
)
_UNFINISHED = (
    select(SignalRow, InboxRow)
    .join(InboxRow, col(InboxRow.signal_row) == SignalRow.id)
    .where(col(InboxRow.done_at).is_(None))
    .order_by(col(SignalRow.id))
)
_STORE = hot(insert(_signals).returning(_signals.c.id))
_ASK = hot(insert(_inbox))
_END = update(_signals).where(_signals.c.id == bindparam("row"))
_END_SIGNAL = hot(_END)
_ADOPT = hot(_END.where(_signals.c.action == "rejected"))
_END_ASKED = hot(update(_inbox).where(_inbox.c.signal_row == bindparam("row")))


@dataclass(frozen=True, slots=True)
class Arrival:
    """A signal that came at `at` (aware UTC); `payload` is its message without the secret."""

    signal: Signal
    payload: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StoredSignal:
    """A signal with its place in the inbox: `row` is signals.id, `received_at` aware UTC."""

    row: int
    signal: Signal
    received_at: datetime


async def append(
    session: AsyncSession, signal: Signal, payload: str, now: datetime, window_s: int
) -> tuple[StoredSignal, int | None]:
    """Store a signal, as `append_all` stores several."""
    return (await append_all(session, [Arrival(signal, payload, now)], window_s))[0]


async def append_all(
    session: AsyncSession, arrivals: Sequence[Arrival], window_s: int
) -> list[tuple[StoredSignal, int | None]]:
    """Store signals. For each also returns the id of the earlier signal it repeats, or None when it is a new one.

    A repeat is stored too, already ended as `deduplicated`; repeats do not prolong the window.
    """
    window = timedelta(seconds=window_s)
    stored = []
    for arrival in arrivals:
        first = await _first_of_its_kind(session, arrival, window)
        row = (await session.exec(_STORE, params=_came(arrival, first))).one()[0]
        stored.append((StoredSignal(row, arrival.signal, arrival.at), first))
    await session.exec(_ASK, params=[_asked(one, ended=first is not None) for one, first in stored])
    return stored


async def _first_of_its_kind(session: AsyncSession, arrival: Arrival, window: timedelta) -> int | None:
    """The first new signal with the same id inside the window, before or after this one; None where there is none."""
    near = {"signal_id": arrival.signal.signal_id, "since": arrival.at - window, "until": arrival.at + window}
    return (await session.exec(_NEAR, params=near)).first()


def _came(arrival: Arrival, repeated: int | None) -> dict[str, object]:
    return {
        "signal_id": arrival.signal.signal_id,
        "payload": arrival.payload,
        "received_at": arrival.at,
        "action": None if repeated is None else "deduplicated",
        "rejection_reason": None if repeated is None else f"repeats signal {repeated}",
    }


def _asked(stored: StoredSignal, *, ended: bool) -> dict[str, object]:
    signal = stored.signal
    return {
        "signal_row": stored.row,
        "action": signal.action.value,
        "symbol": signal.symbol,
        "price": signal.price,
        "timestamp": signal.timestamp,
        "strategy": signal.strategy,
        "done_at": stored.received_at if ended else None,
    }


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
