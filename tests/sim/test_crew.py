"""A worker that hangs, raises or dies loses its own job, and the run goes on."""

from __future__ import annotations

import os
import signal

from helix_core.clock import SystemClock
from helix_core.sim.crew import Lost, spread


def toil(job: str) -> str:
    if job == "hangs":
        signal.pause()
    if job == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if job == "raises":
        message = "by the test"
        raise ValueError(message)
    return job.upper()


def test_only_the_job_itself_is_lost() -> None:
    """Every other job is done, and each lost one is named with its reason."""
    began_s = SystemClock().monotonic()

    results = list(spread(toil, ["a", "hangs", "b", "dies", "c", "raises", "d"], workers=2, limit_s=5.0))

    lost = {found.job: found.why for found in results if isinstance(found, Lost)}
    assert {found for found in results if isinstance(found, str)} == {"A", "B", "C", "D"}
    assert set(lost) == {"hangs", "dies", "raises"}
    assert "no result within 5 s" in lost["hangs"]
    assert "-9" in lost["dies"]
    assert lost["raises"] == "ValueError: by the test"
    assert SystemClock().monotonic() - began_s < 50


def test_nothing_is_begun_when_it_is_enough() -> None:
    """The time is up: what has begun ends, the rest is left."""
    taken: list[str] = []

    results = spread(toil, iter(["a"] * 100), workers=1, limit_s=30.0, enough=lambda: len(taken) >= 3)
    for found in results:
        taken.append(found)  # noqa: PERF402 - `enough` counts them as they come

    assert len(taken) == 3
