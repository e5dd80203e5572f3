"""The outbox: messages owed to the owner, written in the transaction of what they tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam
from sqlmodel import col, func, select

from helix_core.domain.notice import Notice, NoticeKind
from helix_core.store import rows
from helix_core.store.schema import CursorRow, NoticeRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlmodel.ext.asyncio.session import AsyncSession

    from helix_core.store.database import Store

# Built once: building one of these takes as long as asking it.
_LATEST = select(func.max(NoticeRow.id))
_DELIVERED = select(CursorRow.notice_id).where(CursorRow.notifier == bindparam("notifier"))
_AFTER = (
    select(NoticeRow).where(col(NoticeRow.id) > bindparam("after")).order_by(col(NoticeRow.id)).limit(bindparam("most"))
)


def owe(session: AsyncSession, kind: NoticeKind, text: str, now: datetime) -> None:
    """Owe the owner a message; it exists exactly if the transaction is committed."""
    session.add(NoticeRow(kind=kind.value, text=text, at=now))
    session.info["owed"] = True


class StoredOutbox:
    """The outbox as the delivery reads it: each notifier has a place of its own in it."""

    def __init__(self, store: Store) -> None:
        """Read and mark in `store`."""
        self._store = store

    async def register(self, notifiers: Iterable[str]) -> None:
        """Give notifiers that are new a place at the end, so that none tells the owner what is long past."""
        async with self._store.write() as session:
            latest = (await session.exec(_LATEST)).one() or 0
            for notifier in notifiers:
                if await rows.find(session, CursorRow, notifier) is None:
                    session.add(CursorRow(notifier=notifier, notice_id=latest))

    async def pending(self, notifier: str, limit: int) -> Sequence[Notice]:
        """At most `limit` messages that `notifier` has not delivered, oldest first."""
        async with self._store.read() as session:
            delivered = (await session.exec(_DELIVERED, params={"notifier": notifier})).first()
            rows = await session.exec(_AFTER, params={"after": delivered or 0, "most": limit})
            return [_notice(row) for row in rows]

    async def delivered(self, notifier: str, notice_id: int) -> None:
        """Note that `notifier` has delivered everything up to `notice_id`."""
        async with self._store.write() as session:
            cursor = await rows.find(session, CursorRow, notifier) or CursorRow(notifier=notifier, notice_id=0)
            cursor.notice_id = max(cursor.notice_id, notice_id)
            session.add(cursor)


def _notice(row: NoticeRow) -> Notice:
    assert row.id is not None
    return Notice(notice_id=row.id, kind=NoticeKind(row.kind), text=row.text, at=row.at)
