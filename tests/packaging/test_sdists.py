"""The sdists hold what the wheels are made of, and nothing of the owner or of the workshop."""

from __future__ import annotations

import os
import shutil
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.packaging.built import DISTRIBUTIONS, Built, build, each_distribution

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.packaging

ALWAYS = {"pyproject.toml", "README.md", "LICENSE", "PKG-INFO", ".gitignore"}
RUBBISH = (
    "__pycache__/x.cpython-311.pyc",
    ".ruff_cache/x",
    ".env",
    ".secrets.toml",
    "data/helix.db",
    "tests/test_x.py",
)


@each_distribution
def test_an_sdist_holds_its_packages_and_what_goes_with_them(built: dict[str, Built], name: str) -> None:
    distribution = DISTRIBUTIONS[name]
    # Without git's list of what to leave out, as in a container's build, the builder has none to take along.
    expected = set(distribution.files()) | ALWAYS | distribution.also

    assert built[name].in_sdist() | {".gitignore"} == expected


@each_distribution
def test_files_belong_to_nobody_and_may_be_read_by_all(built: dict[str, Built], name: str) -> None:
    with tarfile.open(built[name].sdist) as archive:
        members = archive.getmembers()

    assert {(each.uid, each.gid, each.uname, each.gname) for each in members} == {(0, 0, "", "")}
    assert {each.mode for each in members if each.isfile()} == {0o644}


@pytest.mark.parametrize(
    "name",
    [pytest.param(each, marks=[] if each == "helix-risk-extras" else pytest.mark.deep) for each in DISTRIBUTIONS],
)
def test_another_day_and_another_folder_give_the_same_bytes(
    built: dict[str, Built], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in a folder where somebody worked: with caches, secrets and a database of theirs."""
    distribution, elsewhere = DISTRIBUTIONS[name], tmp_path / "a folder of somebody else"
    for file in {*distribution.files(), *distribution.also, *ALWAYS} - {"PKG-INFO", ".gitignore"}:
        (elsewhere / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(distribution.place / file, elsewhere / file)
    shutil.copyfile(DISTRIBUTIONS["helix-core"].place / ".gitignore", elsewhere / ".gitignore")
    package = elsewhere / distribution.packages[0]
    for rubbish in RUBBISH:
        at = (package if "cache" in rubbish else elsewhere) / rubbish
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_text("nothing for others")
    for source in elsewhere.rglob("*.py"):
        source.chmod(0o600)
        os.utime(source, (0, 0))
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")

    again = build(elsewhere, tmp_path / "dist")

    assert again.sdist.read_bytes() == built[name].sdist.read_bytes()
    assert again.wheel.read_bytes() == built[name].wheel.read_bytes()
