"""A database that knows less than the venue: torn by a power cut, an old backup, gone, or another bot's."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from tests.bot.conftest import environment, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.bot.conftest import RunningBot, Venue

HEADER, FRAME = 32, 4096 + 24
HAS_TABLES = "SELECT 1 FROM sqlite_master WHERE name = 'trades'"
WHAT_IS_KNOWN = """SELECT s.signal_id, j.kind, j.state, t.status
    FROM signals s LEFT JOIN journal j ON j.signal_row = s.id LEFT JOIN trades t ON t.id = j.trade_id"""


def beginnings(folder: Path, database: bytes, log: bytes) -> Iterator[tuple[str, bytes]]:
    """Beginnings of a write-ahead log that end with a commit, one for each thing that can be known of a signal."""
    known: set[str] = set()
    for start in range(HEADER, len(log) - FRAME + 1, FRAME):
        if int.from_bytes(log[start + 4 : start + 8], "big"):  # the last frame of a commit says how large all is then
            (folder / "look.db").write_bytes(database)
            (folder / "look.db-wal").write_bytes(log[: start + FRAME])
            with closing(sqlite3.connect(folder / "look.db")) as look:
                what = str(look.execute(WHAT_IS_KNOWN).fetchall()) if look.execute(HAS_TABLES).fetchone() else "nothing"
            if what not in known:
                known.add(what)
                yield what, log[: start + FRAME]


def bought(venue: Venue) -> int:
    """How many orders to buy the venue has carried out."""
    return sum(execution.side.value == "BUY" for execution in venue.sandbox.venue.ledger.executions)


def resting(venue: Venue) -> list[object]:
    """The stops at the venue, by its own ids."""
    return [(order.order_id, order.quantity) for order in venue.resting()]


def in_order(bot: RunningBot) -> bool:
    """Whether the bot either looks after its trade, or has stopped to ask a human."""
    halted = bot.rows("SELECT 1 FROM halts WHERE kind = 'reconcile' AND cleared_at IS NULL")
    return bool(halted) or bot.rows("SELECT status FROM trades") == [("open",)]


async def test_from_any_beginning_of_its_log_the_bot_neither_buys_again_nor_touches_the_stop(
    tmp_path: Path, venue: Venue
) -> None:
    """The power was cut, the disk had lied about what it kept: from any commit on the venue's truth does the rest."""
    first = tmp_path / "first"
    async with running(first, environment(venue)) as bot:
        await bot.post("BUY", "before the power cut")
        database, log = (first / "data/helix.db").read_bytes(), (first / "data/helix.db-wal").read_bytes()
    stops, known = resting(venue), [*beginnings(tmp_path, database, log)]
    assert len(known) > 5

    for number, (what, left) in enumerate(known[2:]):
        data = tmp_path / str(number) / "data"
        data.mkdir(parents=True)
        (data / "helix.db").write_bytes(database)
        (data / "helix.db-wal").write_bytes(left)
        async with running(data.parent, environment(venue)) as bot:
            assert in_order(bot), what
            assert (await bot.post("BUY", f"after {number}")).status_code == 409, what
        assert bought(venue) == 1, what
        assert resting(venue) == stops, what


async def test_an_old_backup_and_an_empty_database_halt_and_ask(tmp_path: Path, venue: Venue) -> None:
    """Put back from before the trade, or deleted: the bot sees its own orders at the venue, sends nothing, and asks."""
    async with running(tmp_path, environment(venue)):
        pass
    backup = shutil.copytree(tmp_path, tmp_path / "backup")
    async with running(tmp_path, environment(venue)) as bot:
        await bot.post("BUY", "forgotten later")
    stops, sent = resting(venue), len(venue.sent("POST", "DELETE"))

    for folder in (backup, tmp_path / "empty"):
        folder.mkdir(exist_ok=True)
        async with running(folder, environment(venue)) as bot:
            refused = [await bot.post("BUY", "same as before"), await bot.post("SELL", "neither this")]

            assert [answer.status_code for answer in refused] == [409, 409]
            assert bot.rows("SELECT kind FROM halts WHERE cleared_at IS NULL") == [("reconcile",)]
            assert any("TRADING HALTED" in text for text in bot.notices())
        assert (resting(venue), len(venue.sent("POST", "DELETE"))) == (stops, sent)


async def test_a_second_bot_on_the_account_elsewhere_is_noticed_by_its_orders(tmp_path: Path, venue: Venue) -> None:
    """Another machine, the same key: whoever sees orders of Helix that it never wrote down stops buying, and asks."""
    async with running(tmp_path / "here", environment(venue)) as here:
        await here.post("BUY")
        async with running(tmp_path / "there", environment(venue)) as there:
            assert there.rows("SELECT kind FROM halts WHERE cleared_at IS NULL") == [("reconcile",)]
            assert (await there.post("BUY")).status_code == 409
            assert (await there.post("SELL")).status_code == 409
        assert here.rows("SELECT status FROM trades") == [("open",)]
    assert bought(venue) == 1
    assert len(resting(venue)) == 2
