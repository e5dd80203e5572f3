"""The simulated loop: time jumps, order repeats, and the dead do nothing."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest

from helix_core.errors import InvariantBroken
from helix_core.sim.clock import EPOCH, VirtualClock
from helix_core.sim.loop import VirtualLoop


def test_an_hour_passes_at_once():
    """Sleeping moves the loop's time and the clock by exactly what was asked for."""
    loop = VirtualLoop()
    clock = VirtualClock(loop)

    loop.run_until_complete(asyncio.sleep(3600.25))

    assert loop.time() == 3600.25
    assert (clock.now() - EPOCH).total_seconds() == 3600.25
    loop.close()


def test_timers_of_the_same_moment_run_in_the_order_of_the_calls():
    """No heap and no hash decides who is first."""
    loop = VirtualLoop()
    order: list[int] = []

    async def scenario() -> None:
        for number in range(50):
            loop.call_later(1.0, order.append, number)
        await asyncio.sleep(2)

    loop.run_until_complete(scenario())

    assert order == list(range(50))
    loop.close()


def test_waiting_for_nothing_is_told():
    """A program in which everybody waits for ever raises instead of hanging the simulation."""
    loop = VirtualLoop()

    with pytest.raises(InvariantBroken, match="nothing will ever happen"):
        loop.run_until_complete(loop.create_future())

    loop.close()


def test_running_in_circles_is_told():
    """A program that never lets time pass raises instead of hanging the simulation."""
    loop = VirtualLoop()

    async def circle() -> None:
        while True:
            await asyncio.sleep(0)

    with pytest.raises(InvariantBroken, match="in circles"):
        loop.run_until_complete(circle())

    loop.close()


def test_a_thread_is_refused():
    """What a thread does could not be repeated, so nobody gets one."""
    loop = VirtualLoop()

    with pytest.raises(InvariantBroken, match="thread"):
        loop.run_until_complete(asyncio.to_thread(print))

    loop.close()


_STORY = """
import asyncio
from contextlib import closing
from helix_core.sim.stage import Stage
with closing(Stage(exchange="binance")) as stage:
    async def scenario():
        await stage.ready()
        await stage.alert("BUY")
        await stage.sleep(3)
        stage.crash("a test")
        await stage.ready()
        await stage.alert("SELL")
    stage.play(scenario())
    print(stage.story.digest)
"""


@pytest.mark.deep
def test_the_same_story_whatever_the_hash_seed():
    """Two processes with different hash seeds tell the same story to the last line."""
    told = {
        subprocess.run(
            [sys.executable, "-c", _STORY],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=50,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(told) == 1
    assert len(told.pop().strip()) == 64
