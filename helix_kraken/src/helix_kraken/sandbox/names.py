"""Kraken's names: an asset has two, a pair three, and BTC is XBT (docs.kraken.com, "Get Asset Info", "Tradable Pairs").

BTC/USDT is XBTUSDT. XXBTZUSD is BTC/USD, another market with another quote currency.
"""

from __future__ import annotations

from dataclasses import dataclass

_OWN_NAMES = {"BTC": "XBT", "DOGE": "XDG"}
_OLD_COINS = frozenset({"XBT", "XDG", "ETH", "ETC", "LTC", "MLN", "REP", "XLM", "XMR", "XRP", "ZEC"})
_OLD_MONEY = frozenset({"USD", "EUR", "GBP", "CAD", "JPY", "AUD"})


def asset_altname(currency: str) -> str:
    """The everyday name of a currency: XBT for BTC."""
    return _OWN_NAMES.get(currency, currency)


def asset_id(currency: str) -> str:
    """The name in balances: XXBT for BTC, ZUSD for USD, USDT for USDT."""
    altname = asset_altname(currency)
    if altname in _OLD_COINS:
        return f"X{altname}"
    return f"Z{altname}" if altname in _OLD_MONEY else altname


@dataclass(frozen=True, slots=True)
class PairNames:
    """What Kraken calls a pair, given in CCXT form."""

    symbol: str

    @property
    def base_id(self) -> str:
        """Asset id of the coin."""
        return asset_id(self.symbol.split("/")[0])

    @property
    def quote_id(self) -> str:
        """Asset id of what it is paid with."""
        return asset_id(self.symbol.split("/")[1])

    @property
    def wsname(self) -> str:
        """XBT/USDT."""
        base, quote = self.symbol.split("/")
        return f"{asset_altname(base)}/{asset_altname(quote)}"

    @property
    def altname(self) -> str:
        """XBTUSDT, XBTUSD."""
        return self.wsname.replace("/", "")

    @property
    def id(self) -> str:
        """XBTUSDT, but XXBTZUSD: the asset ids where both assets have old ones."""
        old = {self.base_id, self.quote_id}.isdisjoint(self.wsname.split("/"))
        return self.base_id + self.quote_id if old else self.altname

    def include(self, name: str) -> bool:
        """Whether a caller may call the pair so."""
        return name in {self.id, self.altname, self.wsname, self.symbol}
