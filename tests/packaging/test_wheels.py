"""The wheels hold what they should and nothing else."""

from __future__ import annotations

from email import message_from_bytes
from typing import TYPE_CHECKING

import pytest

from tests.packaging.built import DISTRIBUTIONS, Built, build_wheel, each_distribution

if TYPE_CHECKING:
    from email.message import Message
    from pathlib import Path

pytestmark = pytest.mark.packaging

OF_THE_WHEEL = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
PYTHONS = {"3.11", "3.12", "3.13"}
ENTRY_POINTS = {
    "helix-core": "[console_scripts]\nhelix = helix_core.cli:main\nhelix-sim = helix_core.sim.cli:main\n",
    "helix-binance": "[helix.exchanges]\nbinance = helix_binance\n\n"
    "[helix.sandboxes]\nbinance = helix_binance.sandbox:sandbox\n",
    "helix-kraken": "[helix.exchanges]\nkraken = helix_kraken\n\n"
    "[helix.sandboxes]\nkraken = helix_kraken.sandbox:sandbox\n",
    "helix-risk-extras": "[helix.plugins]\nrisk-extras = helix_risk_extras\n",
}


def about(built: Built) -> dict[str, bytes]:
    """What stands in .dist-info, by the name from there."""
    return {name.partition(".dist-info/")[2]: text for name, text in built.in_wheel().items() if ".dist-info/" in name}


def metadata(built: Built) -> Message:
    return message_from_bytes(about(built)["METADATA"])


@each_distribution
def test_a_wheel_holds_every_file_of_its_packages_and_nothing_else(built: dict[str, Built], name: str) -> None:
    code = {file for file in built[name].in_wheel() if ".dist-info/" not in file}

    assert code == set(DISTRIBUTIONS[name].files().values())
    assert set(about(built[name])) == OF_THE_WHEEL


@each_distribution
def test_no_tests_are_shipped_but_those_that_helix_new_writes(built: dict[str, Built], name: str) -> None:
    names = [file for file in built[name].in_wheel() if not file.startswith("helix_core/cli/new/templates/")]

    assert [file for file in names if "test_" in file or "/tests/" in file or "conftest" in file] == []


@each_distribution
def test_every_package_is_typed(built: dict[str, Built], name: str) -> None:
    packages = {package.rpartition("/")[2] for package in DISTRIBUTIONS[name].packages}

    assert {f"{package}/py.typed" for package in packages} <= set(built[name].in_wheel())


@each_distribution
def test_the_licence_goes_with_it(built: dict[str, Built], name: str) -> None:
    assert metadata(built[name])["License-Expression"] == "MIT"
    assert b"MIT License" in about(built[name])["licenses/LICENSE"]


@each_distribution
def test_the_metadata_says_what_it_is_and_for_whom(built: dict[str, Built], name: str) -> None:
    said = metadata(built[name])
    classifiers = said.get_all("Classifier") or []

    assert said["Name"] == name
    assert said["Summary"]
    assert said["Author"] == "The Helix authors"
    assert said["Keywords"]
    assert said["Requires-Python"] == ">=3.11"
    assert said["Description-Content-Type"] == "text/markdown"
    assert str(said.get_payload()).startswith(f"# {name if name != 'helix-core' else 'Helix'}")
    assert {one.rpartition(" :: ")[2] for one in classifiers if ":: Python :: 3." in one} == PYTHONS
    assert "Typing :: Typed" in classifiers


@each_distribution
def test_no_address_is_made_up(built: dict[str, Built], name: str) -> None:
    """There is no home page, and none is claimed: an address that somebody else can take would be theirs."""
    said = metadata(built[name])

    assert (said["Home-page"], said["Project-URL"], said["Author-email"]) == (None, None, None)


@each_distribution
def test_what_stands_on_helix_needs_this_series_of_it(built: dict[str, Built], name: str) -> None:
    needed = {
        "helix-binance": ["helix-core[ccxt]<0.2,>=0.1"],
        "helix-kraken": ["helix-core[ccxt]<0.2,>=0.1"],
        "helix-risk-extras": ["helix-core<0.2,>=0.1"],
    }

    if name in needed:
        assert metadata(built[name]).get_all("Requires-Dist") == needed[name]


@each_distribution
def test_helix_finds_it_by_its_entry_points(built: dict[str, Built], name: str) -> None:
    assert about(built[name])["entry_points.txt"].decode() == ENTRY_POINTS[name]


@each_distribution
def test_the_wheel_of_the_sdist_is_the_wheel_of_the_checkout(
    built: dict[str, Built], name: str, tmp_path: Path
) -> None:
    straight = build_wheel(DISTRIBUTIONS[name].place, tmp_path)

    assert straight.name == built[name].wheel.name
    assert straight.read_bytes() == built[name].wheel.read_bytes()


def test_the_demos_candles_are_shipped_with_their_licence(built: dict[str, Built]) -> None:
    assert {
        "helix_core/cli/demo/candles_btcusdt_5m.csv",
        "helix_core/cli/demo/SOURCES.md",
    } <= set(built["helix-core"].in_wheel())
