"""All distributions, built as they are published: the sdist from the checkout, the wheel from the sdist."""

from __future__ import annotations

import tarfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Distribution:
    """One project of this repository: its folder, and the packages it is made of, from there."""

    folder: str
    packages: tuple[str, ...]
    also: frozenset[str] = frozenset()
    """What its sdist holds beside packages, pyproject.toml, README.md and LICENSE."""

    @property
    def place(self) -> Path:
        """The folder."""
        return ROOT / self.folder

    @property
    def project(self) -> dict[str, Any]:
        """What its pyproject.toml says of it."""
        return tomllib.loads((self.place / "pyproject.toml").read_text())["project"]

    def files(self) -> dict[str, str]:
        """Each file of its packages, from the distribution's folder, and where a wheel puts it."""
        files: dict[str, str] = {}
        for package in self.packages:
            above = (self.place / package).parent
            for file in (self.place / package).rglob("*"):
                leftover = file.suffix == ".pyc" or any(part.endswith("_cache") for part in file.parts)
                if file.is_file() and not leftover:
                    files[file.relative_to(self.place).as_posix()] = file.relative_to(above).as_posix()
        return files


DISTRIBUTIONS = {
    "helix-core": Distribution(
        ".",
        ("helix_core", "plugins/helix_plugins"),
        frozenset({"CHANGELOG.md", "settings.toml", ".secrets.toml.example"}),
    ),
    "helix-binance": Distribution("helix_binance", ("src/helix_binance",)),
    "helix-kraken": Distribution("helix_kraken", ("src/helix_kraken",)),
    "helix-risk-extras": Distribution("plugins/helix-risk-extras", ("src/helix_risk_extras",)),
}
each_distribution = pytest.mark.parametrize("name", DISTRIBUTIONS)


@dataclass(frozen=True)
class Built:
    """What is published of one distribution."""

    sdist: Path
    wheel: Path

    def in_wheel(self) -> dict[str, bytes]:
        """Its files, by name."""
        with ZipFile(self.wheel) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    def in_sdist(self) -> set[str]:
        """Its files, without the folder that holds them all."""
        with tarfile.open(self.sdist) as archive:
            return {each.name.partition("/")[2] for each in archive if each.isfile()}


def build(project: Path, into: Path) -> Built:
    """The sdist of a project, and the wheel made of nothing but that sdist."""
    (sdist,) = SdistBuilder(str(project)).build(directory=str(into), versions=["standard"])
    with tarfile.open(sdist) as archive:
        archive.extractall(into / "unpacked", filter="data")
    unpacked = into / "unpacked" / Path(sdist).name.removesuffix(".tar.gz")
    return Built(sdist=Path(sdist), wheel=build_wheel(unpacked, into))


def build_wheel(project: Path, into: Path) -> Path:
    """The wheel, straight from a project's folder."""
    (wheel,) = WheelBuilder(str(project)).build(directory=str(into), versions=["standard"])
    return Path(wheel)
