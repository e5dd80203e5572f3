"""What humans decided, mostly about differences between account and database: who, when, what. Only ever added to."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import structlog
from sqlmodel import select

from helix_core.store import rows
from helix_core.store.schema import DecisionRow, MetaRow

if TYPE_CHECKING:
    from sqlmodel.ext.asyncio.session import AsyncSession

log = structlog.get_logger(__name__)

_RECONCILED_AT = "reconciled_at"


class Decision(StrEnum):
    """What can be decided. Nothing of it sends anything to the venue, but FLATTEN: see `store.flattening`."""

    ACCEPT_BASELINE = "accept_baseline"
    BOOK_MANUAL_CLOSE = "book_manual_close"
    WRITE_OFF = "write_off"
    ADOPT_RESET = "adopt_reset"
    ACCEPT_NOT_PLACED = "accept_not_placed"
    ACKNOWLEDGE = "acknowledge"
    RECONCILED = "reconciled"
    FLATTEN = "flatten"
    FLATTEN_OVER = "flatten_over"


def note(session: AsyncSession, decision: Decision, subject: str, detail: str, actor: str, now: datetime) -> None:
    """Keep a decision; it exists exactly if the transaction is committed."""
    session.add(DecisionRow(decision=decision.value, subject=subject, detail=detail, actor=actor, at=now))
    log.info("reconcile_decision", decision=decision.value, subject=subject, detail=detail, actor=actor)


async def acknowledged(session: AsyncSession) -> frozenset[str]:
    """Client order ids of Helix orders that this database does not know, and a human does."""
    rows = await session.exec(select(DecisionRow.subject).where(DecisionRow.decision == Decision.ACKNOWLEDGE.value))
    return frozenset(rows)


async def note_reconciled(session: AsyncSession, symbol: str, actor: str, now: datetime) -> None:
    """A human has seen a comparison in which nothing was left to decide: earlier reconcile halts may be ended."""
    note(session, Decision.RECONCILED, symbol, "nothing left to decide", actor, now)
    row = await rows.find(session, MetaRow, _RECONCILED_AT) or MetaRow(key=_RECONCILED_AT, value="")
    row.value = now.isoformat()
    session.add(row)


async def reconciled_at(session: AsyncSession) -> datetime | None:
    """When a human last saw such a comparison; None when nobody ever did."""
    row = await rows.find(session, MetaRow, _RECONCILED_AT)
    return None if row is None else datetime.fromisoformat(row.value)
