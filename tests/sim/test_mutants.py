"""Mistakes put into Helix on purpose are found: a harness that finds none proves nothing."""

from __future__ import annotations

import pytest

from helix_core.sim.hunt import hunt
from helix_core.sim.mutants import MUTANTS, named

KNOWN = (("row-after-answer", 0), ("failed-after-k-errors", 2), ("absent-at-once", 14))
"""A mutant, and a seed of its way that finds it."""


@pytest.mark.parametrize(("name", "seed"), KNOWN)
def test_a_mistake_is_found_at_its_seed(name: str, seed: int) -> None:
    """With the mistake the seed breaks a promise, without it none: so the mistake it is."""
    caught = hunt(named(name), most=1, first=seed)

    assert caught.seed == seed, str(caught)


def test_each_mutant_has_a_name_of_its_own_and_says_its_mistake() -> None:
    """The page of the proof names them."""
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    assert all(mutant.mistake for mutant in MUTANTS)
    with pytest.raises(KeyError):
        named("no such mutant")
