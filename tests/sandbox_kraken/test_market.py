"""Public answers, and Kraken's names in them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from helix_kraken.sandbox import sandbox
from helix_kraken.sandbox.names import PairNames

from .conftest import SYMBOL

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_ccxt_reads_the_market(exchange):
    """Ids, steps, minimums and fees arrive where ccxt looks for them."""
    market = exchange.market(SYMBOL)

    assert (market["id"], market["info"]["base"], market["info"]["quote"]) == ("XBTUSDT", "XXBT", "USDT")
    assert market["active"]
    assert (market["precision"]["price"], market["precision"]["amount"]) == ("0.1", "0.00000001")
    assert (market["limits"]["amount"]["min"], market["limits"]["cost"]["min"]) == ("0.00005", "0.5")
    assert (Decimal(market["taker"]), Decimal(market["maker"])) == (Decimal("0.004"), Decimal("0.0025"))
    assert (market["info"]["tick_size"], market["info"]["wsname"]) == ("0.1", "XBT/USDT")


@pytest.mark.parametrize("name", ["XBTUSDT", "XBT/USDT", "BTC/USDT"])
async def test_pair_has_several_names(wire, box, name):
    """Any of them will do, and the answer uses the id."""
    assert list((await wire.public("AssetPairs", pair=name))["result"]) == ["XBTUSDT"]


async def test_unknown_pair_and_method(wire):
    """XXBTZUSD is another market, which is not listed here."""
    assert (await wire.public("Ticker", pair="XXBTZUSD"))["error"] == ["EQuery:Unknown asset pair"]
    assert (await wire.public("Nothing"))["error"] == ["EGeneral:Unknown method"]
    assert (await wire.public("Assets", asset="ABC"))["error"] == ["EQuery:Unknown asset"]


@pytest.mark.parametrize(
    ("symbol", "names"),
    [
        ("BTC/USD", ("XXBTZUSD", "XBTUSD", "XBT/USD")),
        ("BTC/USDT", ("XBTUSDT", "XBTUSDT", "XBT/USDT")),
        ("SOL/EUR", ("SOLEUR", "SOLEUR", "SOL/EUR")),
    ],
)
async def test_names_of_pairs(symbol, names):
    """Old assets carry X and Z in ids, and nowhere else."""
    pair = PairNames(symbol)

    assert (pair.id, pair.altname, pair.wsname) == names


async def test_pair_in_dollars_trades_dollars(stage, shared_http):
    """Another pair is another sandbox."""
    stage[0].sandbox = sandbox(symbol="BTC/USD", price=Decimal(64210))

    pairs = (await shared_http.get("/0/public/AssetPairs")).json()["result"]

    assert (pairs["XXBTZUSD"]["base"], pairs["XXBTZUSD"]["quote"]) == ("XXBT", "ZUSD")


async def test_ticker_and_book(exchange, box):
    """The best ask is the last price, the best bid a tick below."""
    ticker, book = await exchange.fetch_ticker(SYMBOL), await exchange.fetch_order_book(SYMBOL, 3)

    assert (Decimal(ticker["ask"]), Decimal(ticker["bid"])) == (Decimal("64210.5"), Decimal("64210.4"))
    assert [Decimal(price) for price, *_ in book["asks"]] == [
        Decimal("64210.5"),
        Decimal("64215.5"),
        Decimal("64220.5"),
    ]
    assert len(book["bids"]) == 3


async def test_time_and_status(exchange, wire, box):
    """The venue's clock, and whether the pair trades."""
    box.venue.listing().trading = False

    assert abs(await exchange.fetch_time() / 1000 - box.venue.clock.now().timestamp()) < 5
    assert (await exchange.fetch_status())["status"] == "ok"
    assert (await wire.public("AssetPairs", pair="XBTUSDT"))["result"]["XBTUSDT"]["status"] == "cancel_only"


async def test_fees_of_the_account(wire):
    """In per cent, by pair."""
    volume = await wire.ok("TradeVolume", pair="XBTUSDT")

    assert volume["fees"]["XBTUSDT"]["fee"] == "0.4000"
    assert volume["fees_maker"]["XBTUSDT"]["fee"] == "0.2500"


async def test_balances_use_asset_ids(wire):
    """XXBT and USDT; what orders hold is part of the balance."""
    await wire.place(BUY_ONE)
    await wire.place(STOP_ONE)

    held = await wire.ok("BalanceEx")

    assert held["XXBT"] == {"balance": "0.0100000000", "hold_trade": "0.0100000000"}
    assert (await wire.ok("Balance")).keys() == {"XXBT", "USDT"}
    assert Decimal((await wire.ok("TradeBalance"))["eb"]) == Decimal("19997.4315")


BUY_ONE = {"pair": "XBTUSDT", "type": "buy", "ordertype": "market", "volume": "0.01"}
STOP_ONE = {"pair": "XBTUSDT", "type": "sell", "ordertype": "stop-loss", "volume": "0.01", "price": "62000"}
