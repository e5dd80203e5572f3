"""What a database says when it cannot: in the owner's words, with what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

    from sqlalchemy.exc import SQLAlchemyError

DAMAGED = (
    "Nothing was changed. Move the file away, keep it, and put back your latest backup; without one start with a new "
    "file: the stops at the venue stay where they are"
)
_HELD = "another program holds it, such as a backup or sqlite3: let that end"
_WAYS_OUT = {
    "database is locked": _HELD,
    "QueuePool limit": _HELD,
    "no turn to write": _HELD,
    "disk is full": "make room on its disk",
    "disk I/O error": "look at its disk: it may be full or failing",
    "readonly": "its file or its disk is read-only: look at the disk, and at who owns the file",
    "unable to open": "look at its folder and at who owns it",
    "malformed": DAMAGED,
    "not a database": DAMAGED,
}


def told(error: SQLAlchemyError | sqlite3.Error) -> str:
    """The database's own words, followed by the way out where one is known."""
    words = str(getattr(error, "orig", None) or error).splitlines()[0]
    way_out = next((way for sign, way in _WAYS_OUT.items() if sign in words), None)
    return words if way_out is None else f"{words} ({way_out})"


def is_full(error: SQLAlchemyError | sqlite3.Error) -> bool:
    """True when the disk has no room left."""
    return "disk is full" in told(error)
