"""What the sandbox answers about the market and the account, as a real ccxt client reads it."""

from __future__ import annotations

from decimal import Decimal

import ccxt  # type: ignore[import-untyped]
import pytest

from helix_core.sandbox import Fees

from .conftest import SYMBOL, buy

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_market_is_read_with_its_filters(exchange):
    """ccxt finds step, tick and minimum where Binance puts them."""
    market = exchange.market(SYMBOL)

    assert (market["precision"]["amount"], market["precision"]["price"]) == (0.00001, 0.01)
    assert market["limits"]["cost"]["min"] == 5
    assert market["limits"]["market"]["max"] == 100
    assert market["active"] is True
    assert "STOP_LOSS" in market["info"]["orderTypes"]
    assert market["info"]["ocoAllowed"] is True


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
