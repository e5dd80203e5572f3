"""The wheels, built as they are published, and an environment that holds two of them and nothing of the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.packaging.built import DISTRIBUTIONS, Built, build


class Installed:
    """An environment to run commands in, from a folder that is not the checkout and with nothing inherited."""

    def __init__(self, environment: Path, folder: Path) -> None:
        """`environment` is where Python is installed, `folder` where commands run."""
        self.binaries, self.folder = environment / "bin", folder

    def run(self, command: str, *arguments: str) -> str:
        """What the command printed. Raises CalledProcessError when it fails."""
        clean = {"PATH": os.defpath, "PYTHONSAFEPATH": "1", "COLUMNS": "200", "HOME": str(self.folder)}
        done = subprocess.run(
            [self.binaries / command, *arguments],
            cwd=self.folder,
            env=clean,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Built]:
    """The sdist and the wheel of each distribution, by its name."""
    folder = tmp_path_factory.mktemp("dist")
    return {name: build(distribution.place, folder / name) for name, distribution in DISTRIBUTIONS.items()}


@pytest.fixture(scope="session")
def installed(built: dict[str, Built], tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Core and one driver from their wheels; the third distribution is not there.

    Downloading the dependencies again would make this slow and need a network. They are taken from the environment
    the tests run in, by links, each but what belongs to Helix: neither its packages nor its metadata nor the files
    that make a checkout importable.
    """
    return _installed(built, "helix-binance", tmp_path_factory)


@pytest.fixture(scope="session")
def installed_with_the_other_driver(built: dict[str, Built], tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Core and the other driver, the first one not being there."""
    return _installed(built, "helix-kraken", tmp_path_factory)


def _installed(built: dict[str, Built], driver: str, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    place = tmp_path_factory.mktemp("installed")
    venv.create(place, symlinks=True, with_pip=False)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(place), "platbase": str(place)}))
    for dependency in Path(sysconfig.get_path("purelib")).iterdir():
        if "helix" not in dependency.name and dependency.suffix != ".pth":
            (packages / dependency.name).symlink_to(dependency)
    pip = [sys.executable, "-m", "pip", "--python", str(place / "bin" / "python"), "--disable-pip-version-check"]
    install = [*pip, "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, built["helix-core"].wheel, built[driver].wheel], check=True, timeout=60)
    return Installed(place, tmp_path_factory.mktemp("elsewhere"))
