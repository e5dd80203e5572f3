"""Shrinking: the fewest acts of a plan that still break a promise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from helix_core.sim.seeds import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from helix_core.sim.plan import Plan
    from helix_core.sim.seeds import Result


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The smallest plan that was found, with its result; `places` are those of its acts in the whole plan."""

    plan: Plan
    places: tuple[int, ...]
    result: Result


def shrink(plan: Plan, told: Callable[[str], None] = lambda _line: None) -> Shrunk:
    """Leave acts out, many at first and then one by one, for as long as one of the rules stays broken.

    Raises ValueError when the plan breaks nothing.
    """
    best = Shrunk(plan, tuple(range(len(plan.acts))), run(plan))
    rules = _rules(best.result)
    if not rules:
        message = f"seed {plan.seed} breaks no promise"
        raise ValueError(message)
    size = max(1, len(plan.acts) // 2)
    while True:
        smaller = _without_some(plan, best, size, rules)
        if smaller is not None:
            best = smaller
            told(f"{len(best.places)} acts")
        elif size == 1:
            return best
        else:
            size = max(1, size // 2)


def _without_some(plan: Plan, best: Shrunk, size: int, rules: set[str]) -> Shrunk | None:
    """One pass over the plan that leaves out every `size` acts it can do without. None: it needs all of them."""
    found, first = None, 0
    while first < len(best.places):
        kept = best.places[:first] + best.places[first + size :]
        smaller = plan.only(*kept)
        result = run(smaller)
        if rules & _rules(result):
            found = best = Shrunk(smaller, kept, result)
        else:
            first += size
    return found


def _rules(result: Result) -> set[str]:
    return {violation.rule for violation in result.violations}
