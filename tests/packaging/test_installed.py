"""Core and one driver run from their wheels alone, far from the checkout."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.packaging.built import Built
    from tests.packaging.conftest import Installed

pytestmark = pytest.mark.packaging


def version(wheel: Path) -> str:
    """As the wheel's name says it."""
    return wheel.name.split("-")[1]


def test_the_packages_come_from_the_wheels(installed: Installed) -> None:
    ask = "import helix_core, helix_plugins, helix_binance; import sys; " + "; ".join(
        f"print(sys.modules['{name}'].__file__)" for name in ("helix_core", "helix_plugins", "helix_binance")
    )

    places = installed.run("python", "-c", ask).split()

    assert len(places) == 3
    assert all("site-packages" in place and str(installed.binaries.parent) in place for place in places)


def test_the_driver_that_is_not_installed_is_not_there(installed: Installed) -> None:
    ask = "from importlib.util import find_spec; print(find_spec('helix_kraken'))"

    assert installed.run("python", "-c", ask).strip() == "None"


def test_helix_says_the_version_of_the_wheel(installed: Installed, built: dict[str, Built]) -> None:
    said = installed.run("helix", "--version")

    assert said.split()[:2] == ["Helix", version(built["helix-core"].wheel)]


def test_helix_plugins_lists_cores_plugins_and_the_installed_driver_with_versions(
    installed: Installed, built: dict[str, Built]
) -> None:
    core, driver = (version(built[name].wheel) for name in ("helix-core", "helix-binance"))

    listed = json.loads(installed.run("helix", "plugins", "--json"))

    found = {(row["name"], row["distribution"], row["version"]) for row in listed}
    of_core = {(name, "helix-core", core) for name in ("apprise", "log", "paper", "risk", "telegram", "tradingview")}
    assert found == of_core | {("binance", "helix-binance", driver)}


@pytest.mark.deep
def test_each_driver_works_without_the_other(installed_with_the_other_driver: Installed) -> None:
    listed = json.loads(installed_with_the_other_driver.run("helix", "plugins", "--json"))
    ask = (
        "import sys; from helix_core import ExchangeConfig, SystemClock, TradingMode;"
        "from helix_core.plugins import Plugins;"
        "plugins = Plugins.load(lambda name: {}, disabled=['telegram']);"
        "config = ExchangeConfig(name='kraken', mode=TradingMode.PAPER, symbol='BTC/USDT', clock=SystemClock());"
        "print(plugins.exchange_client(config).label, 'helix_binance' in sys.modules)"
    )

    assert "binance" not in {row["name"] for row in listed}
    assert installed_with_the_other_driver.run("python", "-c", ask).split() == ["Kraken", "False"]


def test_the_table_a_human_sees_says_the_same(installed: Installed, built: dict[str, Built]) -> None:
    table = installed.run("helix", "plugins")

    rows = [line.split() for line in table.splitlines()]
    assert ["binance", "exchange", "helix-binance", version(built["helix-binance"].wheel), "installed"] in rows
    assert "kraken" not in table
