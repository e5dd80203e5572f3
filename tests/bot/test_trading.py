"""The main job: an alert becomes a protected position, and a SELL or the stop ends it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.sandbox.faults import Fault, FaultKind
from tests.bot.conftest import LIST, OCO, ORDER
from tests.bot.staged import staged

if TYPE_CHECKING:
    from tests.bot.conftest import RunningBot, Venue


async def test_buy_becomes_one_order_and_one_stop_for_what_is_held(bot: RunningBot, venue: Venue) -> None:
    answer = await bot.post("BUY", "first")

    assert (answer.status_code, answer.json()["status"], answer.json()["trade_id"]) == (200, "accepted", 1)
    assert venue.sent("POST", "DELETE") == [f"POST {ORDER}", f"POST {OCO}"]
    order, stop = venue.parameters("POST", ORDER)[0], venue.parameters("POST", OCO)[0]
    assert (order["side"], order["type"], order["quantity"]) == ("BUY", "MARKET", "0.07786")
    assert "price" not in order
    assert "quoteOrderQty" not in order
    held = venue.total("BTC")
    assert held < Decimal(order["quantity"]), "the venue takes its fee in the coin that was bought"
    assert held - Decimal("0.00001") < Decimal(stop["quantity"]) <= held
    assert bot.rows("SELECT signal_id, exchange, symbol, side, status FROM trades") == [
        ("first", "binance", "BTC/USDT", "BUY", "open")
    ]


async def test_the_intent_is_committed_before_the_order_is_sent(bot: RunningBot, venue: Venue) -> None:
    venue.sandbox.faults.add(Fault(on=f"POST {ORDER}", kind=FaultKind.DELAY, delay_s=0.5))

    posted = asyncio.ensure_future(bot.post("BUY"))
    async with asyncio.timeout(30):
        while not venue.parameters("POST", ORDER):
            await asyncio.sleep(0.005)
    journalled = bot.rows("SELECT client_order_id, kind, state FROM journal")
    await posted

    sent = venue.parameters("POST", ORDER)[0]["newClientOrderId"]
    assert journalled == [(sent, "entry", "sent")]


@staged
async def test_every_verdict_is_stored_with_its_numbers(bot: RunningBot) -> None:
    await bot.post("BUY")

    verdicts = bot.rows("SELECT gate, verdict, measured IS NOT NULL OR gate = 'exchange_reachable' FROM verdicts")
    assert [gate for gate, _, _ in verdicts] == [
        "max_positions",
        "daily_loss",
        "duplicate_signal",
        "min_balance",
        "exchange_reachable",
        "min_notional",
        "pair_available",
    ]
    assert {(verdict, numbers) for _, verdict, numbers in verdicts} == {("allow", 1)}


async def test_sell_cancels_confirms_and_sells_what_is_held(bot: RunningBot, venue: Venue) -> None:
    await bot.post("BUY")
    protected = venue.parameters("POST", OCO)[0]["quantity"]
    bought = len(venue.sent("POST", "DELETE"))

    answer = await bot.post("SELL")

    assert (answer.status_code, answer.json()["status"]) == (200, "accepted")
    assert venue.sent("POST", "DELETE")[bought:] == [f"DELETE {LIST}", f"POST {ORDER}"]
    calls = venue.sent("GET", "POST", "DELETE")
    cancelled, sold = calls.index(f"DELETE {LIST}"), len(calls) - 1 - calls[::-1].index(f"POST {ORDER}")
    assert f"GET {ORDER}" in calls[cancelled:sold], "the cancel is confirmed before anything is sold"
    sale = venue.parameters("POST", ORDER)[-1]
    assert (sale["side"], sale["type"], sale["quantity"]) == ("SELL", "MARKET", protected)
    assert venue.resting() == []
    assert bot.rows("SELECT status, close_reason FROM trades") == [("closed", "signal")]


@staged
async def test_profit_and_loss_is_the_change_of_the_quote_balance(bot: RunningBot, venue: Venue) -> None:
    await bot.post("BUY")
    venue.sandbox.venue.set_price(Decimal(65000))
    await bot.post("SELL")

    ((pnl,),) = bot.rows("SELECT pnl FROM results")
    assert Decimal(pnl) == venue.total("USDT") - Decimal(10000)
    ((count, wins, losses, total),) = bot.rows("SELECT trades_count, wins, losses, total_pnl FROM daily_stats")
    assert (count, wins, losses, total) == (1, 1, 0, float(pnl))


@staged
async def test_a_filled_stop_is_noticed_booked_and_told(bot: RunningBot, venue: Venue) -> None:
    await bot.post("BUY")

    venue.sandbox.venue.set_price(Decimal("62000.00"))

    await bot.until("SELECT status, close_reason FROM trades", [("stopped_out", "stop_loss")])
    ((pnl,),) = bot.rows("SELECT pnl FROM results")
    assert Decimal(pnl) == venue.total("USDT") - Decimal(10000)
    assert bot.notices()[-1].startswith("⛔ STOP LOSS: BTC/USDT @ 6")
    assert "Loss: −$" in bot.notices()[-1]


@staged
async def test_messages_have_the_exact_shape(bot: RunningBot, venue: Venue) -> None:
    await bot.post("BUY")
    await bot.post("BUY")

    assert bot.notices() == [
        "🤖 BOT STARTED · Mode: TESTNET · Exchange: Binance · Balance: $10,000.00",
        "🟢 OPENED: BUY BTC/USDT @ 64210.50 | Size: 0.07778 | SL: 62926.29",
        "⚠️ SIGNAL REJECTED: Position already open",
    ]


async def test_the_same_alert_twice_at_the_same_instant_gives_one_order(bot: RunningBot, venue: Venue) -> None:
    answers = await asyncio.gather(bot.post("BUY", "same"), bot.post("BUY", "same"))

    assert sorted(answer.json()["status"] for answer in answers) == ["accepted", "deduplicated"]
    assert {answer.status_code for answer in answers} == {200}
    assert len(venue.parameters("POST", ORDER)) == 1
    assert sorted(bot.rows("SELECT action FROM signals")) == [("accepted",), ("deduplicated",)]


@staged
async def test_two_alerts_at_the_same_instant_give_one_order_and_one_refusal(bot: RunningBot, venue: Venue) -> None:
    answers = await asyncio.gather(bot.post("BUY", "one"), bot.post("BUY", "two"))

    assert sorted((answer.status_code, answer.json().get("reason")) for answer in answers) == [
        (200, None),
        (409, "position_already_open"),
    ]
    assert len(venue.parameters("POST", ORDER)) == 1


@staged
async def test_a_sell_without_a_position_is_rejected(bot: RunningBot, venue: Venue) -> None:
    answer = await bot.post("SELL")

    assert (answer.status_code, answer.json()["reason"]) == (409, "no_open_position")
    assert venue.sent("POST", "DELETE") == []


@staged
async def test_another_pair_is_rejected_by_name(bot: RunningBot, venue: Venue) -> None:
    answer = await bot.post("BUY", symbol="ETHUSDT")

    assert (answer.status_code, answer.json()["reason"]) == (409, "pair_unavailable")
    assert venue.sent("POST") == []


@staged
async def test_an_old_alert_is_rejected(bot: RunningBot, venue: Venue) -> None:
    answer = await bot.post("BUY", timestamp="2026-05-15T08:14:32Z")

    assert (answer.status_code, answer.json()["reason"]) == (409, "signal_too_old")
    assert venue.sent("POST") == []


async def test_health_has_exactly_the_keys_of_the_contract(bot: RunningBot) -> None:
    await bot.post("BUY")

    health = (await bot.client.get("/health")).json()

    assert set(health) == {
        "status",
        "uptime_seconds",
        "active_exchange",
        "exchange_connected",
        "last_signal_time",
        "open_positions",
        "daily_pnl_pct",
        "trading_mode",
    }
    assert (health["status"], health["open_positions"], health["trading_mode"]) == ("ok", 1, "testnet")


@staged
async def test_a_repeated_order_id_of_tradingview_trades_again_after_the_window(
    tmp_path_factory: object, venue: Venue, bot: RunningBot
) -> None:
    await bot.post("BUY", "Long")
    await bot.post("SELL", "Close")
    bot_database = bot.folder / "data" / "helix.db"
    import sqlite3

    with sqlite3.connect(bot_database) as connection:
        connection.execute("UPDATE signals SET received_at = '2026-01-01 00:00:00.000000'")

    answer = await bot.post("BUY", "Long")

    assert answer.json()["status"] == "accepted"
    assert bot.rows("SELECT signal_id FROM trades ORDER BY id") == [("Long",), ("Long#3",)]


@staged
async def test_one_question_at_most_lies_between_the_alert_and_its_order(bot: RunningBot, venue: Venue) -> None:
    await asyncio.sleep(0.3)
    before = len(venue.sandbox.requests)

    await bot.post("BUY")

    asked = [f"{request.method} {request.path}" for request in list(venue.sandbox.requests)[before:]]
    questions = asked[: asked.index(f"POST {ORDER}")]
    assert len(questions) == len(set(questions)), "nothing is asked twice"
    assert set(questions) <= {"GET /api/v3/ticker/24hr", "GET /api/v3/account", "GET /api/v3/exchangeInfo"}


@staged
async def test_the_story_of_a_signal_tells_every_stage(bot: RunningBot) -> None:
    answer = await bot.post("BUY", "told")

    story = (await bot.client.get(f"/signals/{answer.json()['id']}")).json()

    assert story["signal"]["signal_id"] == "told"
    assert len(story["verdicts"]) == 7
    assert [order["kind"] for order in story["orders"]] == ["entry", "stop"]
    assert story["trade"]["status"] == "open"
