"""The risk engine starts with all seven gates, each itself, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from helix_core import ENTRY_GATES, EXIT_GATES, PluginError, RiskCheck, RiskDecision
from helix_core.risk import RiskEngine
from tests.risk.strangers import Stranger, allows

if TYPE_CHECKING:
    from helix_core import OrderIntent, RiskContext

    Gates = dict[str, RiskCheck]


@pytest.mark.parametrize("missing", ENTRY_GATES)
def test_no_engine_without_all_seven_gates(missing: str, gates: Gates) -> None:
    with pytest.raises(PluginError, match=missing):
        RiskEngine([gate for name, gate in gates.items() if name != missing])


def test_a_gate_cannot_be_replaced_by_one_of_the_same_name(gates: Gates) -> None:
    class Lax(Stranger):
        name = "daily_loss"

    with pytest.raises(PluginError, match="daily_loss"):
        RiskEngine([*gates.values(), Lax(allows)])


@pytest.mark.parametrize("stranger", [None, "max_spread", object()])
def test_what_is_not_a_risk_check_is_refused(stranger: Any, gates: Gates) -> None:
    with pytest.raises(PluginError, match="not a risk check"):
        RiskEngine([*gates.values(), stranger])


def test_a_check_without_a_name_is_refused(gates: Gates) -> None:
    class Nameless(RiskCheck):
        async def check(self, intent: OrderIntent, context: RiskContext) -> RiskDecision:
            return self.allow("fine")

    with pytest.raises(PluginError, match="Nameless"):
        RiskEngine([*gates.values(), Nameless()])


@pytest.mark.parametrize("name", ["daily_loss", "pair_available"])
def test_a_gate_that_judges_the_wrong_kind_of_order_is_refused(name: str, gates: Gates) -> None:
    wrong: type[RiskCheck] = type("Wrong", (Stranger,), {"name": name, "judges_exits": name not in EXIT_GATES})

    with pytest.raises(PluginError, match=name):
        RiskEngine([*(gates | {name: wrong(allows)}).values()])  # type: ignore[call-arg]
