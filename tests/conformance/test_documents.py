"""Rules and documents agree, both ways."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from helix_core.testing import ExchangeSuite, NotifierSuite, RiskCheckSuite, SignalSourceSuite
from helix_core.testing.rules import rules_of

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {
    "driver-rules.md": (ExchangeSuite,),
    "plugin-rules.md": (RiskCheckSuite, NotifierSuite, SignalSourceSuite),
}
SECTION = re.compile(
    r"^### ([A-Z]{2}\d{2}) (.+)\n\n- \*\*What:\*\* .+\n- \*\*Why:\*\* .+\n- \*\*Tested:\*\* .+$", re.MULTILINE
)


def words(text: str) -> str:
    """A title as it can stand in a test's name."""
    return "_".join(re.findall(r"[a-z0-9]+", text.lower().replace("'", "")))


@pytest.mark.parametrize("page", PAGES)
def test_every_rule_is_described_under_its_name_and_nothing_else_is(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")

    described = {rule_id.lower(): words(title) for rule_id, title in SECTION.findall(text)}

    rules = {rule_id: name for suite in PAGES[page] for rule_id, name in rules_of(suite).items()}
    assert {rule_id: f"test_{rule_id}_{title}" for rule_id, title in described.items()} == rules
    assert text.count("\n### ") == len(rules)


@pytest.mark.parametrize("suite", [ExchangeSuite, RiskCheckSuite, NotifierSuite, SignalSourceSuite])
def test_rules_are_numbered_without_a_gap(suite: type) -> None:
    numbers = [int(rule_id[2:]) for rule_id in rules_of(suite)]

    assert numbers == list(range(1, len(numbers) + 1))
