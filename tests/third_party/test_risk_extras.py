"""helix-risk-extras as somebody installs it."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

from tests.bot.conftest import Venue, environment, running, venue
from tests.third_party.conftest import ROOT, Repository, build

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

__all__ = ["venue"]  # the fixture

EXTRAS = ROOT / "plugins" / "helix-risk-extras"


@pytest.fixture
def extras(tmp_path: Path) -> Repository:
    repository = Repository(EXTRAS, tmp_path / "site")
    repository.install()
    return repository


def test_its_wheel_holds_its_package_and_its_licence_and_nothing_else(tmp_path: Path) -> None:
    version = tomllib.loads((EXTRAS / "pyproject.toml").read_text())["project"]["version"]

    with ZipFile(build(EXTRAS, tmp_path)) as archive:
        names = archive.namelist()

    assert {name.split("/")[0] for name in names} == {"helix_risk_extras", f"helix_risk_extras-{version}.dist-info"}
    assert "helix_risk_extras/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_its_own_tests_pass_as_it_is_installed(extras: Repository) -> None:
    assert "passed" in extras.test()


async def test_after_a_stop_out_a_running_bot_cools_down(
    tmp_path: Path, extras: Repository, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time of the last stop-out comes from the database, through the snapshot, to the check."""
    monkeypatch.syspath_prepend(extras.site)
    settings = environment(venue, RISK_EXTRAS_COOLDOWN_AFTER_STOP_S="3600", RISK_EXTRAS_MAX_ORDER_VALUE="1000000")
    async with running(tmp_path / "bot", settings) as bot:
        before = await bot.post("BUY")
        venue.sandbox.venue.set_price(_below(venue.sandbox.venue.listing("BTC/USDT").last))
        await bot.until("SELECT status FROM trades", [("stopped_out",)])
        after = await bot.post("BUY")

        checks = bot.rows("SELECT gate, verdict FROM verdicts WHERE gate LIKE '%o%stop' OR gate = 'max_order_value'")

    assert before.status_code == 200
    assert (after.status_code, after.json()["reason"]) == (409, "cooling_down")
    assert sorted(checks) == [
        ("cooldown_after_stop", "allow"),
        ("cooldown_after_stop", "deny"),
        ("max_order_value", "allow"),
        ("max_order_value", "allow"),
    ]


def _below(price: Decimal) -> Decimal:
    return (price * 95 / 100).quantize(price)
