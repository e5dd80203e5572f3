"""The machine on which a simulated bot runs: its temporary folder, its disk, and what is installed there.

What a process finds out once and keeps, such as what is installed and how a statement reads in SQL, is kept here over
the lives of one simulation and over simulations: it is the same each time, and finding it out takes longer than all the
rest of a boot.
"""

from __future__ import annotations

import gc
import inspect
import os
import pickle
import ssl
import tempfile
import threading
from contextlib import contextmanager
from functools import cache
from importlib import metadata
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeVar
from unittest import mock

import pluggy._manager as pluggy_manager
from fastapi.dependencies import utils as fastapi_dependencies
from sqlalchemy import create_engine, event, make_url
from sqlalchemy.ext.asyncio import engine as async_engines
from sqlalchemy.ext.asyncio import session as async_sessions

from helix_core.ccxt.wire import Wire
from helix_core.sim.database import InlineDriver

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from inspect import Signature
    from pathlib import Path

    from sqlalchemy import Dialect, Engine

    from helix_core.sim.database import Disk

T = TypeVar("T")

_hook_of = cache(pluggy_manager._static_hook_attr)  # noqa: SLF001 - there is no public word for it
_descriptions: dict[type, bytes] = {}

_driver = cache(InlineDriver)
_entry_points = cache(metadata.entry_points)
_version = cache(metadata.version)
_metadata = cache(metadata.Distribution.metadata.fget)  # type: ignore[attr-defined]
_other_names: dict[type, list[str]] = {}
_read_source = inspect.getsourcelines
_sources: dict[object, tuple[list[str], int]] = {}
_read_signature = fastapi_dependencies.get_typed_signature
_signatures: dict[object, Signature] = {}
_trust = cache(ssl.create_default_context)
_compiled: dict[str, tuple[Dialect, Any]] = {}
"""By kind of database: the dialect of the first engine that has been connected, and what it has compiled."""


@contextmanager
def machine_of_its_own(folder: Path, disk: Disk) -> Iterator[None]:
    """Let the bot find a machine for itself: its own temporary folder, and a disk that can be full."""
    with (
        mock.patch.object(Wire, "__dir__", _names, create=True),
        mock.patch.object(metadata, "entry_points", _entry_points),
        mock.patch.object(metadata, "version", _version),
        mock.patch.object(metadata.Distribution, "metadata", property(_metadata)),
        mock.patch.object(async_engines, "_create_engine", _new_engine),
        mock.patch.object(async_sessions, "_run_to_completion", _at_once),
        mock.patch.object(inspect, "getsourcelines", _source),
        mock.patch.object(ssl, "create_default_context", _trust),
        mock.patch.object(threading, "Timer", _NoTimer),
        mock.patch.object(fastapi_dependencies, "get_typed_signature", _signature),
        mock.patch.object(pluggy_manager, "_static_hook_attr", _hook_of),
        mock.patch.object(Wire, "describe", _description, create=True),
        mock.patch.object(tempfile, "tempdir", str(folder)),
        mock.patch.object(os, "statvfs", disk.statvfs),
    ):
        yield
    _let_stay()


@cache
def _let_stay() -> None:
    """Spare the garbage collector what is there now: the libraries, which stay for as long as the process."""
    gc.collect()
    gc.freeze()


def _names(venue: Wire) -> list[str]:
    """The names in a ccxt exchange, but for methods once a first one has been made.

    ccxt looks through them to give the methods of its class a second name each, as often as one is made.
    """
    kind = type(venue)
    kept = _other_names.get(kind)
    if kept is None:
        everything = list(object.__dir__(venue))
        _other_names[kind] = [name for name in everything if not isinstance(getattr(kind, name, None), FunctionType)]
        return everything
    return [*kept, *vars(venue)]


def _description(venue: Wire) -> Any:
    """What ccxt knows of a venue: put together from several layers, and a new one for each exchange that is made."""
    kind = type(venue)
    if kind not in _descriptions:
        _descriptions[kind] = pickle.dumps(super(Wire, venue).describe())  # type: ignore[misc]
    return pickle.loads(_descriptions[kind])  # noqa: S301 - our own


async def _at_once(work: Awaitable[T]) -> T:
    """Close a session. Elsewhere that is a task of its own, for the thread; here it waits for nothing."""
    return await work


def _source(thing: Callable[..., object]) -> tuple[list[str], int]:
    """The source of a function: FastAPI asks for it at the first request of each life, and Python parses it."""
    code = getattr(thing, "__code__", thing)
    if code not in _sources:
        _sources[code] = _read_source(thing)
    return _sources[code]


def _signature(call: Callable[..., Any]) -> Signature:
    """What a function takes: FastAPI asks for it at each boot, and Python evaluates every annotation anew."""
    inner: Any = inspect.unwrap(call)
    code = getattr(inner, "__code__", inner), inspect.ismethod(inner)
    if code not in _signatures:
        _signatures[code] = _read_signature(call)
    return _signatures[code]


class _NoTimer:
    """In place of the thread in which the counts of requests are tidied up: it would have a clock of its own."""

    def __init__(self, *_: object) -> None:
        """Take no notice of what to do, and when."""

    def start(self) -> None:
        """Do nothing."""

    def is_alive(self) -> bool:
        """As if it went on."""
        return True


def _new_engine(url: str, **how: Any) -> Engine:
    """An engine of its own, with its own connections, that compiles no statement which another has compiled before."""
    kind = make_url(url).drivername
    known = _compiled.get(kind)
    engine = create_engine(url, module=_driver(), _initialize=known is None, **how)
    if known is not None:
        engine.dialect, engine._compiled_cache = known  # noqa: SLF001 - there is no public word for it
        return engine

    @event.listens_for(engine, "connect")
    def _connected(*_: object) -> None:
        # from here on its dialect knows what it speaks to
        _compiled.setdefault(kind, (engine.dialect, engine._compiled_cache))  # noqa: SLF001

    return engine
