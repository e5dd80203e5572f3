"""`helix-sim` as it is typed."""

from __future__ import annotations

from typer.testing import CliRunner

from helix_core.sim.cli import app
from helix_core.sim.ways import ways

EXCHANGE, STYLE = ways()[0]


def said(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["--exchange", EXCHANGE, "--style", STYLE, *words])
    return done.exit_code, done.output


def test_a_seed_is_replayed_and_told() -> None:
    """With --trace every request of the seed is shown, and a seed that breaks nothing ends well."""
    code, words = said("--seed", "3", "--trace")

    assert code == 0, words
    assert "life 1 begins" in words
    assert "1 plans, 0 broken" in words


def test_seeds_are_counted() -> None:
    """TO is left out."""
    code, words = said("--seeds", "3:5")

    assert code == 0, words
    assert "2 plans, 0 broken" in words


def test_a_crash_point_is_replayed() -> None:
    """Its number is its name."""
    code, words = said("--crash-point", "40", "--trace")

    assert code == 0, words
    assert "life 1 begins" in words
