"""What goes first: orders, then looks at what became of them, then everything else."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from enum import IntEnum
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from helix_core import IN_HAND

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

P = ParamSpec("P")
T = TypeVar("T")


class Rank(IntEnum):
    """A request's place; the smaller goes first.

    An order or a cancel; the confirmation that a stop is gone, before which its coins are neither protected nor sold; a
    look, which follows one order to its end; the watch over stops, and a start; a poll, which keeps something fresh and
    can wait.
    """

    ORDER = 0
    CONFIRMATION = 1
    LOOK = 2
    WATCH = 3
    POLL = 4


_RANK: ContextVar[Rank | None] = ContextVar("rank", default=None)


def rank() -> Rank:
    """What a question asked here and now is: a poll, unless somebody is `looking`, or has an order in hand."""
    said = _RANK.get()
    if said is None:
        return Rank.LOOK if IN_HAND.get() else Rank.POLL
    return said


@contextmanager
def looking(as_: Rank = Rank.LOOK) -> Iterator[None]:
    """Whatever is asked inside is a look, or a confirmation."""
    token = _RANK.set(as_)
    try:
        yield
    finally:
        _RANK.reset(token)


def look(act: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """`act`, with all that it asks being looks."""

    @wraps(act)
    async def looked(*args: P.args, **kwargs: P.kwargs) -> T:
        with looking():
            return await act(*args, **kwargs)

    return looked
