"""Found by review: each of these lost sight of money, or of a position, when it was written."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from helix_binance.sandbox import sandbox
from helix_core.sandbox.faults import Fault
from helix_core.sandbox.fees import FeeCoin, Fees
from helix_core.sandbox.server import serving
from tests.bot.conftest import ORDER, PRICE, Venue, environment, running
from tests.bot.staged import staged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.bot.conftest import RunningBot
    from tests.bot.staged import StagedBot

LOT = Decimal("0.00001")


@asynccontextmanager
async def venue_with(**balances: int) -> AsyncIterator[Venue]:
    made = sandbox(price=PRICE, balances={coin: Decimal(amount) for coin, amount in balances.items()})
    async with serving(made.app) as url:
        yield Venue(made, url)


def change(folder: Path, statement: str) -> None:
    with sqlite3.connect(folder / "data" / "helix.db") as connection:
        connection.execute(statement)


@staged(coins={"BNB": "5"})
async def test_fees_taken_in_a_third_coin_are_booked(bot: StagedBot, venue: Venue) -> None:
    """The usual case at Binance: fees are paid in BNB. Its price in quote must be askable."""
    venue.sandbox.venue.fees = Fees(coin=FeeCoin(currency="BNB", price=Decimal(600)))
    await bot.post("BUY")
    answer = await bot.post("SELL")

    assert answer.json()["status"] == "accepted"
    assert bot.rows("SELECT status FROM trades") == [("closed",)]


@staged(coins={"BNB": "1", "USDT": "-10000"})
async def test_a_bot_first_started_on_an_empty_account_trades_after_a_deposit(bot: StagedBot, venue: Venue) -> None:
    """An opening equity of zero is no divisor."""
    venue.sandbox.venue.transfer("USDT", Decimal(10_000))
    await asyncio.sleep(5.5)

    assert (await bot.get("/health")).status_code == 200
    assert (await bot.post("BUY")).json()["status"] == "accepted"


@staged
async def test_coins_that_a_human_took_do_not_leave_the_rest_without_a_stop(bot: RunningBot, venue: Venue) -> None:
    """A ten-thousandth of a coin is missing: the rest is covered or sold, not refused for ever."""
    await bot.post("BUY")
    venue.sandbox.venue.cancel(venue.resting()[0].order_id)
    venue.sandbox.venue.transfer("BTC", Decimal("-0.0001"))
    await asyncio.sleep(6)

    stopped = sum(order.quantity for order in venue.resting() if order.stop_price is not None)
    assert venue.total("BTC") - stopped <= LOT
    assert len(venue.sent("POST")) < 8, "what is refused is not sent again every two seconds"


@staged
async def test_a_halt_stops_an_entry_that_is_being_tried_again(bot: RunningBot, venue: Venue) -> None:
    text = "Timestamp for this request is outside of the recvWindow."
    refusal = {"kind": "refused", "code": -1021, "msg": text, "times": 2}
    venue.sandbox.faults.add(Fault.model_validate({"on": f"POST {ORDER}", **refusal}))
    posting = asyncio.ensure_future(bot.post("BUY"))
    async with asyncio.timeout(30):
        while not venue.parameters("POST", ORDER):
            await asyncio.sleep(0.005)
    change(bot.folder, "INSERT INTO halts (kind, detail, raised_at) VALUES ('manual', 'x', '2026-01-01 00:00:00')")

    answer = await posting

    assert answer.status_code == 409
    assert venue.total("BTC") == 0


@staged
async def test_a_trade_is_closed_when_its_stop_filled_not_when_that_was_noticed(bot: StagedBot, venue: Venue) -> None:
    """Else a loss of yesterday counts as today's (spec 7: real fills, fees and time)."""
    await bot.post("BUY")
    await bot.ends()
    venue.sandbox.venue.set_price(Decimal(62000))
    await asyncio.sleep(90)
    await bot.starts()

    (filled,) = bot.rows("SELECT at FROM fills WHERE side = 'SELL'")
    (closed,) = bot.rows("SELECT closed_at FROM results")
    assert closed[0][:19] == filled[0][:19]


async def test_a_venue_that_counts_from_one_again_is_booked(tmp_path: Path, venue: Venue) -> None:
    """The testnet is reset every month: its trade ids are then those of old fills."""
    async with running(tmp_path, environment(venue)) as bot:
        await bot.post("BUY", "before 1")
        await bot.post("SELL", "before 2")
    async with venue_with(USDT=10_000) as reset, running(tmp_path, environment(reset)) as bot:
        answer = await bot.post("BUY", "after")

        assert answer.json()["status"] == "accepted"
        assert len(reset.resting()) == 2


@pytest.mark.deep
async def test_a_trade_that_this_account_never_made_is_not_traded_on_it(tmp_path: Path, venue: Venue) -> None:
    """Another key, or a testnet after its reset: the entry is not there, so the coins are the owner's own."""
    async with running(tmp_path, environment(venue)) as bot:
        await bot.post("BUY")
    change(tmp_path, "UPDATE journal SET fence_at = '2026-01-01 00:00:00'")
    async with venue_with(USDT=10_000, BTC=1) as other:
        other.sandbox.venue.set_price(Decimal(60_000))
        with suppress(ExceptionGroup):  # refusing to start is a good answer too
            async with running(tmp_path, environment(other)):
                await asyncio.sleep(1)

        assert other.sent("POST", "DELETE") == []
        assert other.total("BTC") == 1


@staged
async def test_a_question_that_the_venue_refuses_does_not_end_the_bot(bot: RunningBot, venue: Venue) -> None:
    await bot.post("BUY")
    refusal = {"kind": "refused", "code": -1121, "msg": "Invalid symbol."}
    venue.sandbox.faults.add(Fault.model_validate({"on": "GET /api/v3/openOrders", **refusal}))
    await asyncio.sleep(1.5)

    assert not bot.stop.is_set()


@staged
async def test_a_repeated_signal_id_never_meets_a_name_that_is_taken(bot: StagedBot, venue: Venue) -> None:
    for action, signal_id in (("BUY", "Long#5"), ("SELL", "x"), ("BUY", "Long"), ("SELL", "y")):
        await bot.post(action, signal_id)
    await asyncio.sleep(60)

    assert (await bot.post("BUY", "Long")).json()["status"] == "accepted"
    assert len(venue.resting()) == 2
