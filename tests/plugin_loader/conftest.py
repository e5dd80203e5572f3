"""Distributions that are really installed: modules and dist-info folders on sys.path, found by entry point."""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from helix_core import TradingMode
from helix_core.clock import SystemClock
from helix_core.config import ExchangeConfig
from helix_core.plugins import Plugins

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

CHECK = """
from helix_core import RiskCheck, hookimpl

class Check(RiskCheck):
    async def check(self, intent, context):
        return self.allow("fine")

class MaxSpread(Check):
    name = "max_spread"
"""
"""What every third-party module in these tests begins with."""

GATES = """
from helix_core import ENTRY_GATES, RiskCheck, hookimpl

async def check(self, intent, context):
    return self.allow("fine")

@hookimpl
def helix_risk_checks():
    return [type("Gate", (RiskCheck,), {"name": name, "check": check})() for name in ENTRY_GATES]
"""

SOURCE = """
from helix_core import SignalSource, hookimpl

class Source(SignalSource):
    name = "posts"
    def decode(self, body):
        return {}
    def read(self, fields):
        raise NotImplementedError

@hookimpl
def helix_signal_sources():
    return [Source()]
"""


class Site:
    """A folder of installed distributions, with a house of first-party plugins in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.modules = {"house", "house.risk", "house.posts"}
        (folder / "house").mkdir()
        self.write("house/risk.py", GATES)
        self.write("house/posts.py", SOURCE)

    def write(self, path: str, source: str) -> None:
        (self.folder / path).write_text(textwrap.dedent(source), encoding="utf-8")

    def install(
        self,
        source: str,
        *,
        group: str = "helix.plugins",
        name: str = "max_spread",
        distribution: str = "helix-max-spread",
        target: str = "",
    ) -> None:
        """Install version 1.2 of a distribution of one module, CHECK and `source`, with one entry point."""
        module = f"plugin_{distribution}".replace("-", "_")
        self.modules.add(module)
        self.write(f"{module}.py", f"{CHECK}\n{source}")
        info = self.folder / f"{distribution.replace('-', '_')}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}{target}\n")

    def load(
        self,
        *,
        disabled: Collection[str] = (),
        defaults: tuple[str, ...] = ("house.risk", "house.posts"),
        values: Mapping[str, Mapping[str, object]] | None = None,
    ) -> Plugins:
        given = values or {}
        return Plugins.load(lambda name: given.get(name, {}), disabled=disabled, defaults=defaults)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    installed = Site(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield installed
    for module in installed.modules:
        sys.modules.pop(module, None)


@pytest.fixture
def acme() -> ExchangeConfig:
    return ExchangeConfig(name="acme", mode=TradingMode.PAPER, symbol="BTC/USDT", clock=SystemClock())
