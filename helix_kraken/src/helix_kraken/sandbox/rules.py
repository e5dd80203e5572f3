"""The trading rules of a pair, as Kraken states them for XBTUSDT (GET /0/public/AssetPairs)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.sandbox import Market
from helix_kraken.sandbox.names import PairNames, asset_altname, asset_id

if TYPE_CHECKING:
    from helix_core.sandbox import Listing
    from helix_kraken.sandbox.shapes import Json

PRICE_DECIMALS, LOT_DECIMALS, COST_DECIMALS = 1, 8, 5
TAKER_PCT, MAKER_PCT = Decimal("0.40"), Decimal("0.25")
MOST_ORDERS = 60
"""Open orders in one pair, for a Starter account."""
_MOST_LOTS = Decimal(100_000_000)
_TIERS = ((0, "0.4", "0.25"), (10_000, "0.35", "0.2"), (50_000, "0.24", "0.14"), (100_000, "0.22", "0.12"))
_MONEY = frozenset({"USD", "EUR", "GBP", "CAD", "JPY", "AUD"})


def market(symbol: str) -> Market:
    """The rules of `symbol` (CCXT form), which are XBTUSDT's for every pair."""
    return Market(
        symbol=symbol,
        native_id=PairNames(symbol).id,
        price_tick=Decimal("0.1"),
        lot_step=Decimal("1E-8"),
        min_quantity=Decimal("0.00005"),
        max_quantity=_MOST_LOTS,
        max_market_quantity=_MOST_LOTS,
        min_notional=Decimal("0.5"),
        max_orders=MOST_ORDERS,
        max_stops=MOST_ORDERS,
        stops_go_off_at_once=True,
    )


def pair_info(listing: Listing) -> Json:
    """One entry of the asset pairs."""
    rules, names = listing.market, PairNames(listing.market.symbol)
    return {
        "altname": names.altname,
        "wsname": names.wsname,
        "aclass_base": "currency",
        "base": names.base_id,
        "aclass_quote": "currency",
        "quote": names.quote_id,
        "lot": "unit",
        "cost_decimals": COST_DECIMALS,
        "pair_decimals": PRICE_DECIMALS,
        "lot_decimals": LOT_DECIMALS,
        "lot_multiplier": 1,
        "leverage_buy": [],
        "leverage_sell": [],
        "fees": [[volume, _number(taker)] for volume, taker, _ in _TIERS],
        "fees_maker": [[volume, _number(maker)] for volume, _, maker in _TIERS],
        "fee_volume_currency": "ZUSD",
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": str(rules.min_quantity),
        "costmin": str(rules.min_notional),
        "tick_size": str(rules.price_tick),
        "status": "online" if listing.trading else "cancel_only",
    }


def asset_info(currency: str) -> tuple[str, Json]:
    """One entry of the assets, with its id."""
    is_money = currency in _MONEY
    return asset_id(currency), {
        "aclass": "currency",
        "altname": asset_altname(currency),
        "decimals": balance_decimals(currency),
        "display_decimals": 2 if is_money else 5,
        "status": "enabled",
    }


def balance_decimals(currency: str) -> int:
    """How many decimals a balance has: ten for coins of Kraken's old names, four for money, eight for the others."""
    if currency in _MONEY:
        return 4
    return 10 if asset_id(currency) != currency else 8


def _number(text: str) -> float:
    """Fees are JSON numbers."""
    return float(text)
