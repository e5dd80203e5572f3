"""The kit itself: importing it collects nothing and needs no pytest, and an exemption is written down and printed."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from helix_core.testing import NotifierSuite

if TYPE_CHECKING:
    from pathlib import Path

RUN = """
import pytest
from helix_core import RiskCheck, RiskContext
from helix_core.testing import ExchangeSuite, NotifierSuite, RiskCheckSuite, RiskRig, SignalSourceSuite, sample_context

class Timid(RiskCheck):
    name = "timid"

    async def check(self, intent, context):
        if context.known_ticker is None:
            return {without_price}
        return self.deny("crowded", "a position is open") if context.open_positions else self.allow("nothing is open")

class TestTimid(RiskCheckSuite):
    exempt = {exempt}

    @pytest.fixture
    def rig(self):
        return RiskRig(check=Timid(), denied=sample_context(open_positions=1))
"""
STRICT = "filterwarnings = error\nasyncio_default_fixture_loop_scope = function"
DENIES, ALLOWS = 'self.deny("no_price", "the price is not known")', 'self.allow("it will be fine")'


def run(
    folder: Path,
    *,
    without_price: str = DENIES,
    exempt: str = "{}",
    settings: str = "",
    options: tuple[str, ...] = (),
) -> str:
    """What pytest says of a third party's test file, without any of this project's settings."""
    (folder / "test_timid.py").write_text(RUN.replace("{without_price}", without_price).replace("{exempt}", exempt))
    (folder / "pytest.ini").write_text(f"[pytest]\n{settings}\n")
    command = [sys.executable, "-m", "pytest", "-p", "pytest_asyncio.plugin", "-p", "no:cacheprovider", *options]
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ended = subprocess.run(command, cwd=folder, env=alone, capture_output=True, text=True, timeout=60, check=False)
    return ended.stdout + ended.stderr


def test_importing_suites_collects_nothing_and_a_good_check_passes(tmp_path: Path) -> None:
    said = run(tmp_path)

    assert "9 passed, 1 skipped" in said, said


def test_a_bad_check_is_caught_and_the_rule_says_why(tmp_path: Path) -> None:
    said = run(tmp_path, without_price=ALLOWS)

    assert "AssertionError: allows without known_ticker" in said, said
    assert "FAILED test_timid.py::TestTimid::test_rk05_what_is_missing_never_allows" in said
    assert "1 failed" in said


@pytest.mark.parametrize(("settings", "options"), [("", ("-p", "xdist.plugin", "-n", "1")), (STRICT, ())])
def test_an_exemption_is_printed_with_its_reason(tmp_path: Path, settings: str, options: tuple[str, ...]) -> None:
    """Under xdist too, and where a project takes warnings for errors."""
    exempt = '{"rk05": "the price does not matter"}'

    said = run(tmp_path, without_price=ALLOWS, exempt=exempt, settings=settings, options=options)

    assert "ExemptionNotice: RK05 is exempt: the price does not matter" in said, said
    assert "failed" not in said


@pytest.mark.parametrize(
    ("exempt", "why"), [({"nt99": "because"}, "there is no such rule"), ({"nt03": "  "}, "without a reason")]
)
def test_an_exemption_that_says_nothing_is_an_error(exempt: dict[str, str], why: str) -> None:
    with pytest.raises(TypeError, match=why):
        type("TestMine", (NotifierSuite,), {"exempt": exempt})


def test_importing_the_kit_does_not_import_pytest() -> None:
    code = "import sys; from helix_core.testing import FakeTelegram, SandboxRig; print('pytest' in sys.modules)"

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True).stdout

    assert said == "False\n"


def test_without_pytest_a_suite_says_what_to_install() -> None:
    code = "import sys; sys.modules['pytest'] = None; from helix_core.testing import ExchangeSuite"

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)

    assert 'pip install "helix-core[testing]"' in ended.stderr
