"""The trading rules of a pair, as Binance states them for BTCUSDT (GET /api/v3/exchangeInfo, filters.md)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from helix_binance.sandbox.shapes import decimal
from helix_core.sandbox import Market

if TYPE_CHECKING:
    from helix_binance.sandbox.shapes import Json
    from helix_core.sandbox import Listing

TICK = Decimal("0.01")
STEP = Decimal("0.00001")
LOWEST_RATIO, HIGHEST_RATIO = Decimal("0.2"), Decimal(5)
ORDER_TYPES = ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS"]

RATE_LIMITS = [
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100},
    {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200000},
    {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 300000},
]


def market(symbol: str) -> Market:
    """The rules of `symbol` (CCXT form), which are BTCUSDT's for every pair."""
    return Market(
        symbol=symbol,
        native_id=symbol.replace("/", ""),
        price_tick=TICK,
        lot_step=STEP,
        min_quantity=STEP,
        max_quantity=Decimal(9000),
        max_market_quantity=Decimal(100),
        min_notional=Decimal(5),
        max_notional=Decimal(9_000_000),
        max_price=Decimal(1_000_000),
        price_ratios=(LOWEST_RATIO, HIGHEST_RATIO),
        max_orders=200,
        max_stops=5,
        max_lists=20,
    )


def symbol_info(listing: Listing) -> Json:
    """One entry of `symbols` in the exchange information."""
    market = listing.market
    return {
        "symbol": market.native_id,
        "status": "TRADING" if listing.trading else "BREAK",
        "baseAsset": market.base,
        "baseAssetPrecision": 8,
        "quoteAsset": market.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ORDER_TYPES,
        "icebergAllowed": False,
        "ocoAllowed": True,
        "otoAllowed": True,
        "opoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": False,
        "amendAllowed": False,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _filters(market),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "NONE",
        "allowedSelfTradePreventionModes": ["NONE"],
    }


def _filters(market: Market) -> list[Json]:
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": decimal(market.price_tick),
            "maxPrice": decimal(market.max_price),
            "tickSize": decimal(market.price_tick),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": decimal(market.min_quantity),
            "maxQty": decimal(market.max_quantity),
            "stepSize": decimal(market.lot_step),
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": decimal(None),
            "maxQty": decimal(market.max_market_quantity),
            "stepSize": decimal(None),
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": str(HIGHEST_RATIO),
            "bidMultiplierDown": str(LOWEST_RATIO),
            "askMultiplierUp": str(HIGHEST_RATIO),
            "askMultiplierDown": str(LOWEST_RATIO),
            "avgPriceMins": 5,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": decimal(market.min_notional),
            "applyMinToMarket": True,
            "maxNotional": decimal(market.max_notional),
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": market.max_orders},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": market.max_stops},
        {"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": market.max_lists},
    ]
