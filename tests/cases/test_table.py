"""The table of failure cases says the truth: all that it names exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from helix_core.sim import acts, humans, strikes, troubles

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
SIMULATED = re.compile(r"`((?:StrikeKind\.)?[A-Z]\w+)`")
ROWS = ROW.findall((ROOT / "docs" / "failure-cases.md").read_text("utf-8"))


def names_in(file: Path) -> set[str]:
    """What a test file defines at its top level."""
    body = ast.parse(file.read_text("utf-8")).body
    assigned = {
        target.id
        for one in body
        if isinstance(one, ast.Assign)
        for target in one.targets
        if isinstance(target, ast.Name)
    }
    return assigned | {
        one.name for one in body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }


def test_the_cases_are_numbered_without_a_gap() -> None:
    assert [int(number) for number, *_ in ROWS] == list(range(1, 115))


def test_every_test_that_is_named_exists() -> None:
    named = {(path, name) for *_, tests in ROWS for path, name in TEST.findall(tests)}
    missing = {
        f"{path}::{name}" for path, name in named if not (ROOT / path).exists() or name not in names_in(ROOT / path)
    }

    assert missing == set()
    assert len(named) > 100


def test_a_case_without_a_test_says_why() -> None:
    for number, _, what, tests in ROWS:
        assert TEST.search(tests) or re.search(r"does not apply: |open: ", what, re.IGNORECASE), f"case {number}"


def test_all_that_the_simulation_is_said_to_strike_with_is_there() -> None:
    known = {f"StrikeKind.{kind.name}" for kind in strikes.StrikeKind}
    for module in (acts, humans, troubles):
        known |= set(vars(module))
    named = {
        word for _, _, what, _ in ROWS if " sim " in f" {what}" for word in SIMULATED.findall(what.split("sim ", 1)[1])
    }

    assert named
    assert named <= known
