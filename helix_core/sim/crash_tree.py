"""Plays many crash points of one row at the price of one: at each of their seams this process forks.

The child is cut there and recovers, and forks again at the seams of its recovery. The parent waits for it, so that at
any moment one process works, and goes on as if nothing had happened.
"""

from __future__ import annotations

import os
import pickle
import resource
import time
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from helix_core.sim import scenery, seeds
from helix_core.sim.crash_cuts import STRUCK, CutsByForking
from helix_core.sim.crash_points import CrashPoint
from helix_core.sim.crash_stage import ForkedStage, Trial
from helix_core.sim.oracle import Violation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from helix_core.sim.crash_points import Row

_MOST_CPU_S = 20
"""A branch takes a fraction of a second. One that takes so long runs in circles, and is ended by the system."""
_A_SEAM = ("commit:", "send:", "answer:")


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashResult:
    """What one point came to. `seams` names the places where the power was cut.

    `reached` is false where the story ended before the point's last seam: then it is no point at all.
    """

    point: CrashPoint
    seams: tuple[str, ...]
    reached: bool
    result: seeds.Result

    @property
    def number(self) -> int:
        """The point's place in the Matrix."""
        return self.point.number

    @property
    def command(self) -> str:
        """What replays it."""
        row = self.point.row
        return f"helix-sim --exchange {row.exchange} --style {row.style} --crash-point {self.point.number} --trace"


def run(point: CrashPoint, *, tell: bool = False) -> CrashResult:
    """Play one point and judge it, in this process."""
    plan = point.plan
    stage = ForkedStage(exchange=plan.exchange, settings=dict(plan.settings), epoch=plan.epoch)
    result = seeds.run(plan, tell=tell, stage=stage, play=Trial(plan, stage, tell=tell))
    return _result(point, stage, result)


def grow(row: Row, first: int, places: Iterable[int]) -> list[CrashResult]:
    """Play the points at `places` of `row`, whose first point has the number `first`. What is not reached is left out.

    The stories on the way to them are points too: the one that is not cut, and those that are cut once only.
    """
    with scenery.scratch() as folder:
        results = os.open(f"{folder}/results", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            _Tree(row, first, places, results).play()
        finally:
            os.close(results)
        return list(_read(Path(folder, "results")))


class _Tree:
    """The process that plays a row, and every branch of it."""

    def __init__(self, row: Row, first: int, places: Iterable[int], results: int) -> None:
        wanted = {row.seams(place) for place in places}
        self._row, self._first, self._results = row, first, results
        self._wanted = wanted | {seams[:1] for seams in wanted}
        self._stage: ForkedStage | None = None
        self._cuts: tuple[int, ...] = ()

    def play(self) -> None:
        """Play the row, report it, and in a branch end the process."""
        ended = 1
        try:
            plan = self._row.plan(CutsByForking(at_s=self._row.scene.at_s, fork=self._fork))
            self._stage = ForkedStage(exchange=plan.exchange, settings=dict(plan.settings), epoch=plan.epoch)
            result = seeds.run(plan, stage=self._stage, play=Trial(plan, self._stage))
            self._report(_result(self._point(), self._stage, result))
            ended = 0
        except BaseException:
            if not self._cuts:
                raise
            traceback.print_exc()
        finally:
            if self._cuts:
                os._exit(ended)

    def _fork(self, cuts: tuple[int, ...]) -> bool:
        stage = self._stage
        assert stage is not None, "it is its seam"
        if cuts not in self._wanted or stage.visited:
            return False
        child = os.fork()
        if child == 0:
            self._cuts = cuts
            _become(stage)
            return True
        _, status = os.waitpid(child, 0)
        if status:
            self._report(self._dead(cuts, os.waitstatus_to_exitcode(status)))
        return False

    def _point(self) -> CrashPoint:
        return self._point_at(self._cuts)

    def _point_at(self, cuts: tuple[int, ...]) -> CrashPoint:
        return CrashPoint(number=self._first + self._row.place(cuts), row=self._row, seams=cuts)

    def _dead(self, cuts: tuple[int, ...], code: int) -> CrashResult:
        point = self._point_at(cuts)
        broken = Violation("harness", f"the process that played {point} ended with {code}")
        job = seeds.Job(seed=0, exchange=self._row.exchange, style=self._row.style)
        return CrashResult(point=point, seams=(), reached=True, result=seeds.Result(job=job, violations=(broken,)))

    def _report(self, result: CrashResult) -> None:
        """One write, whole or not at all."""
        if self._cuts:  # its clock began with the fork
            result = replace(result, result=replace(result.result, cpu_s=time.process_time()))
        os.write(self._results, pickle.dumps(result))


def _become(stage: ForkedStage) -> None:
    """Be a branch from here on. A child that cannot leave what is its parent's ends at once."""
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (_MOST_CPU_S, _MOST_CPU_S))
        stage.leave_parent()
    except BaseException:  # noqa: BLE001 - whatever it is, its parent goes on and reports it
        traceback.print_exc()
        os._exit(1)


def _result(point: CrashPoint, stage: ForkedStage, result: seeds.Result) -> CrashResult:
    seams = tuple(life.why for life in stage.lives if life.why.startswith(_A_SEAM))
    return CrashResult(point=point, seams=seams, reached=result.struck[STRUCK] == len(point.seams), result=result)


def _read(file: Path) -> Iterator[CrashResult]:
    """What a row and its branches have reported, in the order in which they ended."""
    with file.open("rb") as reports:
        size = file.stat().st_size
        while reports.tell() < size:
            result: CrashResult = pickle.load(reports)  # noqa: S301 - written by this program's own children
            yield result
