"""`import helix_core` is what plugins are written against: complete, from floors 1 to 3, and light."""

from __future__ import annotations

import json
import subprocess
import sys

FLOORS = tuple(f"helix_core.{room}" for room in ("clock", "config", "contracts", "domain", "errors", "hookspecs"))
HEAVY = {"ccxt", "dynaconf", "fastapi", "pydantic", "sqlalchemy", "sqlmodel", "telegram", "uvicorn"}

LOOK = """
import json, sys, types
import helix_core
visible = {
    name: getattr(value, "__module__", "")
    for name, value in vars(helix_core).items()
    if not name.startswith("_") and not isinstance(value, types.ModuleType)
}
print(json.dumps({"all": helix_core.__all__, "visible": visible, "modules": sorted(sys.modules)}))
"""


def looked_at() -> dict[str, object]:
    """The door as a new process sees it."""
    command = [sys.executable, "-c", LOOK]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
    seen: dict[str, object] = json.loads(shown)
    return seen


def test_all_names_exactly_what_can_be_seen() -> None:
    door = looked_at()

    assert isinstance(door["visible"], dict)
    assert sorted(set(door["visible"]) - {"annotations"}) == sorted(door["all"])  # type: ignore[call-overload]


def test_nothing_comes_from_above_the_third_floor() -> None:
    modules = looked_at()["modules"]

    assert isinstance(modules, list)
    inside = [name for name in modules if name.startswith("helix_core.")]
    offenders = [name for name in inside if not name.startswith(FLOORS)]

    assert not offenders, "\n".join(offenders)


def test_importing_it_loads_no_heavy_library() -> None:
    modules = looked_at()["modules"]

    assert isinstance(modules, list)
    assert HEAVY.isdisjoint(modules)
