"""Runs crash points: a sample of the matrix, in several processes, each point judged by the oracle.

    report = survey([("exchange", "market")], wanted=10_000, deadline_s=600, workers=2)

`run_many` gives the single results of one path.
"""

from __future__ import annotations

import multiprocessing
from collections import Counter, deque
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from helix_core.clock import SystemClock
from helix_core.sim.crash_points import Matrix
from helix_core.sim.crash_tree import CrashResult, grow, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Future

    from helix_core.sim.crash_points import Row
    from helix_core.sim.oracle import Violation

__all__ = ["CrashReport", "CrashResult", "run", "run_many", "survey"]

_POINTS_A_ROW = 6
"""Asked for in one playing of a row; twice as many come of it. More would be cheaper, and less even."""
_AHEAD = 2
"""Rows handed out to a process before their results are asked for."""


@dataclass(slots=True)
class CrashReport:
    """What many points came to, counted by where they lie. `seams` counts the places of the first cut."""

    points: Counter[str] = field(default_factory=Counter)
    scenes: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    seams: Counter[str] = field(default_factory=Counter)
    violations: list[tuple[CrashResult, Violation]] = field(default_factory=list)
    cuts: int = 0
    lives: int = 0
    virtual_s: float = 0.0
    cpu_s: float = 0.0
    wall_s: float = 0.0

    @property
    def reached(self) -> int:
        """How many points were played."""
        return self.points.total()

    def count(self, result: CrashResult) -> None:
        """Add one."""
        row = result.point.row
        self.points[f"{row.exchange} {row.style}"] += 1
        self.scenes[row.scene.name] += 1
        self.outcomes[row.outcome.name] += 1
        self.seams.update(result.seams[:1])
        self.violations += [(result, found) for found in result.result.violations]
        self.cuts += len(result.seams)
        self.lives += result.result.lives
        self.virtual_s += result.result.virtual_s
        self.cpu_s += result.result.cpu_s


def survey(
    paths: Sequence[tuple[str, str]],
    *,
    wanted: int,
    deadline_s: float | None = None,
    workers: int = 1,
    start: int = 0,
    told: Callable[[CrashResult], None] = lambda _: None,
) -> CrashReport:
    """Play `wanted` points in all, as many of each path (exchange and style), within `deadline_s` of wall time.

    `told` hears each result as it comes. A path that is done early leaves its time to the next.
    """
    clock, report = SystemClock(), CrashReport()
    began_s = clock.monotonic()
    for left, (exchange, style) in zip(range(len(paths), 0, -1), paths, strict=True):
        share_s = None if deadline_s is None else (deadline_s - (clock.monotonic() - began_s)) / left
        share = -(-(wanted - report.reached) // left)
        for result in run_many(exchange, style, wanted=share, start=start, workers=workers, deadline_s=share_s):
            report.count(result)
            told(result)
    report.wall_s = clock.monotonic() - began_s
    return report


def run_many(
    exchange: str,
    style: str = "market",
    *,
    wanted: int,
    start: int = 0,
    workers: int = 1,
    deadline_s: float | None = None,
) -> Iterator[CrashResult]:
    """Play points that lie evenly over one path until `wanted` have been reached, and yield each of them once.

    Another `start` gives other points. Not many seconds after `deadline_s` it ends in any case. With one worker the
    rows are played in this process, which must then not have threads that matter to them.
    """
    clock = SystemClock()
    ends_s = None if deadline_s is None else clock.monotonic() + deadline_s
    known: set[int] = set()
    for results in _spread(_rows(Matrix(exchange, style), wanted, start), workers):
        for result in results:
            if len(known) < wanted and result.point.number not in known:
                known.add(result.point.number)
                yield result
        if len(known) >= wanted or (ends_s is not None and clock.monotonic() >= ends_s):
            return


def _rows(matrix: Matrix, wanted: int, start: int) -> Iterator[tuple[Row, int, list[int]]]:
    """Rows with the number of their first point and the places to be played, until there are none left."""
    numbers = matrix.numbers(start)
    at_once = min(wanted, _POINTS_A_ROW * len(matrix.rows))
    while sample := list(islice(numbers, at_once)):
        places: dict[int, list[int]] = {}
        for row, place in map(matrix.place, sample):
            places.setdefault(row, []).append(place)
        yield from ((matrix.rows[row], matrix.first(row), chosen) for row, chosen in places.items())


def _spread(rows: Iterable[tuple[Row, int, list[int]]], workers: int) -> Iterator[list[CrashResult]]:
    """The results of rows, in their order, `workers` at a time. Rows under way are played to their end."""
    if workers == 1:
        yield from (grow(*row) for row in rows)
        return
    pending = iter(rows)
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("forkserver")) as pool:
        under_way: deque[Future[list[CrashResult]]] = deque()
        try:
            for row in islice(pending, workers * _AHEAD):
                under_way.append(pool.submit(grow, *row))
            while under_way:
                yield under_way.popleft().result()
                under_way.extend(pool.submit(grow, *row) for row in islice(pending, 1))
        finally:
            for rest in under_way:
                rest.cancel()
