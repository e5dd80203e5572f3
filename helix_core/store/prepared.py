"""Prepared statements: what SQLAlchemy makes of a statement is made once, and goes straight to SQLite from then on.

Of what a look-up by index takes, SQLite needs a tenth; the rest is SQLAlchemy finding what it compiled before, and
making ready for results of any kind. Types are converted as SQLAlchemy would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.sql.dml import UpdateBase
from sqlmodel.sql.expression import SelectOfScalar

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Dialect, Executable

Statement = TypeVar("Statement")
_HOT: set[Any] = set()


def hot(statement: Statement) -> Statement:
    """Have `statement` prepared where that can be: one over tables, not objects, that is built once and asked often.

    A session that has changed something flushes before it. What a list of parameters stands for is made one by one.
    """
    _HOT.add(statement)
    return statement


class Found:
    """What a statement found, all of it, and how many rows it changed."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, rows: list[Any], rowcount: int) -> None:
        """Rows are tuples, or single values where the statement asks for one column."""
        self._rows, self.rowcount = rows, rowcount

    def __iter__(self) -> Iterator[Any]:
        """Row by row."""
        return iter(self._rows)

    def all(self) -> list[Any]:
        """Every row."""
        return self._rows

    def first(self) -> Any:
        """The first row; None where there is none."""
        return self._rows[0] if self._rows else None

    def one(self) -> Any:
        """The one row there is. Raises ValueError."""
        (row,) = self._rows
        return row


class Prepared:
    """The statements of one database that are ready."""

    def __init__(self, dialect: Dialect) -> None:
        """None yet."""
        self._dialect = dialect
        self._ready: dict[tuple[Any, tuple[str, ...]], _Ready] = {}

    def run(self, connection: sqlite3.Connection, statement: Any, params: Any) -> Found | None:
        """Execute a hot statement; None for any other, which is not executed."""
        if statement not in _HOT:
            return None
        several = isinstance(params, list)
        names = tuple(params[0] if several else params or ())
        ready = self._ready.get((statement, names))
        if ready is None:
            ready = self._ready[statement, names] = _Ready(statement, names, self._dialect)
        return ready.run_all(connection, params) if several else ready.run(connection, params or {})


class _Ready:
    """One statement as SQLite takes it."""

    def __init__(self, statement: Executable, names: Sequence[str], dialect: Dialect) -> None:
        columns = names if isinstance(statement, UpdateBase) else None
        compiled: Any = statement.compile(dialect=dialect, column_keys=columns)  # type: ignore[attr-defined]
        self._sql = str(compiled)
        binds = [compiled.binds[name] for name in compiled.positiontup]
        self._binds = [
            (bind.key, bind.required, bind.value, bind.type.dialect_impl(dialect).bind_processor(dialect))
            for bind in binds
        ]
        found: Any = getattr(statement, "exported_columns", ())
        self._columns = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in found]
        self._scalar = isinstance(statement, SelectOfScalar)

    def run(self, connection: sqlite3.Connection, params: Mapping[str, Any]) -> Found:
        cursor = connection.execute(self._sql, self._values(params))
        rows = [self._row(row) for row in cursor.fetchall()]
        return Found(rows, cursor.rowcount)

    def run_all(self, connection: sqlite3.Connection, several: Sequence[Mapping[str, Any]]) -> Found:
        cursor = connection.executemany(self._sql, map(self._values, several))
        return Found([], cursor.rowcount)

    def _values(self, params: Mapping[str, Any]) -> list[Any]:
        given = [params[key] if required else value for key, required, value, _ in self._binds]
        return [value if bind[3] is None else bind[3](value) for value, bind in zip(given, self._binds, strict=True)]

    def _row(self, row: tuple[Any, ...]) -> Any:
        converted = tuple(
            value if convert is None else convert(value) for value, convert in zip(row, self._columns, strict=True)
        )
        return converted[0] if self._scalar else converted
