"""Signals that come at the same time are stored together: each once, each durably, and none at another's expense."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from helix_core.domain.signal import Action, Signal
from helix_core.errors import StoreError
from helix_core.store.database import Store
from helix_core.store.intake import Intake

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

AT = datetime(2026, 5, 15, 8, 14, 32, tzinfo=UTC)


def signal(name: str) -> Signal:
    return Signal(signal_id=name, action=Action.BUY, symbol="BTC/USDT", price=Decimal("64210.5"))


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Store]:
    store = await Store.open(f"sqlite+aiosqlite:///{folder}/helix.db")
    try:
        yield store
    finally:
        await store.close()


def on_disk(folder: Path) -> list[tuple[str, str | None]]:
    """What another program sees."""
    with closing(sqlite3.connect(f"file:{folder}/helix.db?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT signal_id, action FROM signals ORDER BY id").fetchall()


async def test_many_at_once_are_each_stored_once_in_their_order_with_few_commits(tmp_path: Path) -> None:
    names = [f"s{n}" for n in range(100)]
    async with opened(tmp_path) as store:
        intake, before = Intake(store, 60), store.writes
        kept = await asyncio.gather(*(intake.keep(signal(name), "{}", AT) for name in names))
        commits = store.writes - before

    assert on_disk(tmp_path) == [(name, None) for name in names]
    assert [(stored.signal.signal_id, earlier) for stored, earlier in kept] == [(name, None) for name in names]
    assert commits <= 100 / 20


async def test_who_is_told_that_it_is_stored_finds_it_on_the_disk(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        intake = Intake(store, 60)

        async def keep_and_look(name: str) -> bool:
            await intake.keep(signal(name), "{}", AT)
            return (name, None) in on_disk(tmp_path)

        assert all(await asyncio.gather(*(keep_and_look(f"s{n}") for n in range(50))))


async def test_of_the_same_signal_at_once_one_is_new_and_the_others_repeat_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        intake = Intake(store, 60)
        kept = await asyncio.gather(*(intake.keep(signal("Long"), "{}", AT) for _ in range(40)))

    assert [earlier for _, earlier in kept] == [None, *[kept[0][0].row] * 39]
    assert on_disk(tmp_path) == [("Long", None), *[("Long", "deduplicated")] * 39]


async def test_new_ones_and_repeats_that_come_together_are_told_apart(tmp_path: Path) -> None:
    """A repeat names the signal it repeats, stored before or at the same time; every id belongs to its signal."""
    async with opened(tmp_path) as store:
        intake = Intake(store, 60)
        before, _ = await intake.keep(signal("a"), "{}", AT)
        names = ["b", "a", "c", "b", "d", "c", "a"]
        kept = await asyncio.gather(*(intake.keep(signal(name), "{}", AT) for name in names))
    rows = {name: stored.row for name, (stored, earlier) in zip(names, kept, strict=True) if earlier is None}
    with closing(sqlite3.connect(f"file:{tmp_path}/helix.db?mode=ro", uri=True)) as connection:
        found = dict(connection.execute("SELECT id, signal_id FROM signals JOIN inbox ON signal_row = id"))

    assert sorted(rows) == ["b", "c", "d"]
    assert [earlier for _, earlier in kept] == [None, before.row, None, rows["b"], None, rows["c"], before.row]
    assert [found[stored.row] for stored, _ in kept] == names
    assert len(found) == 8


async def test_one_that_cannot_be_stored_keeps_no_other_from_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        intake = Intake(store, 60)
        payloads = ["{}", "{}", "\ud800", "{}"]
        kept = await asyncio.gather(
            *(intake.keep(signal(f"s{n}"), payload, AT) for n, payload in enumerate(payloads)), return_exceptions=True
        )

    assert [isinstance(one, Exception) for one in kept] == [False, False, True, False]
    assert on_disk(tmp_path) == [("s0", None), ("s1", None), ("s3", None)]


async def test_when_the_database_takes_nothing_all_are_told_so_and_the_next_ones_are_stored(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        intake = Intake(store, 60)
        with closing(sqlite3.connect(tmp_path / "helix.db", isolation_level=None)) as other:
            other.execute("DROP TABLE inbox")
        failed = await asyncio.gather(
            *(intake.keep(signal(f"s{n}"), "{}", AT) for n in range(5)), return_exceptions=True
        )
        with closing(sqlite3.connect(tmp_path / "helix.db", isolation_level=None)) as other:
            other.execute("CREATE TABLE inbox (signal_row, action, symbol, price, timestamp, strategy, done_at)")
        await intake.keep(signal("later"), "{}", AT)

    assert all(isinstance(one, StoreError) for one in failed)
    assert on_disk(tmp_path) == [("later", None)]


async def test_one_that_is_broken_off_leaves_nobody_waiting(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        intake = Intake(store, 60)
        tasks = [asyncio.ensure_future(intake.keep(signal(f"s{n}"), "{}", AT)) for n in range(5)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        async with asyncio.timeout(10):
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        stored = {end[0].signal.signal_id for end in ends if not isinstance(end, BaseException)}

    assert isinstance(ends[0], asyncio.CancelledError)
    assert stored <= {name for name, _ in on_disk(tmp_path)}
    with pytest.raises(asyncio.CancelledError):
        tasks[0].result()


async def test_those_who_are_stored_together_are_told_together(tmp_path: Path) -> None:
    """Not one after the other, each of them in a round of the event loop of its own. (The first is stored alone.)"""
    rounds, told = 0, []
    loop = asyncio.get_running_loop()

    def count() -> None:
        nonlocal rounds
        rounds += 1
        loop.call_soon(count)

    async with opened(tmp_path) as store:
        intake = Intake(store, 60)

        async def keep(name: str) -> None:
            await intake.keep(signal(name), "{}", AT)
            told.append(rounds)

        count()
        await asyncio.gather(*(keep(f"s{n}") for n in range(32)))

    first, *others = told
    assert len(others) == 31
    assert first < min(others)
    assert max(others) - min(others) <= 2
