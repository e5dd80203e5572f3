"""The pair an alert names, whatever the spelling: BTCUSDT, EXCHANGE:BTCUSDT, BTC-USDT and XBTUSDT are BTC/USDT."""

from __future__ import annotations

import re

from helix_core import SignalUnreadable
from helix_plugins.tradingview.quoting import show

_QUOTES = (
    "USDT", "USDC", "FDUSD", "TUSD", "BUSD", "DAI", "USD", "EUR", "GBP", "TRY", "BRL", "JPY", "AUD", "CAD", "CHF",
    "BTC", "ETH", "BNB",
)  # fmt: skip
_SAME_COIN = {"XBT": "BTC"}
_KNOWN_COINS = {*_QUOTES, *_SAME_COIN}
_EXCHANGE = re.compile(r"^[A-Z0-9_]+:(?=.)")
_PERPETUAL = re.compile(r"(?P<suffix>\.PS?|[-_/:.]?PERP|[-_]SWAP|(?<=[A-Z0-9]):[A-Z0-9]+)$")
_SEPARATED = re.compile(r"([A-Z0-9]{2,15})[/_-]([A-Z0-9]{2,10})")
_COIN = re.compile(r"[A-Z0-9]{2,15}")
_WRITE_IT_OUT = 'Write the pair as coin, slash, currency: "symbol": "BTC/USDT".'


def read_symbol(text: str) -> str:
    """Return the spot pair in CCXT form. Raises SignalUnreadable for derivatives and for what is not clearly a pair."""
    plain = text.upper() if text.isascii() else ""
    pair = plain if "/" in plain.partition(":")[0] else _EXCHANGE.sub("", plain)
    _refuse_perpetual(text, pair)
    base, quote = (_SAME_COIN.get(coin, coin) for coin in _split(text, pair))
    if base == quote:
        raise SignalUnreadable("symbol", f'"symbol" is {show(text)}, one coin twice', _WRITE_IT_OUT)
    return f"{base}/{quote}"


def _refuse_perpetual(text: str, pair: str) -> None:
    found = _PERPETUAL.search(pair)
    if found is not None:
        problem = f'"symbol" is {show(text)}: {show(found["suffix"])} marks a perpetual contract'
        fix = f"Helix trades spot only: put the alert on the spot chart. {_WRITE_IT_OUT}"
        raise SignalUnreadable("symbol", problem, fix)


def _split(text: str, pair: str) -> tuple[str, str]:
    separated = _SEPARATED.fullmatch(pair)
    if separated is not None:
        return separated[1], separated[2]
    readings = _readings(pair)
    if not readings:
        problem = f'"symbol" is {show(text)}, not a pair Helix can read'
        raise SignalUnreadable("symbol", problem, _WRITE_IT_OUT)
    if len(readings) > 1:
        pairs = ["/".join(reading) for reading in readings]
        problem = f'"symbol" is {show(text)}, which can be {" or ".join(pairs)}'
        raise SignalUnreadable("symbol", problem, f'Say which, with a slash: "symbol": "{pairs[-1]}".')
    return readings[0]


def _readings(pair: str) -> list[tuple[str, str]]:
    """Every way to cut `pair` before a known currency; where one leaves a coin everybody knows, only that one.

    BTCTUSD is BTC/TUSD, XBTUSD is XBT/USD, but DOTUSD could be DOT/USD or DO/TUSD: only the owner can say.
    """
    cuts = [(pair.removesuffix(quote), quote) for quote in _QUOTES if pair.endswith(quote)]
    readings = [cut for cut in cuts if _COIN.fullmatch(cut[0])]
    known = [reading for reading in readings if reading[0] in _KNOWN_COINS]
    return known or readings
