"""Shrinking: the fewest acts of a plan that still break a promise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core.sim.seeds import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from helix_core.sim.plan import Plan
    from helix_core.sim.seeds import Result


def shrink(plan: Plan, told: Callable[[str], None] = lambda _line: None) -> tuple[Plan, Result]:
    """Leave acts out, many at first and then one by one, for as long as one of the rules stays broken.

    Returns the smallest plan found, with its result. Raises ValueError when the plan breaks nothing.
    """
    result = run(plan)
    rules = {violation.rule for violation in result.violations}
    if not rules:
        message = f"seed {plan.seed} breaks no promise"
        raise ValueError(message)
    size = max(1, len(plan.acts) // 2)
    while True:
        smaller = _without_some(plan, size, rules)
        if smaller is not None:
            plan, result = smaller
            told(f"{len(plan.acts)} acts")
        elif size == 1:
            return plan, result
        else:
            size = max(1, size // 2)


def _without_some(plan: Plan, size: int, rules: set[str]) -> tuple[Plan, Result] | None:
    for first in range(0, len(plan.acts), size):
        smaller = plan.without(*range(first, first + size))
        result = run(smaller)
        if rules & {violation.rule for violation in result.violations}:
            return smaller, result
    return None
