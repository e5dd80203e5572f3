"""Whatever a page tells somebody to type exists, and every block is either run here or marked.

A fenced block is known to a runner below, or a comment right above it says why not:
`<!-- needs: an account at the exchange -->`, `<!-- tried: by tests/... -->` (that file must be there) or
`<!-- shows: ... -->` for what is not to be typed.
"""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from helix_core.cli import app
from helix_core.settings.model import Settings
from helix_core.settings.names import Names
from helix_core.settings.showing import BOOKKEEPING
from helix_core.sim.cli import app as sim_app
from tests.docs.pages import ROOT, Block, blocks, code, pages, text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BLOCKS = [block for page in pages() for block in blocks(page)]
FOLLOWED = "tests/third_party/test_tutorials.py"
"""Runs every block of the tutorials, as somebody who follows them."""
TUTORIALS = {f"docs/writing-a-{kind}.md" for kind in ("driver", "risk-check", "notifier", "signal-source")}
RENDERED = {
    "close": "64210.5",
    "timenow": "2026-05-15T08:14:32Z",
    "strategy.order.action": "buy",
    "strategy.order.id": "Long",
    "exchange": "BINANCE",
    "ticker": "BTCUSDT",
}
EXAMPLE_PACKAGES = ("helix_yours",)
ENVIRONMENT = re.compile(r"^([A-Z][A-Z0-9_]+)=", re.MULTILINE)
LOOKS_LIKE_A_SETTING = re.compile(r"(?<![\w<./$-])[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+(?![\w>./-]*[a-z])")
A_FILE = re.compile(r"([\w.-]+/[\w./-]+\.(?:py|md|sh|yml|toml|json))(::\w+)*")
DRIVERS = ("binance", "kraken")
EXTRAS = re.compile(
    r"RISK_EXTRAS_(MAX_SPREAD_PCT|TRADING_HOURS_UTC|COOLDOWN_AFTER_STOP_S|PRICE_COLLAR_PCT|MAX_ORDER_VALUE)"
)
NO_SETTINGS = {
    # of the compose file
    *("CLIENT_CERTIFICATE", "GRAFANA_PASSWORD", "SUBNET_RANGE", "CADDY_ADDRESS"),
    # of systemd, HTTP, pip and hypothesis
    *("EXTEND_TIMEOUT_USEC", "PIP_FIND_LINKS", "UV_FIND_LINKS", "HYPOTHESIS_PROFILE", "SOURCE_DATE_EPOCH"),
    # of the exchanges' own documents
    *("STOP_LOSS", "LIMIT_MAKER", "STOP_LOSS_LIMIT", "PERCENT_PRICE_BY_SIDE"),
    # of the code: states of an order, faults of the simulation, names in examples
    *("NOT_PLACED", "HIGHEST_PRICE"),
}


def settings() -> set[str]:
    fields = [field for field in Settings.model_fields if field not in BOOKKEEPING]
    return {name for driver in DRIVERS for name in Names.known(fields, driver, ()).variables}


def payload(block: Block) -> None:
    """An alert's message, as TradingView renders it, is read by `helix payload`."""
    rendered = re.sub(r"\{\{([a-z._]+)\}\}", lambda found: RENDERED[found[1]], block.text)
    read = CliRunner().invoke(app, ["payload", "-"], input=rendered)
    assert read.exit_code == 0, read.output
    assert "signal_id" in read.output


def imports(block: Block) -> None:
    """Python that a reader is to write parses, and what it imports from Helix is there."""
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.ImportFrom) and node.module and not node.module.startswith(EXAMPLE_PACKAGES):
            module = import_module(node.module)
            assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []


def toml(block: Block) -> None:
    tomllib.loads(block.text)


def typeable(block: Block) -> None:
    """Nothing but `make` and `helix-sim`, whose targets and options the tests below look up."""
    odd = [line for line in block.text.splitlines() if not line.startswith(("make ", "helix-sim "))]
    assert odd == [], "mark it: <!-- needs: ... -->, <!-- tried: by FILE --> or <!-- shows: ... -->"


RUNNERS: dict[str, Callable[[Block], None]] = {"json": payload, "python": imports, "toml": toml, "": typeable}


def named(block: Block) -> str:
    return block.name


@pytest.mark.parametrize("block", BLOCKS, ids=named)
def test_every_block_is_run_or_marked(block: Block) -> None:
    if block.page in TUTORIALS:
        assert (ROOT / FOLLOWED).exists()
    elif block.mark is not None:
        kind, words = block.mark
        files = re.findall(r"[\w.-]+/[\w./-]+", words) if kind == "tried" else []
        assert kind != "tried" or files, "name the file that tries it"
        assert [file for file in files if not (ROOT / file).exists()] == []
    else:
        assert block.language in RUNNERS, "nothing here runs that: mark it"
        RUNNERS[block.language](block)


PROGRAMS: dict[str, Any] = {"helix": get_command(app), "helix-sim": get_command(sim_app)}
COMMAND = re.compile(r"(?:^|\s|/|\$ )(helix|helix-sim) (?!\W)(.*)")


def understood(program: str, words: list[str]) -> str | None:
    """What is wrong with a command, as it would be typed; None when `helix` takes it. Values are not looked at."""
    command = PROGRAMS[program]
    while getattr(command, "commands", None) and words and words[0] in command.commands:
        command, words = command.commands[words[0]], words[1:]
    if program == "helix" and hasattr(command, "commands") and words[:1] != ["--help"]:
        return f"there is no command {' '.join(words[:1]) or '(none)'}"
    known = {name for given in command.params for name in given.opts} | {"--help"}
    odd = [word for word in words if word.startswith("--") and word.partition("=")[0] not in known]
    return f"{command.name} has no option {odd[0]}" if odd else None


def typed(page: str) -> list[tuple[str, list[str]]]:
    """Every use of `helix` and `helix-sim` on a page, in blocks and in sentences."""
    lines = [line for block in blocks(page) for line in block.text.splitlines()] + list(code(page))
    found = [COMMAND.search(line) for line in lines]
    return [(match[1], shlex.split(match[2].split("#")[0].replace("'", ""))) for match in found if match]


@pytest.mark.parametrize("page", pages())
def test_every_command_that_is_named_exists(page: str) -> None:
    problems = [problem for program, words in typed(page) if (problem := understood(program, words))]

    assert problems == []


@pytest.mark.parametrize("page", pages())
def test_every_make_target_that_is_named_exists(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    lines = [line for block in blocks(page) for line in block.text.splitlines()] + list(code(page))
    said = {found[1] for line in lines if (found := re.match(r"(?:\w+=\S+ )?make ([a-z-]+)", line))}

    assert said <= targets, said - targets


@pytest.mark.parametrize("page", [page for page in pages() if page != "CHANGELOG.md" and page not in TUTORIALS])
def test_every_setting_that_is_named_exists(page: str) -> None:
    names = set(LOOKS_LIKE_A_SETTING.findall(text(page))) | set(ENVIRONMENT.findall(text(page)))
    odd = {name for name in names - settings() - NO_SETTINGS if not EXTRAS.fullmatch(name)}

    assert odd == set()


@pytest.mark.parametrize("page", [page for page in pages() if page not in TUTORIALS])
def test_every_file_that_is_named_exists(page: str) -> None:
    """Paths of this repository in sentences; short ones are meant from helix_core."""
    paths = [found for word in code(page) if (found := A_FILE.fullmatch(word))]
    places = (ROOT, ROOT / "helix_core", (ROOT / page).parent)

    assert [found[1] for found in paths if not any((place / found[1]).exists() for place in places)] == []


def test_helix_explains_each_of_its_commands() -> None:
    runner = CliRunner()
    silent = [name for name in PROGRAMS["helix"].commands if "Usage" not in runner.invoke(app, [name, "--help"]).output]

    assert silent == []


def test_what_does_not_exist_is_noticed() -> None:
    """The tests above can fail."""
    assert understood("helix", ["dance"])
    assert understood("helix", ["run", "--fast"])
    assert understood("helix", ["audit", "verify", "--quick"])
    assert understood("helix", ["resume", "--drawdown"]) is None
    assert "MAX_LOSS_PCT" in LOOKS_LIKE_A_SETTING.findall("set MAX_LOSS_PCT to 3")
    assert "MAX_LOSS_PCT" not in settings()
    with pytest.raises(AssertionError):
        payload(Block("page", 1, "json", '{"signal": "HOLD"}', None))


def test_the_markers_are_found(tmp_path: Path) -> None:
    """A mark counts for the very next block only."""
    page = tmp_path / "page.md"
    page.write_text("<!-- needs: luck -->\n```\none\n```\n\n```\ntwo\n```\n")

    assert [block.mark for block in blocks(str(page))] == [("needs", "luck"), None]
