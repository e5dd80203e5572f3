"""The database is copied beside a bot that trades, and put back; what was traded since is asked about first."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from helix_core.cli import app
from helix_core.domain.signal import Action
from helix_core.errors import StoreError
from helix_core.sandbox.orders import NewOrder, OrderType
from helix_core.store.backup import replace
from tests.bot.conftest import command, environment, logs_left_alone, running, venue

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.conftest import Command, Venue

__all__ = ["command", "logs_left_alone", "venue"]

PAPER = {
    "ACTIVE_EXCHANGE": "binance",
    "TRADING_MODE": "paper",
    "WEBHOOK_SECRET": "a-secret-of-the-tests",
    "DISABLED_PLUGINS": "telegram",
}
IN_FORCE = "SELECT kind FROM halts WHERE cleared_at IS NULL ORDER BY kind"


def one(file: Path, query: str) -> object:
    """The one value of a query in a file that nobody writes to."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchone()[0]


def mode(file: Path) -> str:
    return stat.filemode(file.stat().st_mode)


def resting(venue: Venue) -> list[object]:
    return [(order.order_id, order.quantity) for order in venue.resting()]


def close_by_hand(venue: Venue) -> None:
    """A human cancels the stop on the venue's page, and sells what it guarded."""
    quantity = venue.resting()[0].quantity
    venue.sandbox.venue.cancel(venue.resting()[0].order_id)
    sale = NewOrder(symbol="BTC/USDT", side=Action.SELL, type=OrderType.MARKET, quantity=quantity, client_id="web_1")
    venue.sandbox.venue.place(sale)


async def test_the_drill(tmp_path: Path, venue: Venue, command: Command) -> None:
    """Backup beside a running bot; a trade that is not in it; restored: the bot halts, sends nothing, and asks.

    Once its owner has closed that trade by hand and said so, it trades again.
    """
    environ = environment(venue)
    copy = tmp_path / "copy.db"

    async def helix(*words: str) -> tuple[int, str]:
        return await asyncio.to_thread(command, *words, environ=environ)

    async with running(tmp_path, environ) as bot:
        assert [(await bot.post(action)).status_code for action in ("BUY", "SELL")] == [200, 200]
        done, said = await helix("backup", str(copy))
        assert (done, mode(copy)) == (0, "-rw-------")
        assert "last signal 2 (test-1) of " in said
        assert "open trades: 0" in said
        assert (await bot.post("BUY")).status_code == 200
        refused, why = await helix("restore", str(copy))
        assert refused == 1
        assert "Stop it first" in why
    stops, sent = resting(venue), len(venue.sent("POST", "DELETE"))
    assert stops

    done, said = await helix("restore", str(copy))
    assert done == 0, said
    (aside,) = (tmp_path / "data").glob("helix.db.replaced-????????T??????")
    assert one(aside, "SELECT count(*) FROM signals") == 3
    assert not list((tmp_path / "data").glob("*restoring*"))

    async with running(tmp_path, environ) as bot:
        assert bot.rows(IN_FORCE) == [("manual",), ("reconcile",)]
        assert "restored from copy.db" in str(bot.rows("SELECT detail FROM halts WHERE kind = 'manual'"))
        again = [await bot.post(action, f"{action} again") for action in ("BUY", "SELL")]
        assert [answer.status_code for answer in again] == [409, 409]
        assert [answer.json()["reason"] for answer in again] == ["trading_halted", "no_open_position"]
        assert (resting(venue), len(venue.sent("POST", "DELETE"))) == (stops, sent)
        shown, findings = await helix("reconcile", "--json")
        assert shown == 1
        assert "unexplained_coins" in findings or "foreign_orders" in findings
        still, why = await helix("resume")
        assert still == 1
        assert "reconcile" in why

        close_by_hand(venue)
        decided = await asyncio.to_thread(CliRunner().invoke, app, ["reconcile"], input="1\n", env=environ)
        assert decided.exit_code == 0, decided.output
        assert "acknowledge them" in decided.output
        done, said = await helix("resume")
        assert (done, bot.rows(IN_FORCE)) == (0, []), said
        assert len(venue.sent("POST", "DELETE")) == sent
        assert (await bot.post("BUY", "in again")).status_code == 200


def test_a_copy_is_one_whole_moment_while_the_database_is_written(tmp_path: Path, command: Command) -> None:
    """Not half of a transaction, and the writer is not made to wait."""
    assert command("halt", environ=PAPER)[0] == 0  # makes the database
    file = tmp_path / "data" / "helix.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("CREATE TABLE pairs (value)")
        writer.execute("INSERT INTO pairs VALUES (1), (2)")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO pairs VALUES (3)")
        done, said = command("backup", "copy.db", environ=PAPER)
        writer.execute("INSERT INTO pairs VALUES (4)")
        writer.execute("COMMIT")

    assert done == 0, said
    assert one(tmp_path / "copy.db", "SELECT count(*) FROM pairs") == 2
    assert one(file, "SELECT count(*) FROM pairs") == 4
    assert sorted(path.name for path in tmp_path.glob("copy*")) == ["copy.db"]


def test_nothing_is_written_over_and_nothing_half_done_is_left(tmp_path: Path, command: Command) -> None:
    """A file that is there, a folder that cannot be, a bot that never ran: a sentence, and no new file."""
    (tmp_path / "there.db").write_text("mine")

    none, why_none = command("backup", "new.db", environ=PAPER)
    command("halt", environ=PAPER)
    there, why_there = command("backup", "there.db", environ=PAPER)
    nowhere, why_nowhere = command("backup", "there.db/new.db", environ=PAPER)

    assert (none, there, nowhere) == (1, 1, 1)
    assert "There is no database" in why_none
    assert "there.db is there already" in why_there
    assert "there.db cannot be written" in why_nowhere
    assert (tmp_path / "there.db").read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} <= {"there.db", "data", "logs"}


def test_in_a_folder_backups_are_named_by_their_time_and_the_oldest_go(tmp_path: Path, command: Command) -> None:
    """For a timer: other people's files stay."""
    command("halt", environ=PAPER)
    folder = tmp_path / "backups"
    folder.mkdir()
    old = [folder / f"helix-2026010{day}T000000Z.db" for day in (1, 2, 3)]
    for path in (*old, folder / "helix-mine.db"):
        path.write_text("")

    done, said = command("backup", "backups/", "--keep", "2", environ=PAPER)
    made, _ = command("backup", "new/", environ=PAPER)
    no_folder, why = command("backup", "file.db", "--keep", "2", environ=PAPER)

    left = sorted(path.name for path in folder.iterdir())
    assert done == 0, said
    assert len(left) == 3
    assert left[0] == "helix-20260103T000000Z.db"
    assert left[2] == "helix-mine.db"
    assert (made, mode(tmp_path / "new"), len(list((tmp_path / "new").iterdir()))) == (0, "drwx------", 1)
    assert no_folder == 2
    assert "is a file" in why


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"no database", "not a database"),
        (b"", "no such table"),
        (None, "is damaged"),
        (b"another's", "holds what was"),
    ],
    ids=["no database", "empty", "torn", "another account's"],
)
def test_what_is_no_backup_of_this_account_is_never_put_in_place(
    tmp_path: Path, command: Command, content: bytes | None, why: str
) -> None:
    """The database stays as it is, to the byte."""
    command("halt", environ=PAPER)
    file, copy = tmp_path / "data" / "helix.db", tmp_path / "copy.db"
    command("backup", str(copy), environ=PAPER)
    if content == b"another's":
        with closing(sqlite3.connect(copy)) as database, database:
            database.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('account', 'kraken live')")
    elif content is None:
        torn = bytearray(copy.read_bytes())
        torn[len(torn) // 3 : 2 * len(torn) // 3] = bytes(len(torn) // 3 + 1)
        copy.write_bytes(torn)
    else:
        copy.write_bytes(content)
    before = file.read_bytes()

    done, said = command("restore", str(copy), environ=PAPER)

    assert done in {1, 2}
    assert why in said
    assert file.read_bytes() == before
    assert not list(file.parent.glob("*restoring*"))
    assert not list(file.parent.glob("*replaced*"))


def test_a_damaged_database_makes_room_for_its_backup_and_is_kept(tmp_path: Path, command: Command) -> None:
    """Somebody may still read something in it."""
    command("halt", environ=PAPER)
    file = tmp_path / "data" / "helix.db"
    command("backup", "copy.db", environ=PAPER)
    file.write_bytes(b"damaged")

    done, said = command("restore", "copy.db", environ=PAPER)

    assert done == 0, said
    (aside,) = file.parent.glob("helix.db.replaced-????????T??????")
    assert aside.read_bytes() == b"damaged"
    assert one(file, "PRAGMA quick_check(1)") == "ok"


def test_what_is_not_all_in_one_file_is_never_put_in_place(tmp_path: Path) -> None:
    """A log beside it holds what was written last, such as the halt: without it the bot would start unhalted."""
    file, new = tmp_path / "helix.db", tmp_path / "helix.db.restoring"
    with closing(sqlite3.connect(file)) as old, old:
        old.execute("CREATE TABLE pairs (value)")
    before = file.read_bytes()
    with closing(sqlite3.connect(new, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("CREATE TABLE halts (kind)")
        with pytest.raises(StoreError, match=r"helix\.db was left as it is"):
            replace(file, new, tmp_path / "aside.db")
        assert (file.read_bytes(), (tmp_path / "aside.db").exists()) == (before, False)

    replace(file, new, tmp_path / "aside.db")

    assert one(file, "SELECT count(*) FROM sqlite_master WHERE name = 'halts'") == 1
    assert (tmp_path / "aside.db").read_bytes() == before


def test_a_database_in_a_server_is_left_to_its_own_tools(command: Command) -> None:
    done, said = command("backup", "new.db", environ={**PAPER, "DATABASE_URL": "postgresql+asyncpg://host/helix"})

    assert done in {1, 2}
    assert "DATABASE_URL" in said
