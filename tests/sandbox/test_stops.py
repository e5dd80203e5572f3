"""Stops and pairs at the sandbox, as a real ccxt client sees them placed, set off and cancelled."""

from __future__ import annotations

from decimal import Decimal

import ccxt  # type: ignore[import-untyped]
import pytest

from helix_core.sandbox import Book, prove

from .conftest import SYMBOL, buy, protect

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_oco_larger_than_what_is_held_is_refused(exchange, box):
    """Selling the filled quantity after a fee in base is more than the account holds."""
    await buy(exchange)

    with pytest.raises(ccxt.InsufficientFunds):
        await protect(exchange, quantity="0.078")

    assert box.venue.ledger.open_orders(SYMBOL) == ()


async def test_oco_locks_the_coins_once(exchange, box):
    """Two legs over one quantity lock it once, so a further sell of it is refused."""
    await buy(exchange)

    answer = await protect(exchange, listClientOrderId="l1", aboveClientOrderId="t1", belowClientOrderId="s1")

    balance = await exchange.fetch_balance()
    assert (balance["BTC"]["free"], balance["BTC"]["used"]) == (0.000002, 0.07792)
    assert answer["listOrderStatus"] == "EXECUTING"
    reports = [exchange.parse_order(report) for report in answer["orderReports"]]
    assert [(leg["clientOrderId"], leg["info"]["type"]) for leg in reports] == [
        ("s1", "STOP_LOSS"),
        ("t1", "LIMIT_MAKER"),
    ]
    with pytest.raises(ccxt.InsufficientFunds):
        await exchange.create_order(SYMBOL, "market", "sell", "0.07792")


async def test_deprecated_oco_places_the_same_pair(exchange, box):
    """The old endpoint gives the same legs."""
    await buy(exchange)

    answer = await exchange.private_post_order_oco(
        {"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.07", "price": "70000", "stopPrice": "60000"}
    )

    assert [report["type"] for report in answer["orderReports"]] == ["STOP_LOSS", "LIMIT_MAKER"]
    prove(box.venue)


async def test_stop_is_set_off_and_its_sibling_expires(exchange, box):
    """The price reaches the stop: the stop leg is filled, the other one EXPIRED for OCO_TRIGGER."""
    await buy(exchange)
    await protect(exchange, aboveClientOrderId="t1", belowClientOrderId="s1", listClientOrderId="l1")

    box.venue.set_price(Decimal("62926.30"))

    stop = await exchange.fetch_order(None, SYMBOL, {"clientOrderId": "s1"})
    other = await exchange.fetch_order(None, SYMBOL, {"clientOrderId": "t1"})
    assert (stop["status"], stop["filled"], stop["average"]) == ("closed", 0.07792, 62926.29)
    assert (other["status"], other["info"]["expiryReason"]) == ("expired", "OCO_TRIGGER")
    trades = await exchange.fetch_my_trades(SYMBOL, params={"orderId": stop["id"]})
    assert [(trade["amount"], trade["fee"]["currency"]) for trade in trades] == [(0.07792, "USDT")]
    pair = await exchange.private_get_orderlist({"origClientOrderId": "l1"})
    assert pair["listOrderStatus"] == "ALL_DONE"
    prove(box.venue)


async def test_price_just_above_the_stop_leaves_it_alone(exchange, box):
    """One tick above the stop nothing happens."""
    await buy(exchange)
    await protect(exchange)

    box.venue.set_price(Decimal("62926.31"))

    assert len(await exchange.fetch_open_orders(SYMBOL)) == 2


async def test_gap_through_the_stop_fills_at_the_worse_price(exchange, box):
    """A market that jumps over the stop gives what it has, not what was asked for."""
    await buy(exchange)
    await protect(exchange, belowClientOrderId="s1")

    box.venue.set_price(Decimal("58000.00"))

    stop = await exchange.fetch_order(None, SYMBOL, {"clientOrderId": "s1"})
    assert stop["average"] == 57999.99


async def test_take_profit_leg_fills_as_maker_and_ends_the_stop(exchange, box):
    """The price reaches the limit leg: it fills at its own price."""
    await buy(exchange)
    await protect(exchange, limit="70000.00", aboveClientOrderId="t1", belowClientOrderId="s1")

    box.venue.set_price(Decimal("71000.00"))

    limit = await exchange.fetch_order(None, SYMBOL, {"clientOrderId": "t1"})
    stop = await exchange.fetch_order(None, SYMBOL, {"clientOrderId": "s1"})
    trades = await exchange.fetch_my_trades(SYMBOL, params={"orderId": limit["id"]})
    assert (limit["average"], trades[0]["takerOrMaker"]) == (70000, "maker")
    assert stop["info"]["expiryReason"] == "OCO_TRIGGER"
    prove(box.venue)


async def test_stop_in_a_thin_book_expires_with_a_rest(exchange, box):
    """A triggered stop is not a filled stop: what the book cannot take stays in the account, free."""
    await buy(exchange)
    await protect(exchange, belowClientOrderId="s1")
    box.venue.listing().book = Book(tick=Decimal("0.01"), level_quantity=Decimal("0.05"), levels=1)

    box.venue.set_price(Decimal("62000.00"))

    stop = await exchange.fetch_order(None, SYMBOL, {"clientOrderId": "s1"})
    assert (stop["status"], stop["filled"]) == ("expired", 0.05)
    assert (await exchange.fetch_balance())["BTC"] == {"free": 0.027922, "used": 0, "total": 0.027922}


async def test_cancel_of_the_list_frees_the_coins(exchange, box):
    """Both legs end CANCELED; the cancel has its own id, the orders keep theirs."""
    await buy(exchange)
    await protect(exchange, listClientOrderId="l1", belowClientOrderId="s1")

    answer = await exchange.private_delete_orderlist(
        {"symbol": "BTCUSDT", "listClientOrderId": "l1", "newClientOrderId": "c1"}
    )

    assert answer["listOrderStatus"] == "ALL_DONE"
    assert [report["status"] for report in answer["orderReports"]] == ["CANCELED", "CANCELED"]
    assert answer["orderReports"][0]["clientOrderId"] == "c1"
    assert answer["orderReports"][0]["origClientOrderId"] == "s1"
    assert (await exchange.fetch_balance())["BTC"]["used"] == 0
    assert await exchange.private_get_openorderlist() == []


async def test_cancel_of_one_leg_cancels_the_list(exchange, box):
    """There is no half of a pair."""
    await buy(exchange)
    await protect(exchange, belowClientOrderId="s1")

    answer = await exchange.private_delete_order({"symbol": "BTCUSDT", "origClientOrderId": "s1"})

    assert answer["contingencyType"] == "OCO"
    assert len(answer["orderReports"]) == 2
    assert await exchange.fetch_open_orders(SYMBOL) == []


async def test_cancel_of_all_orders_reports_singles_and_lists(exchange, box):
    """Every open order of the symbol ends, a pair as one entry."""
    await buy(exchange)
    await protect(exchange, quantity="0.03")
    await exchange.create_order(SYMBOL, "limit", "sell", "0.01", "70000")

    answer = await exchange.private_delete_openorders({"symbol": "BTCUSDT"})

    assert ["orderReports" in entry for entry in answer] == [True, False]
    assert box.venue.account.locked("BTC") == 0


async def test_plain_stop_order_waits_and_fills(exchange, box):
    """A stop without a sibling is placed by ccxt as STOP_LOSS."""
    await buy(exchange)

    order = await exchange.create_order(SYMBOL, "market", "sell", "0.07", None, {"stopLossPrice": "60000"})
    waiting = await exchange.fetch_order(order["id"], SYMBOL)
    box.venue.set_price(Decimal(59_000))
    filled = await exchange.fetch_order(order["id"], SYMBOL)

    assert (waiting["info"]["type"], waiting["info"]["isWorking"], waiting["status"]) == ("STOP_LOSS", False, "open")
    assert (filled["info"]["isWorking"], filled["status"]) == (True, "closed")
