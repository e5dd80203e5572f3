"""What a newcomer gets wrong is told in a sentence that says what to do, and with an exit code other than 0."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from helix_core.cli import app as helix

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ACTIVE_EXCHANGE", raising=False)
    return tmp_path


def refused(*typed: str) -> str:
    """What is said, in one line."""
    done = CliRunner().invoke(helix, typed)
    assert done.exit_code == 2, done.output
    return " ".join(done.output.split())


@pytest.mark.parametrize("command", [("run",), ("send", "BUY")])
def test_the_wrong_folder_is_named_first(folder: Path, command: tuple[str, ...]) -> None:
    said = refused(*command)

    assert said.startswith(f"problem There is no settings.toml, .secrets.toml or .env in {folder}")
    assert "`helix init`" in said
    assert list(folder.iterdir()) == []


def test_where_there_are_some_settings_the_folder_is_not_doubted(folder: Path) -> None:
    (folder / ".env").write_text("TRADING_PAIR=BTC/USDT\n")

    assert refused("run").startswith("problem ACTIVE_EXCHANGE is not set.")


def test_a_sandbox_that_is_not_installed_is_told_with_those_that_are() -> None:
    assert "No driver with a sandbox is called 'bitmex'; installed: binance, kraken" in refused("sandbox", "bitmex")
    assert "Name the exchange; installed: binance, kraken" in refused("sandbox")


@pytest.mark.parametrize("price", ["64,210.50", "NaN", "0", "-5"])
def test_a_price_that_is_none_is_told_with_how_to_write_one(price: str) -> None:
    assert f"--price {price!r} is not a price: write it like 64210.50." in refused(
        "sandbox", "binance", f"--price={price}"
    )


def test_a_port_that_somebody_has_is_told_with_the_way_to_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        said = refused("sandbox", "Binance", "--port", port)

    assert f"PORT {port} cannot be used: Address already in use. Choose another with --port." in said


def test_the_version_is_said_and_nothing_else_is_done(folder: Path) -> None:
    done = CliRunner().invoke(helix, ["--version"])

    assert (done.exit_code, done.output.split()[0]) == (0, "Helix")
    assert list(folder.iterdir()) == []
