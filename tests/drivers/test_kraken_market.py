"""The market's rules and the balances, as Kraken states them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from helix_core import DataMissing
from helix_kraken.market import pair_name
from tests.drivers.kraken_venue import BALANCE, VOLUME, ok, pair, refusal
from tests.drivers.specimens import SYMBOL

if TYPE_CHECKING:
    from helix_kraken.client import KrakenClient
    from tests.drivers.tiny_venue import TinyVenue

D = Decimal
OWN_RATE = ok({"currency": "ZUSD", "fees": {"XBTUSDT": {"fee": "0.3500"}}})


async def test_the_tick_is_tick_size_and_the_fee_the_account_s_own(kraken: KrakenClient, tiny: TinyVenue) -> None:
    tiny.on("POST", VOLUME, OWN_RATE)

    rules = await kraken.instrument(SYMBOL)

    assert (rules.base, rules.quote, rules.native_id, rules.trading) == ("BTC", "USDT", "XBTUSDT", True)
    assert (rules.lot_step, rules.price_tick) == (D("1e-8"), D("0.1"))
    assert (rules.min_quantity, rules.min_notional, rules.taker_fee) == (D("0.00005"), D("0.5"), D("0.0035"))


async def test_without_a_rate_of_its_own_the_dearest_tier_counts(kraken: KrakenClient, tiny: TinyVenue) -> None:
    tiny.on("POST", VOLUME, ok({"currency": "ZUSD", "fees": None}))

    assert (await kraken.instrument(SYMBOL)).taker_fee == D("0.004")


@pytest.mark.parametrize("status", ["cancel_only", "post_only", "limit_only", "reduce_only", "maintenance"])
async def test_only_an_online_pair_is_trading(kraken: KrakenClient, tiny: TinyVenue, status: str) -> None:
    tiny.on("GET", "/0/public/AssetPairs", ok(pair(status=status)))
    tiny.on("POST", VOLUME, OWN_RATE)

    assert not (await kraken.instrument(SYMBOL)).trading


@pytest.mark.parametrize("field", ["lot_decimals", "tick_size", "ordermin", "costmin", "status"])
async def test_a_rule_that_is_not_stated_is_missing(kraken: KrakenClient, tiny: TinyVenue, field: str) -> None:
    tiny.on("GET", "/0/public/AssetPairs", ok(pair(**{field: None})))
    tiny.on("POST", VOLUME, OWN_RATE)

    with pytest.raises(DataMissing, match=field):
        await kraken.instrument(SYMBOL)


async def test_bitcoin_in_dollars_is_another_market(kraken: KrakenClient, tiny: TinyVenue) -> None:
    """XXBTZUSD trades another currency, whoever calls it the native name of BTC/USDT."""
    dollars = {"XXBTZUSD": {**pair()["XBTUSDT"], "altname": "XBTUSD", "quote": "ZUSD", "wsname": "XBT/USD"}}
    tiny.on("GET", "/0/public/AssetPairs", ok(dollars))

    with pytest.raises(DataMissing, match="no spot market BTC/USDT"):
        await kraken.instrument(SYMBOL)


async def test_an_unknown_pair_is_missing(kraken: KrakenClient, tiny: TinyVenue) -> None:
    tiny.on("GET", "/0/public/AssetPairs", refusal("EQuery:Unknown asset pair"))

    with pytest.raises(DataMissing, match="Unknown asset pair"):
        await kraken.instrument("BTC/EUR")


@pytest.mark.parametrize(("symbol", "name"), [("BTC/USDT", "XBTUSDT"), ("DOGE/BTC", "XDGXBT"), ("ETH/EUR", "ETHEUR")])
def test_pairs_are_asked_for_by_kraken_s_names(symbol: str, name: str) -> None:
    assert pair_name(symbol) == name


async def test_balances_are_free_and_held(kraken: KrakenClient) -> None:
    balances = await kraken.get_balance()

    assert (balances.of("BTC").free, balances.of("BTC").locked) == (D("0.1"), D("0.02"))
    assert balances.of("USDT").free == 10000
    assert "KFEE" not in balances.holdings


async def test_coins_in_rewards_are_not_coins_to_sell(kraken: KrakenClient, tiny: TinyVenue) -> None:
    """Coins that Kraken moves there later: the bot goes on, and counts what is left."""
    earning = {"XBT.F": {"balance": "0.5", "hold_trade": "0"}, "XXBT": {"balance": "0.1", "hold_trade": "0"}}
    await kraken.get_balance()
    tiny.on("POST", BALANCE, ok(earning))

    balances = await kraken.get_balance()

    assert balances.of("BTC").total == D("0.1")
    assert balances.of("BTC.F").total == D("0.5")


@pytest.mark.parametrize(
    "row",
    [{"balance": "1"}, {"hold_trade": "1"}, {"balance": "1", "hold_trade": "2"}, {"balance": "x", "hold_trade": "0"}],
)
async def test_a_balance_that_cannot_be_true_is_missing(
    kraken: KrakenClient, tiny: TinyVenue, row: dict[str, Any]
) -> None:
    tiny.on("POST", BALANCE, ok({"XXBT": row}))

    with pytest.raises(DataMissing):
        await kraken.get_balance()
