"""The subject: which signal the work at hand belongs to. Its log lines and its messages carry the signal's row."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROW: ContextVar[int | None] = ContextVar("helix_signal", default=None)


@contextmanager
def of_signal(row: int | None) -> Iterator[None]:
    """All that is done in the block belongs to signals.id `row`; tasks that are started in it inherit that.

    None: it belongs to no signal that is known.
    """
    token = _ROW.set(row)
    try:
        with structlog.contextvars.bound_contextvars(**({} if row is None else {"signal": row})):
            yield
    finally:
        _ROW.reset(token)


def signal_row() -> int | None:
    """Row of the signal that the work at hand belongs to; None when it belongs to none."""
    return _ROW.get()
