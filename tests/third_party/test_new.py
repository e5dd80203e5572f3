"""`helix new` writes a whole repository, or nothing and why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from helix_core.cli.new.naming import Naming
from helix_core.errors import ConfigError
from tests.third_party.conftest import ROOT, helix, new

if TYPE_CHECKING:
    from pathlib import Path

KINDS = {
    "exchange": "exchange",
    "risk-check": "risk_checks",
    "notifier": "notifiers",
    "signal-source": "signal_sources",
}


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_all_four_kinds_side_by_side_are_found_by_helix_plugins(tmp_path: Path) -> None:
    for kind in KINDS:
        repository = new(kind, f"my-{kind}-x", tmp_path)
        repository.install()

    listed = json.loads(repository.run("helix_core", "plugins", "--json"))

    found = {(row["name"], row["distribution"], *row["kinds"], row["status"]) for row in listed}
    assert {(f"my-{kind}-x", f"helix-my-{kind}-x", provides, "installed") for kind, provides in KINDS.items()} <= found


@pytest.mark.parametrize("kind", KINDS)
def test_a_repository_is_complete_and_nothing_is_left_to_fill_in(kind: str, tmp_path: Path) -> None:
    repository = new(kind, "price-guard", tmp_path)

    files = contents(repository.folder)
    assert {"README.md", "LICENSE", ".gitignore", "pyproject.toml", "src/helix_price_guard/py.typed"} <= set(files)
    assert any(path.startswith("tests/test_") for path in files)
    assert "helix-price-guard" in files["README.md"]
    placeholders = ("$package", "$plugin", "$class_name", "${", ".tmpl")
    assert [path for path, text in files.items() if any(word in path + text for word in placeholders)] == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("MaxSpread", "max-spread"),
        ("max_spread", "max-spread"),
        ("3commas", "commas"),
        ("../evil", "evil"),
        ("a--b", "a-b"),
        ("", "max-spread"),
        ("x" * 31, "x" * 30),
        ("max-positions", "Helix's own"),
        ("tradingview", "Helix's own"),
        ("core", "Helix's own"),
        ("max", "begin with MAX_"),
        ("binance", "installed already"),
    ],
)
def test_a_bad_name_is_refused_with_a_better_one(name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Naming.checked(name)


def test_a_refusal_is_one_sentence_an_exit_code_and_no_file(tmp_path: Path) -> None:
    done = helix("new", "risk-check", "MaxSpread", cwd=tmp_path)

    assert done.returncode == 2
    assert "letters, digits and single hyphens" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_ever_overwritten(tmp_path: Path) -> None:
    mine = tmp_path / "elsewhere" / "helix-pigeon" / "README.md"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")

    with pytest.raises(ConfigError, match="nothing is ever overwritten"):
        new("notifier", "pigeon", tmp_path / "elsewhere")

    assert contents(tmp_path) == {"elsewhere/helix-pigeon/README.md": "mine"}


def test_the_example_driver_is_what_helix_new_writes(tmp_path: Path) -> None:
    """One text in two places: the tutorial's tests run it under another name."""
    made = new("exchange", "bybit", tmp_path)

    kept = contents(ROOT / "docs" / "examples" / "helix-bybit")

    assert contents(made.folder) == {path: text for path, text in kept.items() if "__pycache__" not in path}


def test_the_example_driver_takes_less_than_150_lines() -> None:
    sources = (ROOT / "docs" / "examples" / "helix-bybit" / "src").rglob("*.py")
    lines = [line.strip() for source in sources for line in source.read_text().splitlines()]

    assert sum(bool(line) and not line.startswith(("#", '"""')) for line in lines) < 150
