"""Tries rules on a driver and tells which ones it breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helix_core.testing import ExchangeSuite
from helix_core.testing.exchange.bench import set_up
from helix_core.testing.rules import rules_of
from tests.conformance.test_binance import rig_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from helix_binance.client import BinanceClient

RULES = rules_of(ExchangeSuite)


async def broken_rules(driver: type[BinanceClient], rule_ids: Iterable[str]) -> set[str]:
    """Those of `rule_ids` that `driver` breaks, each tried on a venue of its own."""
    return {rule_id for rule_id in rule_ids if await breaks(driver, rule_id)}


async def breaks(driver: type[BinanceClient], rule_id: str) -> bool:
    """Whether a rule fails, as pytest would see it."""
    try:
        async with set_up(rig_of(driver)) as bench:
            await getattr(ExchangeSuite(), RULES[rule_id])(bench)
    except (Exception, pytest.fail.Exception):  # noqa: BLE001 - a rule fails by whatever it raises
        return True
    except pytest.skip.Exception:
        return False
    return False
