"""What the audit log is made of: halts and decisions as they are stored, and what the last start left to compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import bindparam
from sqlmodel import col, or_, select

from helix_core.store import rows
from helix_core.store.schema import DecisionRow, HaltRow, MetaRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlmodel.ext.asyncio.session import AsyncSession

_PREFIX = "audit_"
# Built once: building one of these takes as long as asking it.
_HALTS = (
    select(HaltRow)
    .where(or_(col(HaltRow.id) > bindparam("halt"), col(HaltRow.id).in_(bindparam("active", expanding=True))))
    .order_by(col(HaltRow.id))
)
_DECISIONS = select(DecisionRow).where(col(DecisionRow.id) > bindparam("decision")).order_by(col(DecisionRow.id))


@dataclass(frozen=True, slots=True)
class Place:
    """How far somebody has read: the last halt, those of them that had not ended, the last decision."""

    halt: int = 0
    active: frozenset[int] = frozenset()
    decision: int = 0


@dataclass(frozen=True, slots=True)
class News:
    """Rows that a reader has not seen: halts that began, halts that ended, decisions; and how far that comes."""

    began: Sequence[HaltRow]
    ended: Sequence[HaltRow]
    decided: Sequence[DecisionRow]
    place: Place


async def news(session: AsyncSession, since: Place) -> News:
    """What was stored since then, by whichever program."""
    found = (await session.exec(_HALTS, params={"halt": since.halt, "active": list(since.active)})).all()
    decided = (await session.exec(_DECISIONS, params={"decision": since.decision})).all()
    return News(
        began=[row for row in found if _number(row) > since.halt],
        ended=[row for row in found if row.cleared_at is not None],
        decided=decided,
        place=Place(
            halt=max([since.halt, *map(_number, found)]),
            active=frozenset(_number(row) for row in found if row.cleared_at is None),
            decision=max([since.decision, *map(_number, decided)]),
        ),
    )


def _number(row: HaltRow | DecisionRow) -> int:
    assert row.id is not None
    return row.id


async def recall(session: AsyncSession, name: str) -> str | None:
    """What was kept under `name`; None when nothing ever was."""
    row = await rows.find(session, MetaRow, f"{_PREFIX}{name}")
    return None if row is None else row.value


async def keep(session: AsyncSession, name: str, value: str) -> None:
    """Keep `value` under `name`."""
    key = f"{_PREFIX}{name}"
    row = await rows.find(session, MetaRow, key) or MetaRow(key=key, value="")
    row.value = value
    session.add(row)
