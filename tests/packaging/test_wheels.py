"""The wheels hold what they should and nothing else."""

from __future__ import annotations

from email import message_from_bytes
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

if TYPE_CHECKING:
    from email.message import Message

pytestmark = pytest.mark.packaging

PACKAGES = {
    "helix_core": {"helix_core", "helix_plugins"},
    "helix_binance": {"helix_binance"},
    "helix_kraken": {"helix_kraken"},
}
each_distribution = pytest.mark.parametrize("name", PACKAGES)


def contents(wheel: Path) -> set[str]:
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


def metadata(wheel: Path) -> Message:
    with ZipFile(wheel) as archive:
        found = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_bytes(archive.read(found))


@each_distribution
def test_a_wheel_holds_its_packages_and_no_tests(wheels: dict[str, Path], name: str) -> None:
    names = contents(wheels[name])

    assert {path.split("/")[0] for path in names if ".dist-info/" not in path} == PACKAGES[name]
    assert [path for path in names if "test_" in path or "conftest" in path or path.endswith(".pyc")] == []


@each_distribution
def test_every_package_is_typed(wheels: dict[str, Path], name: str) -> None:
    assert {f"{package}/py.typed" for package in PACKAGES[name]} <= contents(wheels[name])


@each_distribution
def test_every_python_file_of_the_checkout_is_in_the_wheel(wheels: dict[str, Path], name: str) -> None:
    folders = {
        "helix_core": ("helix_core", "plugins/helix_plugins"),
        "helix_binance": ("helix_binance/src/helix_binance",),
        "helix_kraken": ("helix_kraken/src/helix_kraken",),
    }[name]
    places = [Path(__file__).parents[2] / folder for folder in folders]
    expected = {str(file.relative_to(place.parent)) for place in places for file in place.rglob("*.py")}

    assert expected <= contents(wheels[name])


@each_distribution
def test_the_licence_goes_with_it(wheels: dict[str, Path], name: str) -> None:
    about = metadata(wheels[name])

    assert about["License-Expression"] == "MIT"
    assert [path for path in contents(wheels[name]) if path.endswith(".dist-info/licenses/LICENSE")]


@each_distribution
def test_the_metadata_says_what_it_is_and_what_it_needs(wheels: dict[str, Path], name: str) -> None:
    about = metadata(wheels[name])

    assert about["Name"] == name.replace("_", "-")
    assert about["Requires-Python"] == ">=3.11"
    assert about["Summary"]
    assert str(about.get_payload()).strip()
    if name != "helix_core":
        assert about.get_all("Requires-Dist") == ["helix-core[ccxt]<0.2,>=0.1"]


def test_the_demos_candles_are_shipped_with_their_licence(wheels: dict[str, Path]) -> None:
    assert {
        "helix_core/cli/demo/candles_btcusdt_5m.csv",
        "helix_core/cli/demo/SOURCES.md",
    } <= contents(wheels["helix_core"])
