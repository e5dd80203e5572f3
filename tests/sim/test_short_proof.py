"""A short proof at every run of the suite: some seeds of every way, none of which breaks a promise."""

from __future__ import annotations

import pytest

from helix_core.sim.plan import Plan
from helix_core.sim.seeds import run
from helix_core.sim.ways import ways

SEEDS, AT_ONCE = 9, 3


@pytest.mark.parametrize("way", ways(), ids=" ".join)
@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_no_seed_breaks_a_promise(way: tuple[str, str], first: int) -> None:
    """Faults, power cuts and humans at random: the venue's ledger and the database agree at the end of each seed."""
    for seed in range(first, first + AT_ONCE):
        result = run(Plan.of(seed, *way))

        assert not result.violations, f"{result.job.command}\n" + "\n".join(map(str, result.violations))
