"""Several things at once: for as long as all go well, or until the first of them ends."""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

log = structlog.get_logger(__name__)

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


@asynccontextmanager
async def supervised(stop: asyncio.Event, **tasks: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Run tasks for as long as the block lasts. None of them may end before: better no bot than half a bot.

    When one dies, `stop` is set, and its error is raised once the block has ended.
    """

    async def essential(name: str, work: Coroutine[object, object, None]) -> None:
        try:
            await work
        except Exception:
            log.exception("task_died", task=name)
            raise
        finally:
            stop.set()

    async with asyncio.TaskGroup() as group:
        running = [group.create_task(essential(name, work), name=name) for name, work in tasks.items()]
        yield
        for task in running:
            task.cancel()


async def unless_set(stop: asyncio.Event, work: Coroutine[object, object, None]) -> None:
    """Do `work` to its end, or until `stop` is set. Raises what it raised."""
    async with together() as group:
        tasks = [group.create_task(work), group.create_task(stop.wait())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()


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
