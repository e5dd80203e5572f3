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
from typing import TYPE_CHECKING

from helix_core.sim import scenery, seeds
from helix_core.sim.crash_cuts import STRUCK, CutsByForking
from helix_core.sim.crash_points import CrashPoint
from helix_core.sim.crash_stage import ForkedStage, Trial
from helix_core.sim.oracle import Violation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from helix_core.sim.crash_points import Row
    from helix_core.sim.play import Play

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
            os.lseek(results, 0, os.SEEK_SET)
            with os.fdopen(os.dup(results), "rb") as file:
                size = os.fstat(results).st_size
                return list(_pickles(file, size))
        finally:
            os.close(results)


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

    def _fork(self, play: Play, cuts: tuple[int, ...]) -> bool:
        stage = self._stage
        assert stage is not None, "it is its seam"
        if cuts not in self._wanted or stage.visited:
            return False
        child = os.fork()
        if child == 0:
            self._cuts = cuts
            resource.setrlimit(resource.RLIMIT_CPU, (_MOST_CPU_S, _MOST_CPU_S))
            stage.leave_parent()
            return True
        _, status = os.waitpid(child, 0)
        if status:
            self._report(self._dead(cuts, os.waitstatus_to_exitcode(status)))
        return False
