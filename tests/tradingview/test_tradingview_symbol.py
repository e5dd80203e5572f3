"""The pair: every spelling that is read, and those that are refused by name."""

from __future__ import annotations

import pytest

from helix_core import SignalUnreadable
from helix_plugins.tradingview import TradingView


def read(text):
    return TradingView().read({"signal": "BUY", "symbol": text, "price": "1", "signal_id": "x"})


def refusal(text):
    with pytest.raises(SignalUnreadable) as caught:
        read(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("BTC/USDT", "BTC/USDT"),
        ("BTCUSDT", "BTC/USDT"),
        ("btcusdt", "BTC/USDT"),
        ("BINANCE:BTCUSDT", "BTC/USDT"),
        ("BINANCE:BTC/USDT", "BTC/USDT"),
        ("XBTUSDT", "BTC/USDT"),
        ("XBT/USDT", "BTC/USDT"),
        ("BTC-USDT", "BTC/USDT"),
        ("BTC_USDT", "BTC/USDT"),
        ("KRAKEN:XBTUSD", "BTC/USD"),
        ("BTCUSD", "BTC/USD"),
        ("BTCFDUSD", "BTC/FDUSD"),
        ("BTCTUSD", "BTC/TUSD"),
        ("BNBUSD", "BNB/USD"),
        ("ETHBTC", "ETH/BTC"),
        ("ETHEUR", "ETH/EUR"),
        ("1INCHUSDT", "1INCH/USDT"),
        ("PERPUSDT", "PERP/USDT"),
        ("USDCUSDT", "USDC/USDT"),
        ("EURUSD", "EUR/USD"),
    ],
)
def test_all_spellings_of_a_pair_are_one_pair(text, pair):
    assert read(text).symbol == pair


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ("BTCUSDT.P", ".P"),
        ("BYBIT:BTCUSDT.P", ".P"),
        ("BTCPERP", "PERP"),
        ("BTC-PERP", "-PERP"),
        ("BTCUSDTPERP", "PERP"),
        ("BTC/USDT:USDT", ":USDT"),
        ("BTC-USDT-SWAP", "-SWAP"),
        ("btcusdt.p", ".P"),
    ],
)
def test_a_perpetual_contract_is_refused_by_its_suffix(text, suffix):
    error = refusal(text)

    assert error.field == "symbol"
    assert f'"{suffix}" marks a perpetual contract' in error.problem
    assert "spot" in error.fix


@pytest.mark.parametrize("text", ["DOTUSD", "ARBUSD", "USDTUSD"])
def test_a_pair_that_can_be_read_in_two_ways_is_refused_with_both(text):
    error = refusal(text)

    assert " or " in error.problem
    assert text.removesuffix("USD") + "/USD" in error.fix


@pytest.mark.parametrize(
    "text",
    [
        "NFLX",
        "BTC",
        "USDT",
        "BTC1!",
        "BTC/USDT/ETH",
        "BTC-USD-240628",
        "BTC/BTC",
        "XBT/BTC",
        "BINANCE:",
        ":BTCUSDT",
        "B/U",
        "ＢＴＣUSDT",
        "btcuſdt",
        "BTC USDT",
        "BTC/USDT\\n",
        "'; DROP TABLE trades; --",
        "A" * 30 + "USDT",
        "../../etc/passwd",
    ],
)
def test_what_is_not_clearly_a_pair_is_refused(text):
    assert refusal(text).field == "symbol"
