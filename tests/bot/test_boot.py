"""What stops a start says so in a sentence, with an exit code, and without a traceback."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from helix_binance.sandbox import sandbox
from helix_core.cli import app
from helix_core.sandbox.server import serving
from helix_core.store.database import Store
from tests.bot.conftest import PRICE, Venue, environment, running
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.bot.conftest import Command


def helix(folder: Path, *arguments: str, environ: dict[str, str] | None = None) -> tuple[int, str]:
    """Exit code and everything that was said."""
    ended = subprocess.run(
        [sys.executable, "-m", "helix_core", *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "COLUMNS": "200", **(environ or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = ended.stdout + ended.stderr
    assert "Traceback" not in said, said
    return ended.returncode, said


@pytest.fixture
def venue_beside() -> Iterator[Venue]:
    """The sandbox venue in a thread of its own: `helix run` wants the main one, for its signals."""
    made = sandbox(price=PRICE)
    ready: Future[tuple[str, asyncio.AbstractEventLoop]] = Future()
    over = asyncio.Event()

    async def serve() -> None:
        async with serving(made.app) as url:
            ready.set_result((url, asyncio.get_running_loop()))
            await over.wait()

    with ThreadPoolExecutor(1) as thread:
        served = thread.submit(asyncio.run, serve())
        url, loop = ready.result(30)
        yield Venue(made, url)
        loop.call_soon_threadsafe(over.set)
        served.result(30)


@pytest.fixture
def bot_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], logs_left_alone: None
) -> Command:
    """`helix run` in this process: what stops a start. Exit code and everything that was said."""
    monkeypatch.chdir(tmp_path)

    def run(*, environ: dict[str, str]) -> tuple[int, str]:
        for name, value in {"COLUMNS": "200", **environ}.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            app(["run"])
        assert isinstance(ended.value.code, int)
        said = "".join(capfd.readouterr())
        assert "Traceback" not in said, said
        return ended.value.code, said

    return run


def test_every_problem_of_the_settings_is_told_at_once(tmp_path: Path) -> None:
    code, said = helix(
        tmp_path,
        "run",
        environ={"ACTIVE_EXCHANGE": "binance", "RISK_PER_TRADE_PCT": "lots", "PORT": "0", "WEBHOOK_SECRET": "short"},
    )

    assert code == 2
    for name in ("RISK_PER_TRADE_PCT", "PORT", "WEBHOOK_SECRET", "BINANCE_API_KEY", "TELEGRAM_BOT_TOKEN"):
        assert name in said
    assert not (tmp_path / "data").exists()


def test_an_unknown_exchange_lists_what_is_installed(bot_run: Command, venue_beside: Venue) -> None:
    keys = {"MYX_API_KEY": "key", "MYX_API_SECRET": "secret"}

    code, said = bot_run(environ=environment(venue_beside, ACTIVE_EXCHANGE="myx", **keys))

    assert code == 2
    assert "binance" in said
    assert "pip install helix-myx" in said


def test_an_unreachable_venue_is_named_with_its_setting(bot_run: Command, venue_beside: Venue) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"

    code, said = bot_run(environ=environment(venue_beside, BINANCE_BASE_URL=nobody))

    assert code == 1
    assert "BINANCE_BASE_URL" in said


def test_a_taken_port_is_named(bot_run: Command, venue_beside: Venue) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        code, said = bot_run(environ=environment(venue_beside, PORT=port))

    assert code != 0
    assert f"PORT {port} is already in use" in said


def test_a_database_that_cannot_be_written_is_named(tmp_path: Path, bot_run: Command, venue_beside: Venue) -> None:
    (tmp_path / "blocked").write_text("a file where a folder should be")
    url = "sqlite+aiosqlite:///blocked/helix.db"

    code, said = bot_run(environ=environment(venue_beside, DATABASE_URL=url))

    assert code == 1
    assert "blocked" in said
    assert "DATABASE_URL" in said


def test_a_second_bot_on_the_same_database_refuses_to_start(
    tmp_path: Path, bot_run: Command, venue_beside: Venue
) -> None:
    first = asyncio.run(Store.open(f"sqlite+aiosqlite:///{tmp_path}/data/helix.db"))

    code, said = bot_run(environ=environment(venue_beside))
    asyncio.run(first.close())

    assert code == 1
    assert "Another Helix" in said


def test_a_key_that_can_withdraw_is_refused_in_live_mode(bot_run: Command, venue_beside: Venue) -> None:
    venue_beside.sandbox.rights.withdraw = True
    live = environment(venue_beside, TRADING_MODE="live", LIVE_CONFIRMATION="I-UNDERSTAND-THE-RISK")

    code, said = bot_run(environ=live)

    assert code == 2
    assert "withdraw" in said.lower()
    assert venue_beside.sent("POST") == []


def test_live_mode_without_confirmation_does_not_start(bot_run: Command, venue_beside: Venue) -> None:
    code, said = bot_run(environ=environment(venue_beside, TRADING_MODE="live"))

    assert code == 2
    assert "I-UNDERSTAND-THE-RISK" in said
    assert len(venue_beside.sandbox.requests) == 0


async def test_check_finds_everything_in_order(command: Command, venue: Venue) -> None:
    code, said = await asyncio.to_thread(command, "check", environ=environment(venue))

    assert code == 0, said
    for line in ("settings", "plugin", "database", "audit log", "venue", "clock", "pair", "key", "balance"):
        assert line in said


async def test_check_lists_what_applies_and_no_secret(command: Command, venue: Venue) -> None:
    environ = environment(venue)
    _, said = await asyncio.to_thread(command, "check", "--settings", environ=environ)

    listed = {line.split()[0]: line.split()[1:] for line in said.splitlines() if line}
    assert listed["BINANCE_API_SECRET"] == ["set", "the", "environment"]
    assert listed["TRADING_PAIR"][0] == "BTC/USDT"
    assert environ["BINANCE_API_SECRET"] not in said


async def test_check_names_a_wrong_key_and_the_fix(command: Command, venue: Venue) -> None:
    wrong = environment(venue, BINANCE_API_SECRET="wrong")
    code, said = await asyncio.to_thread(command, "check", environ=wrong)

    assert code == 1
    assert "problem" in said
    assert "fix" in said


async def test_send_posts_a_test_alert_to_the_running_bot(tmp_path: Path, command: Command, venue: Venue) -> None:
    environ = environment(venue)
    async with running(tmp_path, environ) as bot:
        code, said = await asyncio.to_thread(command, "send", "BUY", environ=environ)

        assert code == 0, said
        assert '"accepted"' in said
        assert bot.rows("SELECT status FROM trades") == [("open",)]


async def test_halt_and_resume_work_beside_the_running_bot(tmp_path: Path, command: Command, venue: Venue) -> None:
    environ = environment(venue)
    async with running(tmp_path, environ) as bot:
        halted, _ = await asyncio.to_thread(command, "halt", "having a look", environ=environ)
        refused = await bot.post("BUY")
        resumed, _ = await asyncio.to_thread(command, "resume", environ=environ)
        accepted = await bot.post("BUY")

    assert (halted, resumed) == (0, 0)
    assert (refused.status_code, refused.json()["reason"]) == (409, "trading_halted")
    assert "having a look" in refused.json()["detail"]
    assert accepted.json()["status"] == "accepted"


@pytest.mark.parametrize(
    ("text", "code", "word"),
    [
        (
            b'{"signal": "BUY", "symbol": "BTCUSDT", "price": 1.5, "timestamp": 2026-05-15T08:14:32Z, "signal_id": A}',
            0,
            "ok",
        ),
        (b'{"action": "buy", "symbol": "BTCUSDT", "price": 1.5, "signal_id": 1}', 1, "signal"),
        (b"BTC SHORT {{close}}", 1, "fix"),
    ],
)
def test_payload_says_what_helix_understands(
    tmp_path: Path, command: Command, text: bytes, code: int, word: str
) -> None:
    (tmp_path / "alert.txt").write_bytes(text)

    ended, said = command("payload", "alert.txt")

    assert ended == code
    assert word in said


def test_plugins_lists_everything_without_settings(command: Command) -> None:
    code, said = command("plugins")

    assert code == 0
    for name in ("risk", "tradingview", "telegram", "binance", "helix-binance"):
        assert name in said
