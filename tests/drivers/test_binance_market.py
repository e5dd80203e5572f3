"""What Binance says of a market and its fee, read into an instrument or named as missing."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from helix_core import (
    DataMissing,
    OrderKind,
    OrderStatus,
)
from tests.drivers.specimens import (
    SYMBOL,
    account,
    bought,
    entry,
    market,
    ref,
    refusal,
)
from tests.drivers.tiny_venue import Reply

if TYPE_CHECKING:
    from helix_binance.client import BinanceClient
    from tests.drivers.tiny_venue import TinyVenue

ORDER, ACCOUNT, INFO = "/api/v3/order", "/api/v3/account", "/api/v3/exchangeInfo"
AT = datetime(2026, 5, 28, 20, 26, 40, 123000, tzinfo=UTC)
ABSENT = refusal(-2013, "Order does not exist.")
STOP = ref(OrderKind.STOP)


def filters(**changes: Any) -> list[dict[str, Any]]:
    """The market's filters by type, with some replaced (None: left out)."""
    known = {entry["filterType"]: entry for entry in market()["filters"]}
    for kind, values in changes.items():
        known[kind] = values and {"filterType": kind, **values}
    return [entry for entry in known.values() if entry]


async def test_the_instrument_is_read_from_the_filters(binance: BinanceClient) -> None:
    found = await binance.instrument(SYMBOL)

    assert (found.symbol, found.base, found.quote, found.native_id) == (SYMBOL, "BTC", "USDT", "BTCUSDT")
    assert found.trading
    assert found.lot_step == Decimal("0.00001")
    assert found.price_tick == Decimal("0.01")
    assert found.min_quantity == Decimal("0.00001")
    assert found.max_quantity == Decimal("107.6")  # of one market order, not of a limit order
    assert found.min_notional == Decimal(5)
    assert found.taker_fee == Decimal("0.001")
    assert found.max_price_ratio == Decimal(5)


async def test_asking_for_another_market_does_not_forget_the_traded_one(
    binance: BinanceClient, tiny: TinyVenue
) -> None:
    tiny.on("GET", INFO, Reply({"symbols": [market(symbol="ETHUSDT", baseAsset="ETH")]}))
    tiny.on("POST", ORDER, Reply(bought()))

    other = await binance.instrument("ETH/USDT")
    report = await binance.place_market_order(entry())

    assert (other.symbol, other.native_id) == ("ETH/USDT", "ETHUSDT")
    assert report.status is OrderStatus.FILLED


@pytest.mark.parametrize("status", ["HALT", "BREAK", "CANCEL_ONLY", "END_OF_DAY", "A_WORD_OF_NEXT_YEAR"])
async def test_only_the_word_trading_means_trading(binance: BinanceClient, tiny: TinyVenue, status: str) -> None:
    tiny.on("GET", INFO, Reply({"symbols": [market(status=status)]}))

    assert not (await binance.instrument(SYMBOL)).trading


async def test_a_coarser_step_of_market_orders_is_kept(binance: BinanceClient, tiny: TinyVenue) -> None:
    lots = {"minQty": "0.001", "maxQty": "50", "stepSize": "0.00100"}
    tiny.on("GET", INFO, Reply({"symbols": [market(filters=filters(MARKET_LOT_SIZE=lots))]}))

    found = await binance.instrument(SYMBOL)

    assert (found.lot_step, found.min_quantity, found.max_quantity) == (Decimal("0.001"), Decimal("0.001"), Decimal(50))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"orderTypes": ["MARKET", "LIMIT_MAKER"]}, "STOP_LOSS"),
        ({"orderTypes": ["STOP_LOSS", "MARKET"]}, "LIMIT_MAKER"),
        ({"ocoAllowed": False}, "OCO"),
        ({"ocoAllowed": None}, "OCO"),
        ({"filters": filters(LOT_SIZE=None)}, "LOT_SIZE"),
        ({"filters": filters(PRICE_FILTER=None)}, "PRICE_FILTER"),
        ({"filters": filters(NOTIONAL=None)}, "MIN_NOTIONAL"),
        ({"filters": filters(PRICE_FILTER={"tickSize": "0.00"})}, "tickSize"),
        ({"filters": filters(LOT_SIZE={"minQty": "0", "maxQty": "9", "stepSize": "0"})}, "stepSize"),
        ({"filters": filters(LOT_SIZE={"minQty": "0", "stepSize": "0.1"})}, "maxQty"),
        ({"filters": filters(MARKET_LOT_SIZE={"minQty": "0", "maxQty": "9", "stepSize": "0.000015"})}, "do not fit"),
        ({"filters": filters(NOTIONAL={"minNotional": "NaN"})}, "minNotional"),
    ],
)
async def test_a_rule_that_is_not_stated_is_named(
    binance: BinanceClient, tiny: TinyVenue, changes: dict[str, Any], named: str
) -> None:
    tiny.on("GET", INFO, Reply({"symbols": [market(**changes)]}))

    with pytest.raises(DataMissing, match=named):
        await binance.instrument(SYMBOL)


@pytest.mark.parametrize("reply", [refusal(-1121, "Invalid symbol."), Reply({"symbols": []}), Reply({})])
async def test_an_unknown_market_is_data_missing(binance: BinanceClient, tiny: TinyVenue, reply: Reply) -> None:
    tiny.on("GET", INFO, reply)

    with pytest.raises(DataMissing):
        await binance.instrument(SYMBOL)


@pytest.mark.parametrize(
    ("stated", "commission", "fee"),
    [
        (account(commissionRates={"taker": "0.00075", "buyer": "0.0001", "seller": "0.0002"}), ABSENT, "0.00095"),
        (
            account(commissionRates=None),
            Reply({"standardCommission": {"taker": "0.001"}, "taxCommission": {"taker": "0.0002"}}),
            "0.0012",
        ),
        (account(commissionRates=None), refusal(-1020, "This operation is not supported."), "0.0015"),
    ],
)
async def test_the_taker_fee_is_the_accounts_own(
    binance: BinanceClient, tiny: TinyVenue, stated: dict[str, Any], commission: Reply, fee: str
) -> None:
    tiny.on("GET", ACCOUNT, Reply(stated))
    tiny.on("GET", "/api/v3/account/commission", commission)

    assert (await binance.instrument(SYMBOL)).taker_fee == Decimal(fee)


async def test_an_account_that_is_no_object_is_no_answer(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("GET", ACCOUNT, Reply([]))

    with pytest.raises(DataMissing, match="not an object"):
        await binance.instrument(SYMBOL)


async def test_no_rate_anywhere_is_no_rate(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("GET", ACCOUNT, Reply({"balances": []}))
    tiny.on("GET", "/api/v3/account/commission", refusal(-1020, "This operation is not supported."))

    with pytest.raises(DataMissing, match="takerCommission"):
        await binance.instrument(SYMBOL)
