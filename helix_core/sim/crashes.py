"""Runs crash points: a sample of the matrix, in several processes, each point judged by the oracle.

for result in run_many("exchange", "market", wanted=10_000, workers=2): ...
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from helix_core.sim.crash_points import STRUCK, CrashPoint, Matrix
from helix_core.sim.seeds import run as play

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from helix_core.sim.seeds import Result

_AHEAD = 16
"""Points handed out to a process before its results are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashResult:
    """What one point came to. `reached` is false where the scene ended before its seam: then it is no point at all."""

    point: str
    number: int
    reached: bool
    result: Result


def run(point: CrashPoint, number: int = 0, *, tell: bool = False) -> CrashResult:
    """Play one point and judge it."""
    result = play(point.plan, tell=tell)
    return CrashResult(point=str(point), number=number, reached=result.struck[STRUCK] == point.cuts, result=result)


def run_many(
    exchange: str, style: str = "market", *, wanted: int, start: int = 0, workers: int = 1
) -> Iterator[CrashResult]:
    """Play points that lie evenly over one path until `wanted` have been reached, and yield every result.

    Another `start` gives other points. `number` in a result is the point's place in the Matrix.
    """
    matrix = Matrix(exchange, style)
    numbers = matrix.numbers(start)
    if workers == 1:
        yield from _until(wanted, (run(matrix[number], number) for number in numbers))
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("forkserver")) as pool:
        under_way: deque[Future[CrashResult]] = deque(
            pool.submit(run, matrix[number], number) for number in islice(numbers, workers * _AHEAD)
        )

        def results() -> Iterator[CrashResult]:
            while under_way:
                yield under_way.popleft().result()
                for number in islice(numbers, 1):
                    under_way.append(pool.submit(run, matrix[number], number))

        yield from _until(wanted, results())
        for rest in under_way:
            rest.cancel()


def _until(wanted: int, results: Iterator[CrashResult]) -> Iterator[CrashResult]:
    """Results, until `wanted` points have been reached."""
    left = wanted
    for result in results:
        yield result
        left -= result.reached
        if left <= 0:
            return
