"""The simulated loop: time jumps, order repeats, and the dead do nothing."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from helix_core.errors import InvariantBroken
from helix_core.sim.clock import EPOCH, VirtualClock
from helix_core.sim.loop import VirtualLoop
from helix_core.sim.stage import Stage


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


def story() -> str:
    """The digest of a story with a trade and a crash in it."""
    with closing(Stage(exchange="binance")) as stage:

        async def scenario() -> None:
            await stage.ready()
            await stage.alert("BUY")
            await stage.sleep(3)
            stage.crash("a test")
            await stage.ready()
            await stage.alert("SELL")

        stage.play(scenario())
        return stage.story.digest


def test_the_same_story_whatever_the_hash_seed():
    """Another process with another hash seed tells the same story to the last line."""
    other = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"

    told = subprocess.run(
        [sys.executable, "-c", f"from {__name__} import story; print(story())"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONHASHSEED": other},
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    ).stdout.strip()

    assert told == story()
    assert len(told) == 64
