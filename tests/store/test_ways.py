"""Both ways to SQLite, in place and by SQLAlchemy's driver: they answer alike, and a change is whole or not at all."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import aiosqlite
import pytest

from helix_core import Action, Fill, HaltKind, NoticeKind, OrderKind, Signal
from helix_core.errors import StoreError
from helix_core.store import curve, halts, inbox, journal, outbox, trades
from helix_core.store.database import Store
from helix_core.store.schema import JournalState
from tests.stateful.rows import entry_row, position

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SIGNAL = Signal(signal_id="Long", action=Action.BUY, symbol="BTC/USDT", price=Decimal("64210.50"))
BOUGHT = Fill(
    fill_id="1",
    venue_order_id="v1",
    symbol="BTC/USDT",
    side=Action.BUY,
    price=Decimal("64210.10"),
    quantity=Decimal("0.00100000"),
    fee=Decimal("0.000001"),
    fee_currency="BTC",
    at=NOON,
)


@pytest.fixture(params=["in place", "by driver"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty database, reached either way."""
    file = tmp_path / "helix.db"
    connect = {"in place": None, "by driver": lambda: aiosqlite.connect(file)}[request.param]
    opened = await Store.open(f"sqlite+aiosqlite:///{file}", connect=connect)
    yield opened
    await opened.close()


async def test_a_signal_its_repeat_and_its_end_read_the_same(store: Store) -> None:
    """Times, decimals and None come back as they went in; a repeat names the first, and the message is there."""
    later = NOON + timedelta(seconds=59)
    async with store.write() as session:
        (first, none), (again, repeated) = await inbox.append_all(
            session, [inbox.Arrival(SIGNAL, "{}", NOON), inbox.Arrival(SIGNAL, "{}", later)], 60
        )
    async with store.write() as session:
        await inbox.finish(session, first.row, later, reason="daily_loss_limit", detail="too much")
        outbox.owe(session, NoticeKind.SIGNAL_REJECTED, "told", later)
    async with store.read() as session:
        seen = [await inbox.seen_before(session, one, 60) for one in (first, again)]
        loaded, left = await inbox.load(session, first.row), await inbox.unfinished(session)
        following = await journal.next_order(session, first.row, OrderKind.ENTRY)
    pending = await outbox.StoredOutbox(store).pending("nobody", 10)

    assert (none, repeated, loaded, left) == (None, first.row, first, [])
    assert (seen, following) == ([False, True], (1, NOON))
    assert [(notice.kind, notice.text, notice.at) for notice in pending] == [("signal_rejected", "told", later)]


async def test_what_is_open_and_what_it_was_bought_for_reads_the_same(store: Store) -> None:
    """Every digit of a fill comes back; a trade without fills is open as well, a closed one is not."""
    async with store.write() as session:
        (stored, _), (other, _) = await inbox.append_all(
            session, [inbox.Arrival(SIGNAL, "{}", NOON), inbox.Arrival(SIGNAL, "{}", NOON - timedelta(hours=1))], 60
        )
        for one in (stored, other):
            await journal.add(session, entry_row(one.row, NOON))
            row = await journal.of_signal(session, one.row, OrderKind.ENTRY)
            assert row is not None
            await trades.open_trade(session, one, row, "binance", position(Decimal(0)), NOON)
        await journal.record_fills(session, "binance", 1, f"e{stored.row}", [BOUGHT])
    async with store.read() as session:
        before = await journal.fills_of_open(session), await journal.something_open(session)
    async with store.write() as session:
        for trade_id in (1, 2):
            lost = Decimal("-0.10") * trade_id
            await trades.close_trade(
                session, trade_id, position(lost), lost, status="stopped_out", reason="stop", at=NOON
            )
        unseen = await journal.fills_of_open(session)
    async with store.read() as session:
        after = await journal.something_open(session), await journal.unknown_entries(session)
        streak = await trades.losing_streak(session, None), await trades.losing_streak(session, NOON)
        stopped = await trades.last_stop_out_at(session)

    assert before == ({1: [BOUGHT], 2: []}, True)
    assert (unseen, after) == ({}, (False, 0)), "a change sees itself"
    assert (streak, stopped) == ((2, 2), NOON)


async def test_halts_and_the_curve_read_the_same(store: Store) -> None:
    """A halt that is ended in the same change is over in it; a transfer counts in the change that notes it."""
    async with store.write() as session:
        await halts.put_in_force(session, HaltKind.DRAWDOWN, "down", NOON)
        await halts.clear(session, frozenset({HaltKind.DRAWDOWN}), "owner", NOON)
        over = await halts.active(session), await halts.last_cleared_at(session, HaltKind.DRAWDOWN)
        await curve.open_day(session, NOON, Decimal(1000))
        await curve.record_transfer(session, NOON, Decimal("1.5"))
        found = await curve.until(session, NOON)
    async with store.read() as session:
        in_force = [halt.detail for halt in await halts.in_force(session, NOON)]

    assert over == ([], NOON)
    assert found is not None
    assert (found.opening, found.equity, found.peak) == (Decimal(1500), Decimal(1500), Decimal(1500))
    assert in_force == ["down"], "a drawdown stops the bot that met it until it is started again"


async def test_a_change_that_is_called_off_leaves_nothing_and_the_next_one_has_its_turn(
    store: Store, tmp_path: Path
) -> None:
    begun = asyncio.Event()

    async def never_ends() -> None:
        async with store.write() as session:
            await halts.put_in_force(session, HaltKind.MANUAL, "in vain", NOON)
            begun.set()
            await asyncio.Event().wait()

    working = asyncio.ensure_future(never_ends())
    await begun.wait()
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working
    async with store.write() as session:
        await halts.put_in_force(session, HaltKind.MANUAL, "kept", NOON)

    with closing(sqlite3.connect(tmp_path / "helix.db")) as connection:
        assert connection.execute("SELECT detail FROM halts").fetchall() == [("kept",)]


async def test_a_change_that_finds_the_disk_full_leaves_nothing_and_the_next_one_works(store: Store) -> None:
    async with store.write() as session:
        await session.run_sync(_say, "PRAGMA max_page_count=1")
    with pytest.raises(StoreError, match="disk is full"):
        async with store.write() as session:
            await halts.put_in_force(session, HaltKind.MANUAL, "x" * 100_000, NOON)
    async with store.write() as session:
        await session.run_sync(_say, "PRAGMA max_page_count=100000")
        await halts.put_in_force(session, HaltKind.MANUAL, "kept", NOON)

    async with store.read() as session:
        assert [halt.detail for halt in await halts.active(session)] == ["kept"]


async def test_others_go_on_while_a_change_waits_for_another_program(store: Store, tmp_path: Path) -> None:
    """Nothing that trades stands still because somebody writes with another program."""
    loop, longest_s, waiting = asyncio.get_running_loop(), 0.0, True

    async def write() -> None:
        nonlocal waiting
        async with store.write() as session:
            await halts.put_in_force(session, HaltKind.MANUAL, "kept", NOON)
        waiting = False

    with closing(sqlite3.connect(tmp_path / "helix.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        loop.call_later(0.3, other.execute, "ROLLBACK")
        writing, looked_at = asyncio.ensure_future(write()), loop.time()
        while waiting:
            await asyncio.sleep(0.01)
            longest_s, looked_at = max(longest_s, loop.time() - looked_at), loop.time()
        await writing

    assert longest_s < 0.25


def _say(session: object, statement: str) -> None:
    session.connection().exec_driver_sql(statement)  # type: ignore[attr-defined]


async def test_a_change_sees_what_it_has_changed_itself(store: Store) -> None:
    """Also by a prepared statement, and when nobody has said that it is to be written out."""
    async with store.write() as session:
        ((stored, _),) = await inbox.append_all(session, [inbox.Arrival(SIGNAL, "{}", NOON)], 60)
        entry = entry_row(stored.row, NOON)
        await journal.add(session, entry)
        await journal.mark(session, entry.client_order_id, JournalState.SENT, NOON)
        before = await journal.unknown_entries(session)
        await journal.mark(session, entry.client_order_id, JournalState.NOT_PLACED, NOON)
        after = await journal.unknown_entries(session)

    assert (before, after) == (1, 0)
