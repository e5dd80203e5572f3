"""The crash-point matrix: the power cut at every seam, with every outcome of the call, and again while it recovers."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice

import pytest

from helix_core.sim.crash_points import STRUCK, Matrix
from helix_core.sim.crash_scenes import SCENES
from helix_core.sim.crashes import run, run_many

PATHS = [("binance", "market"), ("binance", "atomic"), ("kraken", "market")]
A_PART = 6
"""Points in one test: a test of a second or two, so that they spread over the processors."""


@pytest.mark.parametrize(("exchange", "style"), PATHS)
@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_lost_doubled_or_naked_wherever_the_power_is_cut(exchange: str, style: str, seed: int) -> None:
    results = list(run_many(exchange, style, wanted=A_PART, start=1000 * seed))

    broken = [f"{result.point}: {found}" for result in results for found in result.result.violations]
    assert broken == []
    assert sum(result.reached for result in results) == A_PART


@pytest.mark.parametrize(("exchange", "style"), PATHS)
def test_the_matrix_of_each_path_has_more_points_than_the_proof_asks_for(exchange: str, style: str) -> None:
    matrix = Matrix(exchange, style)

    points = {str(matrix[number]) for number in range(len(matrix))}

    assert len(points) == len(matrix) >= 100_000


def test_a_sample_lies_evenly_over_the_matrix() -> None:
    """Of 600 points each scene has its share, and no number comes twice."""
    matrix = Matrix("binance")

    numbers = list(islice(matrix.numbers(), 600))
    drawn = Counter(matrix[number].scene.name for number in numbers)

    everything = Counter(matrix[number].scene.name for number in range(0, len(matrix), 7))
    assert len(set(numbers)) == 600
    for scene in SCENES:
        share = everything[scene.name] * 7 / len(matrix)
        assert drawn[scene.name] == pytest.approx(600 * share, abs=3)


def test_the_power_is_cut_where_the_point_says() -> None:
    """A cut at the third seam of an entry, and one at the second seam after it."""
    matrix = Matrix("binance")
    points = map(matrix.__getitem__, range(len(matrix)))
    point = next(point for point in points if (point.scene.name, point.first, point.second) == ("entry", 3, 2))

    result = run(point, tell=True)

    cuts = [line for line in result.result.story if "power cut at" in line]
    assert result.reached
    assert result.result.struck[STRUCK] == 2
    assert len(cuts) == 2
    assert re.search(r"power cut at (commit:before|commit:after|send)", cuts[0])


def test_a_finding_can_be_played_again() -> None:
    """The number of a result leads back to its point, and the same point gives the same story."""
    first = next(run_many("binance", wanted=1, start=3))
    again = run(Matrix("binance")[first.number])

    assert (again.point, again.result.digest) == (first.point, first.result.digest)
