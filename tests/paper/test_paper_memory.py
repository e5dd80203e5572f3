"""The account lives in the database: a damaged memory, a bad disk or a lost venue invents nothing."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from helix_core import (
    ConfigError,
    ExchangeUnavailable,
    Memory,
    OrderOutcomeUnknown,
    OrderRefused,
    OrderStatus,
    StoreError,
)
from tests.paper.conftest import SYMBOL, Box, buy, holdings, protected, ref, stop_order

if TYPE_CHECKING:
    from collections.abc import Callable

D = Decimal


class Failing(Memory):
    """A memory whose disk is full while `broken`; with `late` it writes and then says that it could not."""

    def __init__(self, real: Memory) -> None:
        self._real = real
        self.broken = self.late = self.deaf = False
        self.delay_s = 0.0

    async def recall(self, key: str) -> str | None:
        if self.deaf:
            raise StoreError("disk I/O error")
        return await self._real.recall(key)

    async def keep(self, key: str, value: str) -> None:
        await asyncio.sleep(self.delay_s)
        if self.late or not self.broken:
            await self._real.keep(key, value)
        if self.broken:
            raise StoreError("disk full")


async def test_money_comes_once(box: Box) -> None:
    """PAPER_BALANCE opens the account; changed later it adds nothing."""
    await box.start(values={"balance": "250.5"})

    again = await box.start(values={"balance": "99999"})

    assert await holdings(again) == {"USDT": (D("250.5"), D(0))}


@pytest.mark.parametrize(
    "damage",
    [
        lambda kept: "",
        lambda kept: json.dumps(kept)[:-9],
        lambda kept: json.dumps({**kept, "version": 2}),
        lambda kept: json.dumps({**kept, "holdings": {"USDT": "NaN"}}),
        lambda kept: json.dumps({**kept, "holdings": {"USDT": "-1"}}),
        lambda kept: json.dumps({**kept, "surprise": 1}),
        lambda kept: json.dumps({key: value for key, value in kept.items() if key != "holdings"}),
    ],
    ids=["empty", "cut", "newer", "no number", "below zero", "unknown field", "missing field"],
)
async def test_a_damaged_account_stops_the_start(box: Box, damage: Callable[[dict[str, object]], str]) -> None:
    await box.start()
    kept = json.loads(await box.memory.recall("account") or "")
    await box.memory.keep("account", damage(kept))

    with pytest.raises(ConfigError, match=r"(?s)damaged.*DATABASE_URL"):
        await box.start()


@pytest.mark.parametrize(("symbol", "exchange"), [("ETH/USDT", "binance"), ("BTC/USDT", "another")])
async def test_another_accounts_memory_stops_the_start(box: Box, symbol: str, exchange: str) -> None:
    await box.start()
    kept = json.loads(await box.memory.recall("account") or "")
    await box.memory.keep("account", json.dumps({**kept, "symbol": symbol, "exchange": exchange}))

    with pytest.raises(ConfigError, match=rf"trades {symbol} on {exchange}; the settings say BTC/USDT on binance"):
        await box.start()


async def test_decimals_are_kept_as_text(box: Box) -> None:
    client = await box.start()
    await client.place_market_order(buy())

    kept = json.loads(await box.memory.recall("account") or "")

    assert kept["holdings"] == {"BTC": "0.00839160", "USDT": kept["holdings"]["USDT"]}
    assert isinstance(kept["orders"][0]["fills"][0]["price"], str)
    assert json.dumps(kept, indent=0).count("e-") == 0


@pytest.mark.parametrize("late", [False, True], ids=["not written", "written"])
async def test_a_write_that_fails_is_an_unknown_outcome(box: Box, late: bool) -> None:
    """What is true then is read from the disk, not remembered."""
    memory = Failing(box.memory)
    client = await box.start(memory)
    memory.broken, memory.late = True, late

    with pytest.raises(OrderOutcomeUnknown, match="disk full"):
        await client.place_market_order(buy())

    memory.broken = False
    assert (await client.find_order(ref(buy())) is not None) is late
    assert ("BTC" in await holdings(client)) is late


async def test_a_stop_that_cannot_be_written_down_is_sold_with_a_later_price(box: Box) -> None:
    memory = Failing(box.memory)
    client = await box.start(memory)
    await protected(client)
    memory.broken = True
    box.price("62000.00")
    await client.get_ticker(SYMBOL)
    memory.broken = False

    report = await client.find_order(ref(stop_order()))

    assert report is not None
    assert report.status is OrderStatus.FILLED


async def test_an_impatient_caller_leaves_no_write_behind(box: Box) -> None:
    """Cancelled while the disk is slow: afterwards the account and the disk agree."""
    memory = Failing(box.memory)
    client = await box.start(memory)
    memory.delay_s = 0.2

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await client.place_market_order(buy())
    memory.delay_s = 0

    report = await client.find_order(ref(buy()))
    assert report is not None
    assert (await (await box.start()).find_order(ref(buy()))) == report


async def test_a_database_that_does_not_answer_is_a_venue_that_does_not(box: Box) -> None:
    memory = Failing(box.memory)
    memory.deaf = True

    with pytest.raises(ExchangeUnavailable, match="could not be read"):
        await box.start(memory)


async def test_two_orders_at_once_are_one_after_the_other(box: Box) -> None:
    """Ten buyers for money that is enough for seven: no coin is paid for twice."""
    client = await box.start()

    ended = await asyncio.gather(
        *(client.place_market_order(buy("0.02", f"buy-{number}")) for number in range(10)), return_exceptions=True
    )

    refused = [one for one in ended if isinstance(one, OrderRefused)]
    assert len(refused) == 3
    assert (await client.get_balance()).of("BTC").total == 7 * D("0.01998")


@pytest.mark.parametrize("kind", ["market", "stop"])
async def test_an_order_without_a_market_is_refused_and_may_be_tried_again(box: Box, kind: str) -> None:
    """Nothing was simulated, so the core may send it again."""
    client = await box.start()
    box.break_("/api/v3/*")

    with pytest.raises(OrderRefused) as caught:
        await (client.place_market_order(buy()) if kind == "market" else client.place_oco_order(stop_order()))

    assert caught.value.transient
    box.venue.faults.clear()
    assert await holdings(client) == {"USDT": (D(10_000), D(0))}


@pytest.mark.parametrize("question", ["get_ticker", "order_book", "instrument"])
async def test_questions_about_the_market_fail_as_the_venues_do(box: Box, question: str) -> None:
    client = await box.start()
    box.break_("/api/v3/*")

    with pytest.raises(ExchangeUnavailable):
        await getattr(client, question)(SYMBOL)
