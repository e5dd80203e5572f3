"""Binance's exchange information read into an instrument. Source: Binance spot API documentation, filters.md."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from helix_core import DataMissing, Instrument
from helix_core.ccxt import decimal, fields, need

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEEDED_TYPES = ("MARKET", "LIMIT_MAKER", "STOP_LOSS")
_BIPS = Decimal(10_000)
_ATOMIC = ("otoAllowed", "opoAllowed", "ocoAllowed")
"""What a symbol must allow to take an OPOCO (faqs/opo.md). A limit order may always be FOK."""


def read_instrument(symbol: str, info: Mapping[str, Any], taker_fee: Decimal) -> Instrument:
    """Read one entry of `symbols`. Raises DataMissing, naming what the market does not state or does not allow."""
    _check_orders(symbol, info)
    filters = {entry.get("filterType"): entry for entry in need(info, "filters")}
    lots = [need(filters, "LOT_SIZE")]
    if "MARKET_LOT_SIZE" in filters:
        lots.append(filters["MARKET_LOT_SIZE"])
    return Instrument(
        symbol=symbol,
        base=need(info, "baseAsset"),
        quote=need(info, "quoteAsset"),
        native_id=need(info, "symbol"),
        trading=need(info, "status") == "TRADING" and info.get("isSpotTradingAllowed") is not False,
        lot_step=_common_step(symbol, [decimal(lot, "stepSize") for lot in lots]),
        price_tick=_positive(decimal(filters, "PRICE_FILTER", "tickSize"), f"{symbol}: PRICE_FILTER.tickSize"),
        min_quantity=max(decimal(lot, "minQty") for lot in lots),
        max_quantity=_positive(min(decimal(lot, "maxQty") for lot in lots), f"{symbol}: LOT_SIZE.maxQty"),
        min_notional=_min_notional(filters),
        taker_fee=taker_fee,
        max_price_ratio=_max_price_ratio(filters),
        atomic_entry=all(info.get(flag) is True for flag in _ATOMIC) and "LIMIT" in need(info, "orderTypes"),
    )


def read_rate(rates: Mapping[str, Any]) -> Decimal:
    """Read one block of rates as the ratio a market order pays. Raises DataMissing.

    That is the taker's rate with the buyer's or seller's on top (faqs/commission_faq.md); the dearer side counts.
    """
    sides = [decimal(rates, side) for side in ("buyer", "seller") if fields(rates).get(side) is not None]
    return decimal(rates, "taker") + max(sides, default=Decimal(0))


def read_commission(commission: Mapping[str, Any]) -> Decimal:
    """Read `GET /api/v3/account/commission`: standard, special and tax commission add up. Raises DataMissing."""
    extra = [commission[kind] for kind in ("specialCommission", "taxCommission") if commission.get(kind)]
    return sum(map(read_rate, extra), read_rate(need(commission, "standardCommission")))


def read_bips(account: Mapping[str, Any]) -> Decimal:
    """Read the old form of the rate in `GET /api/v3/account`: whole bips. Raises DataMissing."""
    return decimal(account, "takerCommission") / _BIPS


def _check_orders(symbol: str, info: Mapping[str, Any]) -> None:
    missing = [kind for kind in _NEEDED_TYPES if kind not in need(info, "orderTypes")]
    if info.get("ocoAllowed") is not True:
        missing.append("OCO")
    if missing:
        message = f"{symbol} does not take {', '.join(missing)} orders: Helix cannot protect a position there"
        raise DataMissing(message)


def _common_step(symbol: str, steps: list[Decimal]) -> Decimal:
    """Find the step that fits both the order book and market orders. A step of 0 means the rule is off."""
    used = [size for size in steps if size]
    coarsest = _positive(max(used, default=Decimal(0)), f"{symbol}: LOT_SIZE.stepSize")
    if any(coarsest % size for size in used):
        message = f"{symbol}: the steps {' and '.join(map(str, used))} of LOT_SIZE and MARKET_LOT_SIZE do not fit"
        raise DataMissing(message)
    return coarsest


def _min_notional(filters: Mapping[str, Any]) -> Decimal:
    return decimal(filters, "NOTIONAL" if "NOTIONAL" in filters else "MIN_NOTIONAL", "minNotional")


def _max_price_ratio(filters: Mapping[str, Any]) -> Decimal | None:
    if "PERCENT_PRICE_BY_SIDE" in filters:
        return decimal(filters, "PERCENT_PRICE_BY_SIDE", "askMultiplierUp")
    return decimal(filters, "PERCENT_PRICE", "multiplierUp") if "PERCENT_PRICE" in filters else None


def _positive(value: Decimal, what: str) -> Decimal:
    if value <= 0:
        message = f"{what} is {value}"
        raise DataMissing(message)
    return value
