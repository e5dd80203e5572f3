"""Kraken's asset pair read into an instrument, and its balances. Source: Kraken's API documentation, "AssetPairs"."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from helix_core import Balance, Balances, ConfigError, DataMissing, Instrument
from helix_core.ccxt import decimal, fields, need

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_OLD_NAMES = {"BTC": "XBT", "DOGE": "XDG"}
_NO_MAXIMUM = Decimal(10**9)
"""Kraken states no largest market order; this many units of any coin is none."""
_REWARDS = ".F"


def pair_name(symbol: str) -> str:
    """The name AssetPairs is asked by: XBTUSDT for BTC/USDT (XXBTZUSD is BTC/USD, another market)."""
    return "".join(_OLD_NAMES.get(code, code) for code in symbol.split("/"))


def read_instrument(market: Mapping[str, Any], taker_fee: Decimal) -> Instrument:
    """Read one asset pair. The tick is `tick_size`: `pair_decimals`, which ccxt takes, can be finer than Kraken allows.

    Raises DataMissing.
    """
    info = need(market, "info")
    lot_decimals = decimal(info, "lot_decimals")
    return Instrument(
        symbol=need(market, "symbol"),
        base=need(market, "base"),
        quote=need(market, "quote"),
        native_id=need(market, "id"),
        trading=need(info, "status") == "online",
        lot_step=Decimal(1).scaleb(-int(lot_decimals)),
        price_tick=tick_size(market),
        min_quantity=decimal(info, "ordermin"),
        max_quantity=_NO_MAXIMUM,
        min_notional=decimal(info, "costmin"),
        taker_fee=taker_fee,
    )


def tick_size(market: Mapping[str, Any]) -> Decimal:
    """The step of prices, in quote per base. Raises DataMissing."""
    tick = decimal(market, "info", "tick_size")
    if tick <= 0:
        message = f"the venue's tick_size is {tick}"
        raise DataMissing(message)
    return tick


def read_fee(answer: Mapping[str, Any], market: Mapping[str, Any]) -> Decimal:
    """Read the account's own rate from TradeVolume; where it states none, the first and dearest tier of the pair."""
    fees = fields(fields(answer, "result").get("fees") or {})
    stated = fees.get(market["id"]) or fees.get(str(market.get("altname")))
    return decimal(stated, "fee") / 100 if stated else decimal(market, "taker")


def read_balances(venue: Any, answer: Mapping[str, Any], at: datetime) -> Balances:
    """Read BalanceEx. Coins in Earn keep Kraken's suffix (BTC.F) and so never count as coins that can be sold.

    Raises DataMissing, also where more is held by orders than there is.
    """
    holdings = {}
    for asset, row in need(answer, "result").items():
        total, locked = decimal(row, "balance"), decimal(row, "hold_trade")
        if locked > total:
            message = f"the venue holds {locked} {asset} for orders of {total} there are"
            raise DataMissing(message)
        if total:
            holdings[venue.safe_currency_code(asset)] = Balance(total - locked, locked)
    return Balances(holdings=holdings, at=at)


def refuse_auto_earn(balances: Balances, symbol: str) -> None:
    """Raise ConfigError when coins of the traded pair sit in Kraken's rewards, where no order can sell them."""
    parked = [code for code in symbol.split("/") if balances.of(code + _REWARDS).total]
    if parked:
        message = (
            f"{' and '.join(parked)} on this Kraken account earn rewards ({parked[0]}{_REWARDS}): Kraken moves coins "
            "there by itself, and no stop can sell them there. Turn Auto Earn off in Kraken's settings, move the coins "
            "back to the spot wallet, and start again."
        )
        raise ConfigError(message)
