"""A database that knows less than the venue: torn by a power cut, an old backup, gone, or another bot's."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from typing import TYPE_CHECKING

from tests.bot.conftest import environment, running
from tests.bot.staged import staged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from tests.bot.conftest import Venue
    from tests.bot.staged import StagedBot

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


def in_order(bot: StagedBot) -> bool:
    """Whether the bot either looks after its trade, or has stopped to ask a human."""
    halted = bot.rows("SELECT 1 FROM halts WHERE kind = 'reconcile' AND cleared_at IS NULL")
    return bool(halted) or bot.rows("SELECT status FROM trades") == [("open",)]


@staged
async def test_from_any_beginning_of_its_log_the_bot_neither_buys_again_nor_touches_the_stop(
    bot: StagedBot, venue: Venue, tmp_path: Path
) -> None:
    """The power was cut, the disk had lied about what it kept: from any commit on the venue's truth does the rest."""
    await bot.post("BUY", "before the power cut")
    file = bot.stage.disk.path
    log = file.with_name("helix.db-wal")
    before, written = file.read_bytes(), log.read_bytes()
    stops, known = resting(venue), [*beginnings(tmp_path, before, written)]
    assert len(known) > 5

    for number, (what, left) in enumerate(known[2:]):
        await bot.dies()
        bot.put_back(before, left)
        await bot.starts()
        assert in_order(bot), what
        assert (await bot.post("BUY", f"after {number}")).status_code == 409, what
        assert bought(venue) == 1, what
        assert resting(venue) == stops, what


@staged
async def test_an_old_backup_and_an_empty_database_halt_and_ask(bot: StagedBot, venue: Venue) -> None:
    """Put back from before the trade, or deleted: the bot sees its own orders at the venue, sends nothing, and asks."""
    file = bot.stage.disk.path
    await bot.ends()
    backup = file.read_bytes()
    await bot.starts()
    await bot.post("BUY", "forgotten later")
    stops, sent = resting(venue), len(venue.sent("POST", "DELETE"))

    for number, left in enumerate((backup, None)):
        await bot.dies()
        bot.put_back(left)
        await bot.starts()
        refused = [await bot.post("BUY", f"as before {number}"), await bot.post("SELL", f"neither this {number}")]

        assert [answer.status_code for answer in refused] == [409, 409]
        assert bot.rows("SELECT kind FROM halts WHERE cleared_at IS NULL") == [("reconcile",)]
        assert any("TRADING HALTED" in text for text in bot.notices())
        assert (resting(venue), len(venue.sent("POST", "DELETE"))) == (stops, sent)


async def test_a_second_bot_on_the_account_elsewhere_is_noticed_by_its_orders(
    tmp_path: Path, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another machine, the same key: whoever sees orders of Helix that it never wrote down stops buying, and asks."""
    async with running(tmp_path / "here", environment(venue)) as here:
        await here.post("BUY")
        (tmp_path / "another machine").mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "another machine"))  # where locks of a machine are
        async with running(tmp_path / "there", environment(venue)) as there:
            assert there.rows("SELECT kind FROM halts WHERE cleared_at IS NULL") == [("reconcile",)]
            assert (await there.post("BUY")).status_code == 409
            assert (await there.post("SELL")).status_code == 409
        assert here.rows("SELECT status FROM trades") == [("open",)]
    assert bought(venue) == 1
    assert len(resting(venue)) == 2
