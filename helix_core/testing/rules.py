"""What every suite has in common: numbered rules, and exemptions that are written down and printed.

A rule is an `async def test_ex04_...` of a suite: its id is in its name. It is described, under the same id, in
docs/driver-rules.md or docs/plugin-rules.md.
"""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, ClassVar, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

_RULE = re.compile(r"test_([a-z]{2}\d{2})_")

Rule = TypeVar("Rule", bound="Callable[..., Awaitable[None]]")


class ExemptionNotice(pytest.PytestWarning):
    """A rule that was not proven, and why. The run's summary prints each one."""


class RuleSuite:
    """Rules to subclass. `exempt` says which do not bind this plugin, and why: {"ex07": "the venue has no ..."}.

    An exemption that names no rule, or gives no reason, is an error as soon as the class is defined.
    """

    exempt: ClassVar[Mapping[str, str]] = {}
    pytestmark: ClassVar = [
        pytest.mark.asyncio(loop_scope="function"),
        pytest.mark.filterwarnings(f"always::{__name__}.{ExemptionNotice.__name__}"),
    ]

    def __init_subclass__(cls) -> None:
        """Check the exemptions. Raises TypeError."""
        super().__init_subclass__()
        for rule_id, reason in cls.exempt.items():
            if rule_id not in rules_of(cls):
                message = f"{cls.__name__} is exempt from {rule_id!r}, and there is no such rule"
                raise TypeError(message)
            if not reason.strip():
                message = f"{cls.__name__} is exempt from {rule_id!r} without a reason: write one"
                raise TypeError(message)

    @pytest.fixture(autouse=True)
    def _exemptions(self, request: pytest.FixtureRequest) -> None:
        rule_id = rule_id_of(request.function.__name__)
        if rule_id in self.exempt:
            leave_out(f"{rule_id.upper()} is exempt: {self.exempt[rule_id]}")


def leave_out(reason: str) -> None:
    """Skip the rule that is running, and have the reason printed at the end of the run."""
    warnings.warn(ExemptionNotice(reason), stacklevel=2)
    pytest.skip(reason)


def rule_id_of(test_name: str) -> str:
    """`ex04` of `test_ex04_...`, or an empty text."""
    found = _RULE.match(test_name)
    return found[1] if found else ""


def rules_of(suite: type) -> dict[str, str]:
    """The name of each rule's test by the rule's id, in the order of the ids."""
    names = [name for name in dir(suite) if rule_id_of(name)]
    ids = [rule_id_of(name) for name in names]
    assert len(set(ids)) == len(ids), "each id names one rule"
    return dict(sorted(zip(ids, names, strict=True)))
