"""The crash-point matrix: the power cut at every seam, with every outcome of the call, and again while it recovers."""

from __future__ import annotations

import os
import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from helix_core.sim.crash_points import Matrix
from helix_core.sim.crash_scenes import SCENES
from helix_core.sim.crash_tree import grow
from helix_core.sim.crashes import run, run_many, survey

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATHS = [("binance", "market"), ("binance", "atomic"), ("kraken", "market")]
A_PART = 12
"""Points in one test: a test of a second or two, so that they spread over the processors."""


@pytest.mark.parametrize(("exchange", "style"), PATHS)
@pytest.mark.parametrize("seed", range(2))
def test_nothing_is_lost_doubled_or_naked_wherever_the_power_is_cut(exchange: str, style: str, seed: int) -> None:
    report = survey([(exchange, style)], wanted=A_PART, start=1000 * seed)

    assert [f"{result.command}: {result.point}: {found}" for result, found in report.violations] == []
    assert report.reached == A_PART
    assert report.cuts > A_PART // 2


@pytest.mark.parametrize(("exchange", "style"), PATHS)
def test_the_matrix_of_each_path_has_more_points_than_the_proof_asks_for(exchange: str, style: str) -> None:
    matrix = Matrix(exchange, style)

    points = {str(matrix[number]) for number in range(len(matrix))}

    assert len(points) == len(matrix) >= 100_000


def test_a_sample_lies_evenly_over_the_matrix() -> None:
    """Of 600 points each scene has its share, and no number comes twice."""
    matrix = Matrix("binance")

    numbers = list(islice(matrix.numbers(), 600))
    drawn = Counter(matrix[number].row.scene.name for number in numbers)

    everything = Counter(matrix[number].row.scene.name for number in range(0, len(matrix), 7))
    assert len(set(numbers)) == 600
    for scene in SCENES:
        share = everything[scene.name] * 7 / len(matrix)
        assert drawn[scene.name] == pytest.approx(600 * share, abs=3)


def test_the_power_is_cut_where_the_point_says() -> None:
    """A cut at the third seam of an entry, and one at the second seam after it."""
    row = Matrix("binance").rows[0]

    result = run(Matrix("binance")[row.place((3, 2))], tell=True)

    cuts = [line for line in result.result.story if "power cut at" in line]
    assert result.reached
    assert len(cuts) == len(result.seams) == 2
    assert re.search(r"power cut at (commit:before|commit:after|send)", cuts[0])
    assert [line.endswith(seam) for line, seam in zip(cuts, result.seams, strict=True)] == [True, True]


def test_a_branch_of_the_tree_is_the_story_of_its_point_alone() -> None:
    """One that forked off in the middle of another's story, twice, ended as when it was played from the beginning."""
    branches = list(run_many("binance", wanted=3, start=99))

    again = [run(Matrix("binance")[branch.number]) for branch in branches]

    assert sorted(len(branch.seams) for branch in branches) == [0, 1, 2]
    assert [branch.result.digest for branch in branches] == [alone.result.digest for alone in again]


def test_a_branch_that_dies_is_a_failure_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here every child ends at once; its parent goes on, and no child is left behind."""
    row = Matrix("binance").rows[0]
    children = []

    def fork(real: Callable[[], int] = os.fork) -> int:
        children.append(real() or os._exit(9))
        return children[-1]

    monkeypatch.setattr(os, "fork", fork)

    results = grow(row, 0, [row.place((2, 1)), row.place((3,))])

    broken = {result.point.seams: str(found) for result in results for found in result.result.violations}
    assert broken == {
        cuts: f"harness: the process that played {row}, cut at seam {cuts[0]} ended with 9" for cuts in [(2,), (3,)]
    }
    assert len(children) == 2
    for child in children:
        with pytest.raises(ChildProcessError):
            os.waitpid(child, os.WNOHANG)


def test_a_deadline_ends_it_early() -> None:
    """After the first row in any case."""
    report = survey(PATHS[:1], wanted=1_000, deadline_s=0.0)

    assert 0 < report.reached < 100
    assert report.wall_s < 30


def test_no_folder_of_a_branch_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each branch takes its copy of the files with it."""
    monkeypatch.setattr("helix_core.sim.scenery._SHARED_MEMORY", tmp_path)

    survey(PATHS[:1], wanted=4)

    assert list(tmp_path.iterdir()) == []
