"""Each rule can fail: for every way to break the driver the documents name the rules that catch it, and they do."""

from __future__ import annotations

import re
from inspect import isclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conformance import (
    broken_entries,
    broken_orders,
    broken_questions,
    broken_session,
    broken_stops,
    broken_streams,
)
from tests.conformance.judging import RULES, broken_rules
from tests.conformance.test_binance import Impatient

if TYPE_CHECKING:
    from types import ModuleType

    from helix_binance.client import BinanceClient

PAGE = (Path(__file__).parents[2] / "docs" / "driver-rules.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (.+) \| (EX[EX0-9, ]+) \|$", re.MULTILINE)
TABLE = {name: rules.lower().split(", ") for name, _, rules in ROW.findall(PAGE)}


def drivers(module: ModuleType) -> dict[str, type[BinanceClient]]:
    found = {name: each for name, each in vars(module).items() if isclass(each) and issubclass(each, Impatient)}
    return {name: each for name, each in found.items() if each is not Impatient}


MUTANTS = {
    name: driver
    for module in (broken_session, broken_questions, broken_orders, broken_stops, broken_streams, broken_entries)
    for name, driver in drivers(module).items()
}


@pytest.mark.deep
@pytest.mark.parametrize("name", MUTANTS)
async def test_the_rules_that_the_table_names_catch_the_mutant(name: str) -> None:
    assert await broken_rules(MUTANTS[name], TABLE[name]) == set(TABLE[name])


def test_the_table_holds_every_mutant_with_what_it_does() -> None:
    described = {name: what for name, what, _ in ROW.findall(PAGE)}

    assert described == {name: mutant.__doc__ for name, mutant in MUTANTS.items()}


def test_every_rule_catches_a_mutant() -> None:
    """A rule that nothing can break would prove nothing."""
    assert {rule_id for rules in TABLE.values() for rule_id in rules} == set(RULES)
