"""How many steps the machines take: see this folder's conftest."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "small")
_DEEP = (2_000, 200)
_EXAMPLES_STEPS = tuple(map(int, _PROFILE.split("x"))) if "x" in _PROFILE else _DEEP

IS_SMALL = _PROFILE in {"small", "default"}


def depth(examples: int, steps: int) -> settings:
    """Settings of a machine whose small form is so large; small, it invents the same steps every time."""
    count, length = (examples, steps) if IS_SMALL else _EXAMPLES_STEPS
    return settings(
        max_examples=count,
        stateful_step_count=length,
        deadline=None,
        database=None,
        derandomize=IS_SMALL,
        suppress_health_check=list(HealthCheck),
    )
