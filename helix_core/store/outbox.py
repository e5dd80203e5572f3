"""The outbox: messages owed to the owner, written in the transaction of what they tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, insert, literal, update
from sqlmodel import func, select

from helix_core.domain.notice import Notice, NoticeKind
from helix_core.store import rows, subject
from helix_core.store.prepared import hot
from helix_core.store.schema import CursorRow, DeadLetterRow, NoticeRow
from helix_core.store.types import UtcDateTime

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlmodel.ext.asyncio.session import AsyncSession

    from helix_core.store.database import Store

_notices, _cursors, _dead = rows.table(NoticeRow).c, rows.table(CursorRow).c, rows.table(DeadLetterRow).c
# Built once: building one of these takes as long as asking it.
_LATEST = hot(select(func.max(_notices.id)))
_DELIVERED = select(_cursors.notice_id).where(_cursors.notifier == bindparam("notifier")).scalar_subquery()
_PENDING = hot(
    select(_notices.id, _notices.kind, _notices.text, _notices.at)
    .where(_notices.id > func.coalesce(_DELIVERED, 0))
    .order_by(_notices.id)
    .limit(bindparam("most"))
)
_ADVANCE = hot(
    update(rows.table(CursorRow))
    .where(_cursors.notifier == bindparam("whose"), _cursors.notice_id < bindparam("until"))
    .values(notice_id=bindparam("until"))
)
_LAST_BEFORE = select(func.max(_notices.id)).where(_notices.at < bindparam("before", type_=UtcDateTime()))
_COUNTED = select(_dead.notifier, func.count()).group_by(_dead.notifier)


def owe(session: AsyncSession, kind: NoticeKind, text: str, now: datetime) -> None:
    """Owe the owner a message; it exists exactly if the transaction is committed."""
    rows.append(session, NoticeRow, kind=kind.value, text=text, at=now, signal_row=subject.signal_row())


async def dead_letters(session: AsyncSession) -> dict[str, int]:
    """How many messages each notifier has given up, ever; a notifier that never did is not named."""
    return dict((await session.exec(_COUNTED)).all())


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
            found = await session.exec(_PENDING, params={"notifier": notifier, "most": limit})
            return [Notice(notice_id=id_, kind=NoticeKind(kind), text=text, at=at) for id_, kind, text, at in found]

    async def delivered(self, notifier: str, notice_id: int) -> None:
        """Note that `notifier` has delivered everything up to `notice_id`."""
        async with self._store.write() as session:
            advanced = await session.exec(_ADVANCE, params={"whose": notifier, "until": notice_id})
            if not advanced.rowcount and await rows.find(session, CursorRow, notifier) is None:
                session.add(CursorRow(notifier=notifier, notice_id=notice_id))

    async def give_up(self, notifier: str, before: datetime, problem: str, now: datetime, told: str | None) -> int:
        """Put away what `notifier` has not delivered and is from before then; returns how many that is."""
        async with self._store.write() as session:
            until = (await session.exec(_LAST_BEFORE, params={"before": before})).one() or 0
            cursor = await rows.find(session, CursorRow, notifier) or CursorRow(notifier=notifier, notice_id=0)
            if until <= cursor.notice_id:
                return 0
            given_up = select(
                literal(notifier), _notices.id, literal(problem), literal(now, type_=UtcDateTime())
            ).where(_notices.id > cursor.notice_id, _notices.id <= until)
            into = insert(rows.table(DeadLetterRow)).from_select(["notifier", "notice_id", "problem", "at"], given_up)
            count = (await session.exec(into)).rowcount
            cursor.notice_id = until
            session.add(cursor)
            if told is not None:
                owe(session, NoticeKind.ERROR, told, now)
            return count
