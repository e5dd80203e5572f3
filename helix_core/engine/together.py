"""Several things at once, whose first error comes out as it is."""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_KEEPS_COUNT = sys.version_info >= (3, 13)


@asynccontextmanager
async def together() -> AsyncIterator[asyncio.TaskGroup]:
    """Run tasks beside the block; leave it when all have ended.

    Raises what the block or a task raised first, not a group of it: a failed database must be seen as one.
    """
    group, asked_in_block = asyncio.TaskGroup(), False
    try:
        async with group:
            try:
                yield group
            finally:
                asked_in_block = _has_asked(group)
    except ExceptionGroup as errors:
        if not _KEEPS_COUNT:
            _keep_count(left_over=_has_asked(group) and not asked_in_block)
        first: Exception = errors
        while isinstance(first, ExceptionGroup):
            first = first.exceptions[0]
        raise first from errors


def _has_asked(group: asyncio.TaskGroup) -> bool:
    """Whether the group has asked its own task to cancel, as one of its tasks failed."""
    return bool(getattr(group, "_parent_cancel_requested", False))


def _keep_count(*, left_over: bool) -> None:
    """Leave this task with the requests to cancel it that came from elsewhere, as Python does from 3.13 on.

    Before that the group's own stays where a task failed after the block (`left_over`): on 3.11.2 every time-out of the
    task then comes out as a cancellation. One from elsewhere that errors have hidden is delivered at the next wait.
    Source: cpython issue 116720.
    """
    task = asyncio.current_task()
    assert task is not None, "a group has a task of its own"
    if left_over:
        task.uncancel()
    if task.cancelling():
        task.uncancel()
        task.cancel()
