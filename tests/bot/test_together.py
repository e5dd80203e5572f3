"""Tasks beside one another: the error that ends them leaves nothing behind in the task that waited for them."""

from __future__ import annotations

import asyncio

import pytest

from helix_core.engine.together import together


async def fails() -> None:
    await asyncio.sleep(0.001)
    raise ValueError("first")


async def does_two_things(block_s: float) -> None:
    async with together() as group:
        group.create_task(fails())
        await asyncio.sleep(block_s)


@pytest.mark.parametrize("block_s", [0.0, 1.0])
async def test_after_a_failure_a_time_out_is_still_a_time_out(block_s: float) -> None:
    """Whether the task failed while the block went on or after it: before Python 3.13 the two differ."""
    with pytest.raises(ValueError, match="first"):
        await does_two_things(block_s)

    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await asyncio.sleep(1)


async def test_a_cancellation_that_a_failure_has_hidden_is_delivered_at_the_next_wait() -> None:
    """Both come in the same turn of the loop: a worker that is to stop may not go on."""
    went_on = False

    async def fails_as_the_worker_is_to_stop() -> None:
        await asyncio.sleep(0.001)
        worker.cancel()
        await fails_at_once()

    async def fails_at_once() -> None:
        raise ValueError("first")

    async def work() -> None:
        nonlocal went_on
        with pytest.raises(ValueError, match="first"):
            async with together() as group:
                group.create_task(fails_as_the_worker_is_to_stop())
        await asyncio.sleep(0)
        went_on = True

    worker = asyncio.get_running_loop().create_task(work())
    with pytest.raises(asyncio.CancelledError):
        await worker

    assert not went_on
