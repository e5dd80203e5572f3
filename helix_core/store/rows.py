"""Rows without ceremony: one by its primary key, and those that are only ever added."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import bindparam, insert, inspect
from sqlmodel import SQLModel, select

from helix_core.store.prepared import hot

if TYPE_CHECKING:
    from sqlalchemy import Insert, Table
    from sqlmodel.ext.asyncio.session import AsyncSession
    from sqlmodel.sql.expression import SelectOfScalar

Row = TypeVar("Row", bound=SQLModel)
_APPENDED = "appended"


async def find(session: AsyncSession, table: type[Row], *key: object) -> Row | None:
    """The row with this primary key, None when there is none. As `session.get`, in half the time."""
    query, names = _by_key(table)
    return (await session.exec(query, params=dict(zip(names, key, strict=True)))).first()


async def need(session: AsyncSession, table: type[Row], *key: object) -> Row:
    """The row with this primary key. Raises SQLAlchemy's NoResultFound when there is none."""
    query, names = _by_key(table)
    row: Row = (await session.exec(query, params=dict(zip(names, key, strict=True)))).one()
    return row


def append(session: AsyncSession, table: type[SQLModel], **row: object) -> None:
    """Add a row to a record that nobody reads in this transaction; it exists exactly if that is committed.

    All of them are written together at its end, in a fraction of the time that as many objects take.
    """
    session.info.setdefault(_APPENDED, {}).setdefault(table, []).append(row)


def has_appended(session: AsyncSession, table: type[SQLModel]) -> bool:
    """True when such a row was added."""
    return table in session.info.get(_APPENDED, ())


async def write_appended(session: AsyncSession) -> None:
    """Write what was appended. A transaction ends with this."""
    for kind, appended in session.info.get(_APPENDED, {}).items():
        await session.exec(_insert(kind), params=appended)


@cache
def table(of: type[SQLModel]) -> Table:
    """The table of such rows, for statements that need no objects."""
    found: Table = inspect(of).local_table
    return found


@cache
def _insert(into: type[SQLModel]) -> Insert:
    return hot(insert(table(into)))


@cache
def _by_key(table: type[Row]) -> tuple[SelectOfScalar[Row], tuple[str, ...]]:
    columns = inspect(table).primary_key
    query = select(table).where(*(column == bindparam(column.key) for column in columns))
    return query, tuple(column.key for column in columns)
