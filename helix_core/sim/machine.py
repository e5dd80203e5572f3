"""The machine on which a simulated bot runs: its temporary folder, its disk, and what is installed there.

What a process finds out once and keeps, such as what is installed and how a statement reads in SQL, is kept here over
the lives of one simulation and over simulations: it is the same each time, and finding it out takes longer than all the
rest of a boot.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Any
from unittest import mock

from sqlalchemy import create_engine, event
from sqlalchemy.ext.asyncio import engine as async_engines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Dialect, Engine

    from helix_core.sim.database import Disk

_entry_points = cache(metadata.entry_points)
_version = cache(metadata.version)
_metadata = cache(metadata.Distribution.metadata.fget)  # type: ignore[attr-defined]
_compiled: dict[str, tuple[Dialect, Any]] = {}
"""By kind of database: the dialect of the first engine that has been connected, and what it has compiled."""


@contextmanager
def machine_of_its_own(folder: Path, disk: Disk) -> Iterator[None]:
    """Let the bot find a machine for itself: its own temporary folder, and a disk that can be full."""
    with (
        mock.patch.object(metadata, "entry_points", _entry_points),
        mock.patch.object(metadata, "version", _version),
        mock.patch.object(metadata.Distribution, "metadata", property(_metadata)),
        mock.patch.object(async_engines, "_create_engine", _new_engine),
        mock.patch.object(tempfile, "tempdir", str(folder)),
        mock.patch.object(os, "statvfs", disk.statvfs),
    ):
        yield


def _new_engine(url: str, **how: Any) -> Engine:
    """An engine of its own, with its own connections, that compiles no statement which another has compiled before."""
    engine = create_engine(url, **how)
    kind = engine.url.drivername
    known = _compiled.get(kind)
    if known is not None:
        engine.dialect, engine._compiled_cache = known  # noqa: SLF001 - there is no public word for it
        return engine

    @event.listens_for(engine, "connect")
    def _connected(*_: object) -> None:
        # from here on its dialect knows what it speaks to
        _compiled.setdefault(kind, (engine.dialect, engine._compiled_cache))  # noqa: SLF001

    return engine
