"""`helix halt` and `helix resume`: which halts a human may end, and when."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from helix_core.cli import app as helix
from helix_core.domain.halt import HaltKind
from helix_core.store import halts
from helix_core.store.database import Store
from tests.bot.conftest import NO_BOT

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result


class Host:
    """A machine with a database in its folder, and no bot."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def helix(self, *arguments: str) -> Result:
        return CliRunner().invoke(helix, arguments, env=NO_BOT)

    def database(self, statement: str) -> list[Any]:
        with sqlite3.connect(self.folder / "data" / "helix.db") as connection:
            return connection.execute(statement).fetchall()

    def raise_halt(self, kind: str, at: datetime) -> None:
        self.database(f"INSERT INTO halts (kind, detail, raised_at) VALUES ('{kind}', 'x', '{at:%Y-%m-%d %H:%M:%S}')")

    def in_force(self) -> list[str]:
        return [kind for (kind,) in self.database("SELECT kind FROM halts WHERE cleared_at IS NULL ORDER BY id")]


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logs_left_alone: None) -> Host:
    monkeypatch.chdir(tmp_path)
    made = Host(tmp_path)
    assert made.helix("resume").exit_code == 0
    return made


NOW = datetime.now(UTC)  # noqa: TID251 - what the commands compare with
YESTERDAY = NOW - timedelta(days=1)


def test_a_halt_by_hand_is_in_force_with_its_author_and_resume_ends_it_and_tells(host: Host) -> None:
    halted = host.helix("halt", "going on holiday")
    again = host.helix("halt")

    assert (halted.stdout, again.stdout) == ("Entries are halted.\n", "Entries were halted already.\n")
    ((detail,),) = host.database("SELECT detail FROM halts")
    assert detail.startswith("going on holiday, by helix halt (")
    assert host.helix("resume").exit_code == 0
    assert host.in_force() == []
    told = [text for (text,) in host.database("SELECT text FROM outbox ORDER BY id")]
    assert [text.split(":")[0] for text in told] == ["🛑 TRADING HALTED", "▶️ HALT LIFTED"]


def test_a_daily_loss_of_today_goes_on_and_one_of_yesterday_ends(host: Host) -> None:
    host.raise_halt("daily_loss", NOW)
    refused = host.helix("resume")

    assert refused.exit_code == 1
    assert "00:00 UTC" in refused.stdout
    host.database(f"UPDATE halts SET raised_at = '{YESTERDAY:%Y-%m-%d %H:%M:%S}'")
    assert host.helix("resume").exit_code == 0
    assert host.in_force() == []


def test_a_drawdown_needs_its_own_word_and_says_that_the_bot_must_be_restarted(host: Host) -> None:
    host.raise_halt("drawdown", YESTERDAY)
    refused = host.helix("resume")
    assert (refused.exit_code, host.in_force()) == (1, ["drawdown"])

    ended = host.helix("resume", "--drawdown")

    assert ended.exit_code == 0
    assert "Restart the bot" in ended.stdout
    assert host.in_force() == []


async def test_a_drawdown_that_was_ended_still_stops_a_bot_that_was_running_then(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/helix.db")
    try:
        async with store.write() as session:
            for kind in (HaltKind.DRAWDOWN, HaltKind.MANUAL):
                await halts.put_in_force(session, kind, "x", YESTERDAY)
            await halts.clear(session, frozenset(HaltKind), "a test", NOW)
        async with store.read() as session:
            running = await halts.in_force(session, started_at=NOW - timedelta(hours=1))
            restarted = await halts.in_force(session, started_at=NOW + timedelta(seconds=1))
    finally:
        await store.close()

    assert [halt.kind for halt in running] == [HaltKind.DRAWDOWN]
    assert restarted == []


def test_a_mismatch_ends_only_after_a_reconciliation_that_is_younger(host: Host) -> None:
    host.raise_halt("reconcile", YESTERDAY)
    for reconciled_at, code in ((YESTERDAY - timedelta(hours=1), 1), (NOW, 0)):
        host.database(f"INSERT OR REPLACE INTO meta VALUES ('reconciled_at', '{reconciled_at.isoformat()}')")

        assert host.helix("resume").exit_code == code
