"""What a medium has brought from the owner, remembered over restarts: so that nothing is carried out twice."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from helix_core.store import rows
from helix_core.store.schema import MemoryRow

if TYPE_CHECKING:
    from sqlmodel.ext.asyncio.session import AsyncSession

_OWNER_BY = "owner by {}"
"""No plugin's name holds a space, so that none can reach this."""

_HEARD, _QUESTION = "heard", "question"
_MOST = 500
"""Numbers kept of each medium: five times what Telegram hands out at once, which is all that can come again."""


async def take(session: AsyncSession, medium: str, number: str) -> bool:
    """Note that `number` has been heard; False when it was before. Committed with what comes of it.

    A set of numbers, not the highest one: Telegram's start somewhere else, even lower, after a week of silence.
    """
    row = await _row(session, medium, _HEARD)
    heard = row.value.split()
    if number in heard:
        return False
    row.value = " ".join([*heard, number][-_MOST:])
    session.add(row)
    return True


async def ask(session: AsyncSession, medium: str, number: str, now: datetime) -> None:
    """Keep that the owner was asked whether they mean it, at `now`. It takes the place of an earlier question."""
    row = await _row(session, medium, _QUESTION)
    row.value = f"{number} {now.isoformat()}"
    session.add(row)


async def take_question(session: AsyncSession, medium: str, number: str | None) -> datetime | None:
    """When the open question was asked, which is open no longer; None when none is, or `number` names another one."""
    row = await _row(session, medium, _QUESTION)
    asked, _, at = row.value.partition(" ")
    if not at or number not in {None, asked}:
        return None
    row.value = ""
    session.add(row)
    return datetime.fromisoformat(at)


async def _row(session: AsyncSession, medium: str, key: str) -> MemoryRow:
    plugin = _OWNER_BY.format(medium)
    return await rows.find(session, MemoryRow, plugin, key) or MemoryRow(plugin=plugin, key=key, value="")
