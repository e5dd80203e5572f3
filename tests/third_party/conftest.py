"""Repositories as a third party has them: written by `helix new`, built by their own backend, put beside Helix."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

from hatchling.builders.wheel import WheelBuilder

from helix_core.cli.new.kind import Kind
from helix_core.cli.new.naming import Naming
from helix_core.cli.new.repository import write

ROOT = Path(__file__).parents[2]
CLEAN = {"PATH": os.environ["PATH"], "COLUMNS": "200", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


@dataclass(frozen=True)
class Repository:
    """One repository, and the folder its distribution is installed into."""

    folder: Path
    site: Path

    @property
    def package(self) -> Path:
        """Where its code is."""
        (found,) = (self.folder / "src").iterdir()
        return found

    def install(self) -> None:
        """Build the wheel with the repository's own backend and unpack it: what pip does with a pure wheel."""
        wheel = build(self.folder, self.site.parent / "dist")
        with ZipFile(wheel) as archive:
            archive.extractall(self.site)

    def run(self, *command: str, timeout_s: float = 120) -> str:
        """What `python -m command` printed, run in the repository with its distribution beside Helix."""
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.folder,
            env={**CLEAN, "PYTHONPATH": str(self.site)},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def test(self) -> str:
        """What its own tests say, in a line."""
        return self.run("pytest", "-p", "pytest_asyncio.plugin", "-p", "no:cacheprovider").strip().splitlines()[-1]


def build(folder: Path, into: Path) -> Path:
    """The wheel of the project in `folder`."""
    (wheel,) = WheelBuilder(str(folder)).build(directory=str(into), versions=["standard"])
    return Path(wheel)


def helix(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command line, from the checkout's environment."""
    return subprocess.run(
        [sys.executable, "-m", "helix_core", *arguments],
        cwd=cwd,
        env=CLEAN,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def new(kind: str, name: str, folder: Path) -> Repository:
    """What `helix new` writes, not yet installed. The tutorials type the command itself."""
    return Repository(write(Kind(kind), Naming.checked(name), folder), folder / "site")


def pip_install(repository: Repository) -> None:
    """What anyone does, but for the network."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--no-build-isolation", "--target", repository.site, repository.folder], check=True)
