"""Halts: stored, so that no restart forgets one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam
from sqlmodel import and_, func, or_, select

from helix_core.domain.halt import Halt, HaltKind
from helix_core.store import rows
from helix_core.store.prepared import hot
from helix_core.store.schema import HaltRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel.ext.asyncio.session import AsyncSession

ITSELF = "helix"
"""Who raises a halt that no human asked for."""

# Built once: building one of these takes as long as asking it.
_halts = rows.table(HaltRow).c
_HALT = select(_halts.id, _halts.kind, _halts.detail, _halts.raised_at).order_by(_halts.id)
_ACTIVE = hot(_HALT.where(_halts.cleared_at.is_(None)))
_IN_FORCE = hot(
    _HALT.where(
        or_(
            _halts.cleared_at.is_(None),
            and_(_halts.kind == HaltKind.DRAWDOWN.value, _halts.cleared_at >= bindparam("started_at")),
        )
    )
)
_CLEARED = hot(select(func.max(_halts.cleared_at)).where(_halts.kind == bindparam("kind")))


async def active(session: AsyncSession) -> list[Halt]:
    """Halts in force, oldest first."""
    return [_halt(*row) for row in await session.exec(_ACTIVE)]


async def in_force(session: AsyncSession, started_at: datetime) -> list[Halt]:
    """Halts that stop the entries of a bot started at `started_at`, oldest first.

    Those that nobody has ended, and drawdowns ended since that start: a drawdown takes a restart as well.
    """
    return [_halt(*row) for row in await session.exec(_IN_FORCE, params={"started_at": started_at})]


async def put_in_force(session: AsyncSession, kind: HaltKind, detail: str, now: datetime, *, by: str = ITSELF) -> bool:
    """Raise a halt in the name of `by`. False when one of that kind is already in force: it is not raised twice."""
    if any(halt.kind is kind for halt in await active(session)):
        return False
    session.add(HaltRow(kind=kind.value, detail=detail, raised_at=now, raised_by=by))
    await session.flush()
    return True


async def clear(session: AsyncSession, kinds: frozenset[HaltKind], by: str, now: datetime) -> list[Halt]:
    """End the halts of these kinds; returns those that were in force."""
    ended = [halt for halt in await active(session) if halt.kind in kinds]
    for halt in ended:
        row = await rows.need(session, HaltRow, halt.halt_id)
        row.cleared_at, row.cleared_by = now, by
        session.add(row)
    await session.flush()
    return ended


async def last_cleared_at(session: AsyncSession, kind: HaltKind) -> datetime | None:
    """When a halt of this kind was last ended: a losing streak is counted from there."""
    at: datetime | None = (await session.exec(_CLEARED, params={"kind": kind.value})).one()
    return at


def _halt(halt_id: int, kind: str, detail: str, raised_at: datetime) -> Halt:
    return Halt(halt_id=halt_id, kind=HaltKind(kind), detail=detail, raised_at=raised_at)
