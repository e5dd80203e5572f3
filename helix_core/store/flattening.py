"""Flattening: the owner wants out of every position. Asked for and ended on record, so that no restart forgets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam
from sqlmodel import col, select

from helix_core.store.decisions import Decision
from helix_core.store.schema import DecisionRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel.ext.asyncio.session import AsyncSession

_LATEST = (
    select(DecisionRow)
    .where(col(DecisionRow.decision).in_([Decision.FLATTEN.value, Decision.FLATTEN_OVER.value]))
    .order_by(col(DecisionRow.id).desc())
    .limit(1)
)
_LATEST_AT = _LATEST.where(col(DecisionRow.at) <= bindparam("at"))


async def ask(session: AsyncSession, symbol: str, actor: str, now: datetime) -> None:
    """The owner wants every position closed. Asked again while that is under way, it changes nothing."""
    if await asked(session) is None:
        session.add(_row(Decision.FLATTEN, symbol, "sell all that is held", actor, now))


async def asked(session: AsyncSession) -> DecisionRow | None:
    """Who wants out of what, while that is not over; None when nobody does."""
    return _wanted((await session.exec(_LATEST)).first())


async def was_asked(session: AsyncSession, at: datetime) -> bool:
    """True when the owner wanted out at that moment: what was sold then was sold because of it."""
    return _wanted((await session.exec(_LATEST_AT, params={"at": at})).first()) is not None


async def end(session: AsyncSession, detail: str, actor: str, now: datetime) -> bool:
    """It is over: done, given up or called off, as `detail` says. False when nobody wanted out."""
    wish = await asked(session)
    if wish is not None:
        session.add(_row(Decision.FLATTEN_OVER, wish.subject, detail, actor, now))
    return wish is not None


def _wanted(latest: DecisionRow | None) -> DecisionRow | None:
    return latest if latest is not None and latest.decision == Decision.FLATTEN.value else None


def _row(decision: Decision, symbol: str, detail: str, actor: str, now: datetime) -> DecisionRow:
    return DecisionRow(decision=decision.value, subject=symbol, detail=detail, actor=actor, at=now)
