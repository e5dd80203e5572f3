"""The rules for notifiers that listen find out every one that does it wrong, and let the right one pass."""

from __future__ import annotations

import pytest

from helix_core.testing import NotifierRig, NotifierSuite
from helix_core.testing.rules import rules_of
from tests.conformance.broken_listeners import BROKEN, Butler, Parlour, Word
from tests.notify.virtual_time import run

RULES = rules_of(NotifierSuite)


class ParlourRig(NotifierRig):
    def __init__(self, kind: type[Butler]) -> None:
        self._parlour = Parlour()
        self._butler = kind(self._parlour)

    @property
    def notifier(self) -> Butler:
        return self._butler

    def received(self) -> list[str]:
        return self._parlour.sent

    def fail(self) -> None:
        self._parlour.open = False

    def recover(self) -> None:
        self._parlour.open = True

    def say(self, words: str, *, by_owner: bool = True) -> None:
        self._parlour.numbers += 1
        self._parlour.said.append(Word(self._parlour.numbers, f"!{words}", by_owner))


def keep(kind: type[Butler], rule_id: str) -> None:
    """Try one rule, in no time. Raises what the rule raises."""
    run(getattr(NotifierSuite(), RULES[rule_id])(ParlourRig(kind)))


@pytest.mark.parametrize("rule_id", RULES)
def test_a_notifier_that_listens_as_it_should_keeps_every_rule(rule_id: str) -> None:
    keep(Butler, rule_id)


@pytest.mark.parametrize("kind", BROKEN)
def test_one_that_does_not_is_found_out_by_its_rule(kind: type[Butler]) -> None:
    with pytest.raises((AssertionError, TimeoutError, ExceptionGroup)):
        keep(kind, BROKEN[kind])
