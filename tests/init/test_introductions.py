"""A plugin of anybody's is set up as Helix's own are: the command knows no medium by name."""

from __future__ import annotations

import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from helix_core.errors import PluginError
from helix_core.plugins import introductions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.init.conftest import Outside

PIGEON = """
from pathlib import Path
from helix_core import Caller, ConfigError, Introduction, Notifier, Question, hookimpl

class PigeonIntroduction(Introduction):
    name, label, purpose = "pigeon", "Pigeon", "messages by air"
    questions = (Question(key="ring", asks="ring", where="It is on the leg."),)
    finds = Question(key="loft", asks="loft", where="Ask the pigeon.")

    async def begin(self, config):
        if config.secret("ring").get_secret_value() != "gold":
            raise ConfigError("PIGEON_RING is not gold. Polish it.")
        return "Whistle."

    async def caller(self):
        return Caller(value="north", who="Pigeon", said="coo")

class Pigeon(Notifier):
    name = "pigeon"

    def __init__(self, config):
        self.loft = config.secret("loft").get_secret_value()

    async def notify(self, notice):
        Path(self.loft).write_text(notice.text)

@hookimpl
def helix_introductions():
    return [PigeonIntroduction()]

@hookimpl
def helix_notifiers(config):
    return [Pigeon(config)]
"""


@pytest.fixture
def pigeon(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The plugin, installed; returns its module."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "helix_pigeon.py").write_text(PIGEON)
    info = folder / "helix_pigeon-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: helix-pigeon\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[helix.plugins]\npigeon = helix_pigeon\n")
    monkeypatch.syspath_prepend(str(folder))
    yield folder / "helix_pigeon.py"
    sys.modules.pop("helix_pigeon", None)


@pytest.mark.parametrize(("ring", "code"), [("gold", 0), ("brass", 2)])
async def test_its_questions_are_asked_and_its_answers_reach_it(
    ring: str, code: int, pigeon: Path, tmp_path: Path, outside: Outside, command: Callable[..., Any]
) -> None:
    loft = str(tmp_path / "loft")
    environ = {**outside.addresses(), "PIGEON_RING": ring, "PIGEON_LOFT": loft}
    arguments = ("init", "--exchange", "binance", "--mode", "paper", "--without", "telegram")

    ended, said = await command(*arguments, environ=environ)

    assert ended == code, said
    if code == 0:
        written = tomllib.loads((tmp_path / ".secrets.toml").read_text())
        assert (written["PIGEON_RING"], written["PIGEON_LOFT"]) == (ring, loft)
        assert "HELIX IS SET UP" in (tmp_path / "loft").read_text()
    else:
        assert "PIGEON_RING is not gold. Polish it." in said


def test_one_that_is_disabled_is_not_even_imported(pigeon: Path) -> None:
    assert introductions(("telegram", "pigeon")) == {}
    assert "helix_pigeon" not in sys.modules


def test_one_that_returns_something_else_is_named(pigeon: Path) -> None:
    pigeon.write_text(PIGEON.replace("[PigeonIntroduction()]", "[Pigeon]"))

    with pytest.raises(PluginError, match=r"pigeon \(helix-pigeon 1\.2\) returned the class Pigeon"):
        introductions(("telegram",))
