"""Mistakes put into Helix on purpose are found: a harness that finds none proves nothing."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from helix_core.sim.hunt import hunt
from helix_core.sim.mutants import MUTANTS, Mutant, named
from helix_core.sim.plan import Plan
from helix_core.sim.seeds import run

KNOWN = (
    ("row-after-answer", 0),
    ("resend-on-timeout", 4),
    ("fee-ignored", 1),
    pytest.param("stop-forgotten", 14, marks=pytest.mark.deep),
    pytest.param("failed-after-k-errors", 54, marks=pytest.mark.deep),
    pytest.param("halt-not-checked-at-commit", 4, marks=pytest.mark.deep),
    pytest.param("no-dedup", 10, marks=pytest.mark.deep),
    pytest.param("watch-asleep", 27, marks=pytest.mark.deep),
)
"""A mutant, and a seed of its way that finds it. The proof hunts all of them."""
CALLS_ALL = (("binance", "market", 54), ("binance", "market", 66))
"""Seeds in which, together, everything is called that a mutant changes."""


@pytest.mark.parametrize(("name", "seed"), KNOWN)
def test_a_mistake_is_found_at_its_seed(name: str, seed: int) -> None:
    """With the mistake the seed breaks a promise, without it none: so the mistake it is."""
    caught = hunt(named(name), most=1, first=seed)

    assert caught.seed == seed, str(caught)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_fits_into_helix(mutant: Mutant) -> None:
    """What it changes is there to be changed, and is whole again afterwards."""
    target, attribute = mutant.where
    whole = getattr(target, attribute)

    with mutant.alive():
        assert getattr(target, attribute) is not whole

    assert getattr(target, attribute) is whole


def test_what_a_mutant_changes_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake put into a function that Helix has given up would harm nothing, and the hunt for it prove nothing."""
    called: set[str] = set()

    def noted(name: str, real: Any) -> Any:
        @functools.wraps(real)
        def call(*args: Any, **kwargs: Any) -> Any:
            called.add(name)
            return real(*args, **kwargs)

        return call

    places = {mutant.name: (mutant.where, *(place[:2] for place in mutant.also)) for mutant in MUTANTS}
    for name, changed in places.items():
        for target, attribute in changed:
            monkeypatch.setattr(target, attribute, noted(f"{name}: {attribute}", getattr(target, attribute)))
    for exchange, style, seed in CALLS_ALL:
        run(Plan.of(seed, exchange, style))

    assert called == {f"{name}: {attribute}" for name, changed in places.items() for _, attribute in changed}


def test_each_mutant_has_a_name_of_its_own_and_says_its_mistake() -> None:
    """The page of the proof names them."""
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    assert all(mutant.mistake for mutant in MUTANTS)
    with pytest.raises(KeyError):
        named("no such mutant")
