"""Whoever follows a tutorial step by step gets what it says."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.third_party.conftest import ROOT, Repository, helix
from tests.third_party.tutorial import Command, Quote, Write, steps

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(180)  # several processes each
TUTORIALS = {
    "writing-a-driver": "acme",
    "writing-a-risk-check": "calm-market",
    "writing-a-notifier": "doorbell",
    "writing-a-signal-source": "ticker-tape",
}
ALWAYS = "writing-a-risk-check"
"""The others take a pip install or two more each: they are deep."""
LOAD = """
import sys
from pathlib import Path
from helix_core import settings
from helix_core.plugins import Plugins, installed_exchanges, installed_plugins
environ = {"ACTIVE_EXCHANGE": "binance", "BINANCE_API_KEY": "k", "BINANCE_API_SECRET": "s", "WEBHOOK_SECRET": "x" * 20,
           "TELEGRAM_BOT_TOKEN": "1:t", "TELEGRAM_CHAT_ID": "1", "DOORBELL_TOKEN": "token"}
read = settings.load(Path("settings-folder"), environ, exchanges=installed_exchanges(), plugins=installed_plugins())
found = Plugins.load(read.plugin_values, disabled=read.disabled_plugins)
print(*(each.name for kind in (found.risk_checks, found.notifiers, found.signal_sources) for each in kind))
print(found.signal_sources[0].name)
"""


def markdown(tutorial: str) -> str:
    return (ROOT / "docs" / f"{tutorial}.md").read_text(encoding="utf-8")


class Reader:
    """Somebody who does what the page says."""

    def __init__(self, folder: Path, name: str) -> None:
        self.start, self.repository = folder, Repository(folder / f"helix-{name}", folder / "site")

    def follow(self, step: Command | Write | Quote) -> None:
        match step:
            case Command(words, prints):
                said = self.type(words)
                assert [line for line in prints if line not in said] == [], said
            case Write(path, text) if path.endswith(".toml"):
                self.load(text)
            case Write(path, text):
                assert (self.repository.folder / path).exists(), f"{path} is not one of the files written before"
                (self.repository.folder / path).write_text(text)
                self.repository.install()
            case Quote(path, text):
                assert text in (self.repository.folder / path).read_text()

    def type(self, words: str) -> str:
        """What a command prints. `pip install -e` keeps what is installed up to date; here each change does."""
        match words.split():
            case ["helix", "new", *arguments]:
                done = helix("new", *arguments, cwd=self.start)
                assert done.returncode == 0, done.stderr
                return done.stdout
            case ["helix", *arguments]:
                return self.repository.run("helix_core", *arguments)
            case ["pytest"]:
                return self.repository.test()
            case ["pip", "install", *_]:
                self.repository.install()
                return ""
            case ["cd", place]:
                assert (self.start / place) == self.repository.folder
                return ""
        raise AssertionError(f"nobody knows how to run {words!r}")

    def load(self, text: str) -> None:
        """Start Helix's loader with these settings: the plugin takes them, or says what is wrong."""
        place = self.repository.folder / "settings-folder"
        place.mkdir()
        (place / "settings.toml").write_text(text)
        script = self.repository.folder / "load.py"
        script.write_text(LOAD)
        name = self.repository.folder.name.removeprefix("helix-")
        names = self.repository.run("load").split()
        assert {name, name.replace("-", "_")} & set(names), names
        if "disabled_plugins" in text:
            assert names[-1] == name.replace("-", "_")


@pytest.mark.parametrize(
    "tutorial", [pytest.param(name, marks=pytest.mark.deep if name != ALWAYS else ()) for name in TUTORIALS]
)
def test_each_step_does_what_the_page_says(tutorial: str, tmp_path: Path) -> None:
    reader = Reader(tmp_path, TUTORIALS[tutorial])
    followed = list(steps(markdown(tutorial)))

    for step in followed:
        reader.follow(step)

    assert sum(isinstance(step, Command) for step in followed) >= 5
    assert any(isinstance(step, Write | Quote) for step in followed)


def test_a_risk_check_takes_less_than_twenty_lines() -> None:
    page = steps(markdown("writing-a-risk-check"))
    check = next(step for step in page if isinstance(step, Write))

    ast.parse(check.text)
    assert "helix_risk_checks" in check.text
    assert sum(bool(line.strip()) for line in check.text.splitlines()) < 20
