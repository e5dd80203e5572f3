"""A plan is plain data: the same seed says the same for ever, it prints, replays, and shrinks."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from helix_core.sim.acts import Alert
from helix_core.sim.plan import ROUNDS, Plan
from helix_core.sim.seeds import run
from helix_core.sim.ways import ways

_DIGEST = """
from helix_core.sim.plan import Plan
from helix_core.sim.seeds import run
print(run(Plan.of(3, *{way!r})).digest)
"""


@pytest.mark.parametrize("way", ways(), ids=str)
def test_the_same_seed_says_the_same(way: tuple[str, str]) -> None:
    """Two plans of a seed are equal to the last act, and those of its neighbour differ."""
    assert all(Plan.of(seed, *way) == Plan.of(seed, *way) for seed in range(50))
    assert Plan.of(1, *way).acts != Plan.of(2, *way).acts


def test_a_plan_prints_one_line_for_each_act() -> None:
    """What is printed names the seed and every act with its time."""
    plan = Plan.of(7, *ways()[0])

    head, settings, *lines = str(plan).splitlines()

    assert head.startswith("seed 7 ")
    assert "settings" in settings
    assert len(lines) == len(plan.acts)
    assert all(type(act).__name__ in line for act, line in zip(plan.acts, lines, strict=True))


def test_acts_are_in_the_order_of_their_times_and_each_seed_trades() -> None:
    """Every seed has one to four rounds, each begins with an alert to buy, and nothing comes before the beginning."""
    lengths = set()
    for seed in range(50):
        plan = Plan.of(seed, *ways()[0])
        times = [act.at_s for act in plan.acts]
        begun = {act.signal_id for act in plan.acts if isinstance(act, Alert) and act.signal_id.endswith("-in")}
        lengths.add(len(begun))
        assert times == sorted(times)
        assert times[0] >= 0
        assert begun == {f"{seed}-{number}-in" for number in range(len(begun))}
    assert lengths == set(ROUNDS)


def test_acts_can_be_left_out() -> None:
    """A plan without some of its acts keeps the others as they were: that is what shrinking does."""
    plan = Plan.of(7, *ways()[0])

    smaller = plan.without(0, 2)

    assert smaller.acts == (plan.acts[1], *plan.acts[3:])
    assert plan.only(1, *range(3, len(plan.acts))) == smaller
    assert smaller.settings == plan.settings


@pytest.mark.deep
def test_two_processes_tell_the_same_story_to_the_last_request() -> None:
    """The order of sets and dictionaries in one process must not show in what happens: so a seed replays anywhere."""
    one, another = (_digest(hash_seed) for hash_seed in ("1", "2"))

    assert one == another
    assert len(one) == 64


def _digest(hash_seed: str) -> str:
    done = subprocess.run(
        (sys.executable, "-c", _DIGEST.format(way=ways()[0])),
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.strip()


def test_a_story_depends_on_every_act() -> None:
    """The digest sees one alert that is missing."""
    plan = Plan.of(3, *ways()[0])
    first = next(place for place, act in enumerate(plan.acts) if isinstance(act, Alert))

    assert run(plan).digest != run(plan.without(first)).digest
