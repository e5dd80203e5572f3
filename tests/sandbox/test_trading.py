"""A real ccxt client trades at the sandbox over a real socket."""

from __future__ import annotations

from decimal import Decimal

import ccxt  # type: ignore[import-untyped]
import pytest

from helix_core.sandbox import Book, FeeCoin, Fees, prove

from .conftest import SYMBOL

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def buy(exchange, quantity="0.078", **parameters):
    return await exchange.create_order(SYMBOL, "market", "buy", quantity, None, parameters)


async def protect(exchange, quantity="0.07792", stop="62926.30", limit="110000.00", **parameters):
    return await exchange.private_post_orderlist_oco(
        {
            "symbol": "BTCUSDT",
            "side": "SELL",
            "quantity": quantity,
            "aboveType": "LIMIT_MAKER",
            "abovePrice": limit,
            "belowType": "STOP_LOSS",
            "belowStopPrice": stop,
            "newOrderRespType": "RESULT",
            **parameters,
        }
    )


async def test_market_is_read_with_its_filters(exchange):
    """ccxt finds step, tick and minimum where Binance puts them."""
    market = exchange.market(SYMBOL)

    assert (market["precision"]["amount"], market["precision"]["price"]) == (0.00001, 0.01)
    assert market["limits"]["cost"]["min"] == 5
    assert market["limits"]["market"]["max"] == 100
    assert market["active"] is True
    assert "STOP_LOSS" in market["info"]["orderTypes"]
    assert market["info"]["ocoAllowed"] is True


async def test_buy_pays_its_fee_in_the_coin_it_bought(exchange, box):
    """What can be sold afterwards is less than what was filled."""
    order = await buy(exchange, clientOrderId="a1")

    assert (order["status"], order["filled"], order["average"]) == ("closed", 0.078, 64210.5)
    assert order["fee"] == {"currency": "BTC", "cost": 0.000078}
    assert box.venue.account.free("BTC") == Decimal("0.077922")
    assert box.venue.account.free("USDT") == Decimal(20_000) - Decimal("5008.419")
    prove(box.venue)


async def test_sell_pays_its_fee_in_quote(exchange, box):
    """The coins are gone to the last lot and the proceeds are net of 0.1 %."""
    await buy(exchange)

    order = await exchange.create_order(SYMBOL, "market", "sell", "0.07792")

    assert order["fee"]["currency"] == "USDT"
    assert box.venue.account.free("BTC") == Decimal("0.000002")
    prove(box.venue)


async def test_large_order_walks_the_book(exchange, box):
    """An order bigger than a level fills at several prices, each with its own fee."""
    box.venue.listing().book = Book(tick=Decimal("0.01"), step_ticks=100, level_quantity=Decimal("0.03"))

    order = await buy(exchange)

    assert [(fill["price"], fill["amount"]) for fill in order["trades"]] == [
        (64210.5, 0.03),
        (64211.5, 0.03),
        (64212.5, 0.018),
    ]
    assert sum(Decimal(fee["cost"]).quantize(Decimal("1E-8")) for fee in order["fees"]) == Decimal("0.000078")
    prove(box.venue)


async def test_order_larger_than_the_book_expires_partly_filled(exchange, box):
    """The book ends: EXPIRED with a fill, which is no error."""
    box.venue.listing().book = Book(tick=Decimal("0.01"), level_quantity=Decimal("0.02"), levels=2)

    order = await buy(exchange)

    assert (order["status"], order["filled"], order["remaining"]) == ("expired", 0.04, 0.038)
    assert order["info"]["expiryReason"] == "INSUFFICIENT_LIQUIDITY"


async def test_fee_coin_runs_out_between_the_fills_of_one_order(exchange, box):
    """Fees are paid in BNB at a discount while there is enough of it, then in the coin bought."""
    box.venue.fees = Fees(coin=FeeCoin(currency="BNB", price=Decimal(600)))
    box.venue.transfer("BNB", Decimal("0.0025"))
    box.venue.listing().book = Book(tick=Decimal("0.01"), level_quantity=Decimal("0.03"))

    order = await buy(exchange)

    assert [fee["currency"] for fee in order["fees"]] == ["BNB", "BTC"]
    fees = [(fill.fee, fill.fee_currency) for fill in box.venue.ledger.executions]
    assert fees == [
        (Decimal("0.00240789"), "BNB"),
        (Decimal("0.00003"), "BTC"),
        (Decimal("0.000018"), "BTC"),
    ]
    prove(box.venue)


async def test_quote_quantity_buys_what_it_is_worth(exchange, box):
    """An order by cost buys the largest number of lots that the cost pays for."""
    order = await exchange.create_order(SYMBOL, "market", "buy", None, None, {"cost": 1000})

    assert order["filled"] == 0.01557
    assert Decimal(order["info"]["cummulativeQuoteQty"]) <= 1000


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


async def test_limit_order_takes_what_is_there_and_rests(exchange, box):
    """A marketable limit order fills up to its price; the rest waits with its funds locked."""
    box.venue.listing().book = Book(tick=Decimal("0.01"), level_quantity=Decimal("0.02"), levels=2)

    order = await exchange.create_order(SYMBOL, "limit", "buy", "0.05", "64210.50")

    assert (order["info"]["status"], order["filled"]) == ("PARTIALLY_FILLED", 0.02)
    assert box.venue.account.locked("USDT") == Decimal("64210.50") * Decimal("0.03")
    canceled = await exchange.cancel_order(order["id"], SYMBOL)
    assert canceled["status"] == "canceled"
    prove(box.venue)


@pytest.mark.parametrize(
    ("time_in_force", "filled", "reason"),
    [("IOC", 0.02, "UNFILLED_IOC_QUANTITY_EXPIRED"), ("FOK", 0.0, "UNFILLED_FOK_ORDER_EXPIRED")],
)
async def test_impatient_limit_orders_expire(exchange, box, time_in_force, filled, reason):
    """IOC keeps what it got, FOK takes all or nothing."""
    box.venue.listing().book = Book(tick=Decimal("0.01"), level_quantity=Decimal("0.02"), levels=1)

    order = await exchange.create_order(SYMBOL, "limit", "buy", "0.05", "65000", {"timeInForce": time_in_force})

    assert (order["status"], order["filled"], order["info"]["expiryReason"]) == ("expired", filled, reason)
    prove(box.venue)


async def test_id_of_an_open_order_is_refused_and_that_of_a_filled_one_is_free(exchange, box):
    """A filled order frees its id: sending a market order again buys again."""
    await exchange.create_order(SYMBOL, "limit", "buy", "0.01", "60000", {"clientOrderId": "same"})

    with pytest.raises(ccxt.InvalidOrder, match=r"Duplicate order sent\."):
        await buy(exchange, "0.01", clientOrderId="same")
    box.venue.set_price(Decimal(60_000))
    await buy(exchange, "0.01", clientOrderId="same")
    await buy(exchange, "0.01", clientOrderId="same")

    assert [order.client_id for order in box.venue.ledger.orders] == ["same"] * 3
    newest = await exchange.fetch_order(None, SYMBOL, {"clientOrderId": "same"})
    assert newest["id"] == "3"


async def test_test_order_is_checked_and_not_placed(exchange, box):
    """A rehearsal places nothing."""
    await exchange.create_order(SYMBOL, "market", "buy", "0.01", None, {"test": True})

    assert box.venue.ledger.orders == ()


async def test_market_data_is_readable(exchange, box):
    """Ticker, book and time as ccxt reads them."""
    box.venue.set_price(Decimal("65000.00"))

    ticker = await exchange.fetch_ticker(SYMBOL)
    book = await exchange.fetch_order_book(SYMBOL, 5)
    best = (await exchange.fetch_bids_asks([SYMBOL]))[SYMBOL]

    assert (ticker["last"], ticker["bid"], ticker["ask"], ticker["open"]) == (65000, 64999.99, 65000, 64210.5)
    assert (book["bids"][0], book["asks"][1]) == ([64999.99, 1.0], [65000.5, 1.0])
    assert (best["bid"], best["ask"]) == (64999.99, 65000)
    assert (await exchange.public_get_ticker_price({"symbol": "BTCUSDT"}))["price"] == "65000.00000000"
    assert (await exchange.public_get_avgprice({"symbol": "BTCUSDT"}))["mins"] == 5
    assert abs(await exchange.fetch_time() - exchange.milliseconds()) < 2_000


async def test_key_that_can_withdraw_is_shown_as_such(exchange, box):
    """The permission probe sees what the sandbox is told to show."""
    box.rights.withdraw = True

    answer = await exchange.sapi_get_account_apirestrictions()

    assert (answer["enableWithdrawals"], answer["enableReading"], answer["ipRestrict"]) == (True, True, True)


async def test_fee_rates_are_told(exchange, box):
    """The account's own rates are those of the engine."""
    box.venue.fees = Fees(taker=Decimal("0.00075"))

    rates = await exchange.private_get_account_commission({"symbol": "BTCUSDT"})
    account = await exchange.private_get_account({"omitZeroBalances": "true"})

    assert rates["standardCommission"]["taker"] == "0.00075000"
    assert account["commissionRates"]["taker"] == "0.00075000"
    assert [entry["asset"] for entry in account["balances"]] == ["USDT"]


async def test_history_is_paged(exchange, box):
    """Trades and orders can be read from an id on."""
    for _ in range(3):
        await buy(exchange, "0.001")

    trades = await exchange.private_get_mytrades({"symbol": "BTCUSDT", "fromId": 2, "limit": 1})
    latest = await exchange.private_get_mytrades({"symbol": "BTCUSDT", "limit": 1})
    orders = await exchange.private_get_allorders({"symbol": "BTCUSDT", "orderId": 2})

    assert [trade["id"] for trade in trades] == [2]
    assert [trade["id"] for trade in latest] == [3]
    assert [order["orderId"] for order in orders] == [2, 3]


async def test_usage_headers_are_sent(exchange, box):
    """Weight counts questions, not orders that were placed; the order count comes with orders."""
    await exchange.private_get_account()
    await buy(exchange, "0.001")

    headers = {name.upper(): value for name, value in exchange.last_response_headers.items()}
    assert headers["X-MBX-USED-WEIGHT-1M"] == "20"
    assert headers["X-MBX-ORDER-COUNT-10S"] == "1"


async def test_market_that_does_not_trade_is_shown_and_refuses(exchange, box):
    """A halted symbol is inactive in the catalogue."""
    box.venue.listing().trading = False

    market = (await exchange.fetch_markets({"symbol": "BTCUSDT"}))[0]

    assert market["active"] is False
    with pytest.raises(ccxt.MarketClosed):
        await buy(exchange)
