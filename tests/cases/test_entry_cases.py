"""Entries: a crash, a slow venue or a changed rule between the alert and its fill."""

from __future__ import annotations

import asyncio
import itertools
import random  # noqa: TID251 - seeded
import sqlite3
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from helix_binance.sandbox import sandbox
from helix_core.clock import SystemClock
from helix_core.domain.identifiers import client_order_id
from helix_core.domain.order import Fill, OrderKind
from helix_core.domain.signal import Action, Signal
from helix_core.sandbox.book import Book
from helix_core.sandbox.faults import Fault, FaultKind
from helix_core.sandbox.fees import FeeCoin, Fees
from helix_core.sandbox.server import serving
from helix_core.sim.strikes import Strike, StrikeKind
from helix_core.store import inbox, journal
from helix_core.store.database import Store
from helix_core.store.schema import JournalRow, JournalState, TradeRow
from tests.bot.conftest import OCO, ORDER, PRICE, Venue, environment, running
from tests.bot.staged import staged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from helix_core.store.inbox import StoredSignal
    from tests.bot.conftest import RunningBot
    from tests.bot.staged import StagedBot

LOT = Decimal("0.00001")
PAIR = "BTC/USDT"


async def stored(store: Store, signal_id: str, at: datetime) -> StoredSignal:
    """A signal as the door stores it, and then the power goes."""
    signal = Signal(signal_id=signal_id, action=Action.BUY, symbol=PAIR, price=PRICE, timestamp=None, strategy=None)
    async with store.write() as session:
        kept, _ = await inbox.append(session, signal, "{}", at, 60)
    return kept


async def sent(store: Store, signal: StoredSignal) -> str:
    """Its entry as the desk journals it, just before the bytes leave."""
    order = client_order_id(signal.row, signal.received_at, OrderKind.ENTRY, 1)
    async with store.write() as session:
        session.add(
            JournalRow(
                client_order_id=order,
                signal_row=signal.row,
                kind=OrderKind.ENTRY.value,
                attempt=1,
                symbol=PAIR,
                side=Action.BUY.value,
                quantity=Decimal("0.01"),
                state=JournalState.SENT.value,
                sent_at=signal.received_at,
                fence_at=signal.received_at + timedelta(seconds=20),
                updated_at=signal.received_at,
            )
        )
    return order


async def test_what_a_crash_left_in_the_inbox_is_ended_once_and_never_blindly_sent(
    tmp_path: Path, venue: Venue
) -> None:
    """Killed at three places: with an order journalled that never left, with an old alert, with a fresh one."""
    (tmp_path / "data").mkdir()
    store, now = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/data/helix.db"), SystemClock().now()
    await sent(store, await stored(store, "journalled, not sent", now - timedelta(seconds=300)))
    await stored(store, "too old by now", now - timedelta(seconds=299))
    await stored(store, "fresh", now)
    await store.close()

    async with running(tmp_path, environment(venue)) as bot:
        await bot.until(
            "SELECT signal_id, action, rejection_reason FROM signals",
            [
                ("journalled, not sent", "rejected", "order_not_placed"),
                ("too old by now", "rejected", "signal_too_old"),
                ("fresh", "accepted", None),
            ],
        )
        assert bot.rows("SELECT state FROM journal WHERE signal_row = 1") == [("not_placed",)]

    assert venue.sent("POST") == [f"POST {ORDER}", f"POST {OCO}"], "one entry for the fresh one, and its stop"


@staged
async def test_a_signal_that_could_not_be_stored_is_sent_again_and_traded_once(bot: RunningBot, venue: Venue) -> None:
    """Nothing was answered with 2xx, so the sender repeats it: whatever became of the first, there is one order."""
    with sqlite3.connect(bot.folder / "data" / "helix.db", isolation_level=None) as backup:
        backup.execute("BEGIN IMMEDIATE")
        first = await bot.post("BUY", "same")
        backup.execute("ROLLBACK")
    second = await bot.post("BUY", "same")
    third = await bot.post("BUY", "same")

    assert first.status_code == 503
    assert second.status_code in {200, 202}
    assert third.json()["status"] == "deduplicated"
    await bot.until("SELECT status FROM trades", [("open",)])
    assert len(venue.parameters("POST", ORDER)) == 1


@staged
async def test_a_look_up_that_fails_many_times_is_no_proof_of_absence(bot: RunningBot, venue: Venue) -> None:
    """The answer to the entry is lost, then every question about it: nothing is concluded from counting failures."""
    venue.sandbox.faults.add(Fault(on=f"POST {ORDER}", kind=FaultKind.LOST_ANSWER))
    venue.sandbox.faults.add(Fault(on=f"GET {ORDER}", kind=FaultKind.HTTP_5XX, status=503, body="down", times=12))

    await bot.post("BUY")
    await bot.until("SELECT action FROM signals", [("accepted",)], seconds=20)

    assert len(venue.parameters("POST", ORDER)) == 1
    (stop,) = [order for order in venue.resting() if order.stop_price is not None]
    assert venue.total("BTC") - LOT < stop.quantity <= venue.total("BTC")


@staged
async def test_the_owner_who_was_told_that_nobody_knows_is_told_that_it_never_arrived(
    bot: StagedBot, venue: Venue
) -> None:
    """The entry is lost, and for two minutes the venue answers no question about it. The halt is the owner's to end."""
    bot.strike(f"POST {ORDER}", Strike(kind=StrikeKind.SILENT_REQUEST))
    venue.sandbox.faults.add(Fault(on=f"GET {ORDER}", kind=FaultKind.HTTP_5XX, status=503, body="down", times=None))
    await bot.post("BUY")
    await bot.until("SELECT rejection_reason FROM signals", [("order_outcome_unknown",)], 90)

    venue.sandbox.faults.clear()
    await bot.until("SELECT state FROM journal", [("not_placed",)], 90)
    await bot.until("SELECT count(*) FROM outbox WHERE text LIKE '%RESOLVED%'", [(1,)])

    (told,) = [text for text in bot.notices() if "RESOLVED" in text]
    assert told.endswith("It was never placed")
    assert bot.rows("SELECT kind FROM halts WHERE cleared_at IS NULL") == [("reconcile",)]


async def test_a_stop_of_the_bot_in_the_middle_of_an_order_ends_with_the_position_protected(
    tmp_path: Path, venue: Venue
) -> None:
    """SIGTERM while the venue still sits on the entry: the bot first ends what it has begun."""
    venue.sandbox.faults.add(Fault(on=f"POST {ORDER}", kind=FaultKind.DELAY, delay_s=0.7, done=True))
    async with running(tmp_path, environment(venue)) as bot:
        posted = asyncio.ensure_future(bot.post("BUY"))
        async with asyncio.timeout(30):
            while not venue.parameters("POST", ORDER):
                await asyncio.sleep(0.005)
        bot.stop.set()
        await asyncio.gather(posted, return_exceptions=True)

    assert bot.rows("SELECT action FROM signals") == [("accepted",)]
    assert bot.rows("SELECT kind, state FROM journal ORDER BY sent_at") == [("entry", "done"), ("stop", "live")]
    assert len(venue.resting()) == 2


@staged
async def test_a_lot_step_that_changed_is_refused_by_the_venue_and_nothing_is_bought(
    bot: RunningBot, venue: Venue
) -> None:
    """The venue made its lots coarser since its rules were read: no order of the old size is taken for granted."""
    listing = venue.sandbox.venue.listing(PAIR)
    listing.market = replace(listing.market, lot_step=Decimal("0.001"))

    first = await bot.post("BUY")

    assert (first.status_code, first.json()["reason"]) == (409, "order_refused")
    assert venue.total("BTC") == 0
    assert bot.rows("SELECT state FROM journal") == [("refused",)]


async def test_a_fee_coin_that_runs_out_in_the_middle_of_an_order(tmp_path: Path) -> None:
    """Some fills of one order pay their fee in BNB, the rest in the coin bought: each is booked as it was charged."""
    account = {"USDT": Decimal(10_000), "BNB": Decimal("0.0025")}
    made = sandbox(price=PRICE, balances=account)
    made.venue.fees = Fees(coin=FeeCoin(currency="BNB", price=Decimal(600)))
    made.venue.listing(PAIR).book = Book(tick=Decimal("0.01"), level_quantity=Decimal("0.03"))
    async with serving(made.app) as url:
        venue = Venue(made, url)
        async with running(tmp_path, environment(venue)) as bot:
            await bot.post("BUY")
            (stop,) = [order for order in venue.resting() if order.stop_price is not None]
            assert venue.total("BTC") - LOT < stop.quantity <= venue.total("BTC")
            assert (await bot.post("SELL")).json()["status"] == "accepted"

            booked = bot.rows("SELECT price, quantity, fee, fee_currency FROM fills ORDER BY CAST(fill_id AS INTEGER)")
    executed = [(one.price, one.quantity, one.fee, one.fee_currency) for one in made.venue.ledger.executions]
    assert [(Decimal(price), Decimal(size), Decimal(fee), coin) for price, size, fee, coin in booked] == executed
    assert {coin for *_, coin in booked} == {"BNB", "BTC", "USDT"}


async def test_fills_that_come_twice_and_in_any_order_are_counted_once(tmp_path: Path) -> None:
    """The venue repeats itself, the newest first: what is held is the same, to the last digit."""
    store, now = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/helix.db"), SystemClock().now()
    signal = await stored(store, "one", now)
    order = await sent(store, signal)
    fills = [
        Fill(
            fill_id=str(number),
            venue_order_id="7",
            symbol=PAIR,
            side=Action.BUY,
            price=PRICE,
            quantity=Decimal(number) / 1000,
            fee=Decimal("0.00001"),
            fee_currency="BTC",
            at=now,
        )
        for number in range(1, 6)
    ]
    async with store.write() as session:
        session.add(TradeRow(id=1, signal_id="one", exchange="x", symbol=PAIR, side="BUY", status="open"))
    for shuffled in itertools.islice(_shuffles(fills), 8):
        async with store.write() as session:
            await journal.record_fills(session, "x", 1, order, shuffled)

    async with store.read() as session:
        kept = await journal.fills_of(session, 1)
    assert sorted(kept, key=lambda fill: fill.fill_id) == fills
    await store.close()


def _shuffles(fills: list[Fill]) -> Iterator[list[Fill]]:
    chance = random.Random(70)
    while True:
        yield chance.sample(fills, k=chance.randrange(1, 6)) + chance.sample(fills, k=5)
