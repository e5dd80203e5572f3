"""The hunt: at which seed is a mutant found?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from helix_core.errors import InvariantBroken
from helix_core.sim.plan import Plan
from helix_core.sim.seeds import run

if TYPE_CHECKING:
    from helix_core.sim.mutants import Mutant
    from helix_core.sim.oracle import Violation

_STUMBLES = ("TypeError", "AttributeError", "NameError")


@dataclass(frozen=True, slots=True, kw_only=True)
class Catch:
    """What became of a hunt: the first seed that a mutant breaks, or None, and by which promise it was seen."""

    mutant: Mutant
    exchange: str
    style: str
    tried: int
    seed: int | None = None
    violation: Violation | None = None

    def __str__(self) -> str:
        """One line."""
        if self.seed is None:
            return f"{self.mutant.name}: NOT FOUND in {self.tried} seeds ({self.mutant.mistake})"
        return f"{self.mutant.name}: seed {self.seed} of {self.exchange} {self.style}: {self.violation}"


def hunt(mutant: Mutant, most: int, first: int = 0) -> Catch:
    """Play the seeds from `first` on with the mutant, until one breaks that is whole without it.

    Raises InvariantBroken when the mutant does not fit into Helix any more: that it stumbles is no find.
    """
    exchange, style = mutant.way
    for seed in range(first, first + most):
        plan = Plan.of(seed, exchange, style)
        with mutant.alive():
            result = run(plan)
        for violation in result.violations:
            if any(name in violation.detail for name in _STUMBLES):
                message = f"{mutant.name} does not fit any more: {violation}"
                raise InvariantBroken(message)
        if result.violations and not run(plan).violations:
            return Catch(
                mutant=mutant,
                exchange=exchange,
                style=style,
                tried=seed - first + 1,
                seed=seed,
                violation=result.violations[0],
            )
    return Catch(mutant=mutant, exchange=exchange, style=style, tried=most)
