"""Property tests with a state: hypothesis invents the steps, the invariants hold after each of them.

`make test` runs the small form, the same steps every time. The deep form invents new ones: 2,000 examples of 200 steps
for each machine, some hours on one core:

    HYPOTHESIS_PROFILE=deep .venv/bin/pytest tests/stateful -n 4 -s

Anything between the two: HYPOTHESIS_PROFILE=300x100 (examples x steps). A failure prints the shortest steps that lead
to it, as a program that can be run.
"""

from __future__ import annotations

import pytest

from tests.stateful.depth import IS_SMALL

DEEP_TIMEOUT_S = 6 * 3600


def pytest_collection_modifyitems(items):
    """The deep form takes as long as it takes."""
    if not IS_SMALL:
        for item in items:
            if "tests/stateful/" in item.nodeid:
                item.add_marker(pytest.mark.timeout(DEEP_TIMEOUT_S))
