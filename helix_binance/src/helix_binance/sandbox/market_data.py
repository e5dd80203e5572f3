"""Public endpoints: what anybody may ask about the market (rest-api.md, "Public API Endpoints")."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from helix_binance.sandbox.endpoint import Endpoint
from helix_binance.sandbox.refusals import BinanceError, illegal
from helix_binance.sandbox.rules import RATE_LIMITS, symbol_info
from helix_binance.sandbox.shapes import decimal, epoch_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from helix_binance.sandbox.call import Call
    from helix_binance.sandbox.shapes import Json
    from helix_core.sandbox import Level, Listing

_DAY_MS = 86_400_000
_VOLUME = Decimal(10_000)


def _ping(_: Call) -> object:
    return {}


def _time(call: Call) -> object:
    return {"serverTime": epoch_ms(call.now)}


def _exchange_info(call: Call) -> object:
    return {
        "timezone": "UTC",
        "serverTime": epoch_ms(call.now),
        "rateLimits": RATE_LIMITS,
        "exchangeFilters": [],
        "symbols": [symbol_info(listing) for listing in _wanted(call)],
    }


def _for_each(shape: Callable[[Call, Listing], Json]) -> Callable[[Call], object]:
    """An endpoint that answers one object for `symbol`, and a list otherwise."""

    def answer(call: Call) -> object:
        shapes = [shape(call, listing) for listing in _wanted(call)]
        return shapes[0] if "symbol" in call.parameters else shapes

    return answer


def _wanted(call: Call) -> list[Listing]:
    """The markets that `symbol` or `symbols` names, all of them without either. Raises BinanceError."""
    if "symbol" in call.parameters and "symbols" in call.parameters:
        raise BinanceError(-1128, "Combination of optional parameters invalid.")
    if "symbol" in call.parameters:
        return [call.listing()]
    names = call.maybe("symbols")
    if names is None:
        return [call.venue.listing(symbol) for symbol in call.venue.symbols]
    return [call.listing_of(name) for name in _names(names)]


def _names(text: str) -> list[str]:
    try:
        names = json.loads(text)
    except ValueError:
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise illegal("symbols", '^\\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\\]$')
    return names


def _price(_: Call, listing: Listing) -> Json:
    return {"symbol": listing.market.native_id, "price": decimal(listing.last)}


def _best(_: Call, listing: Listing) -> Json:
    quantity = decimal(listing.book.level_quantity)
    return {
        "symbol": listing.market.native_id,
        "bidPrice": decimal(listing.bid),
        "bidQty": quantity,
        "askPrice": decimal(listing.ask),
        "askQty": quantity,
    }


def _day(call: Call, listing: Listing) -> Json:
    """A day that began with the sandbox. Its volume is a fixed figure: nobody else trades here."""
    change, now_ms = listing.last - listing.opening, epoch_ms(call.now)
    percent = (change / listing.opening * 100).quantize(Decimal("0.001"), ROUND_HALF_UP)
    return _best(call, listing) | {
        "priceChange": decimal(change),
        "priceChangePercent": str(percent),
        "weightedAvgPrice": decimal(listing.last),
        "prevClosePrice": decimal(listing.opening),
        "lastPrice": decimal(listing.last),
        "lastQty": decimal(listing.market.min_quantity),
        "openPrice": decimal(listing.opening),
        "highPrice": decimal(listing.highest),
        "lowPrice": decimal(listing.lowest),
        "volume": decimal(_VOLUME),
        "quoteVolume": decimal(_VOLUME * listing.last),
        "openTime": now_ms - _DAY_MS,
        "closeTime": now_ms,
        "firstId": 0,
        "lastId": len(call.venue.ledger.executions),
        "count": len(call.venue.ledger.executions) + 1,
    }


def _depth(call: Call) -> object:
    listing, limit = call.listing(), call.limit(100, 5000)
    return {
        "lastUpdateId": len(call.venue.ledger.versions) + 1,
        "bids": _levels(listing.book.bids(listing.last)[:limit]),
        "asks": _levels(listing.book.asks(listing.last)[:limit]),
    }


def _levels(levels: list[Level]) -> list[list[str]]:
    return [[decimal(level.price), decimal(level.quantity)] for level in levels]


def _average(call: Call) -> object:
    return {"mins": 5, "price": decimal(call.listing().last), "closeTime": epoch_ms(call.now)}


_SYMBOLS = frozenset({"symbol", "symbols"})

ENDPOINTS = (
    Endpoint(method="GET", path="/api/v3/ping", handle=_ping),
    Endpoint(method="GET", path="/api/v3/time", handle=_time),
    Endpoint(method="GET", path="/api/v3/exchangeInfo", handle=_exchange_info, reads=_SYMBOLS, weight=20),
    Endpoint(method="GET", path="/api/v3/ticker/24hr", handle=_for_each(_day), reads=_SYMBOLS, weight=2),
    Endpoint(method="GET", path="/api/v3/ticker/price", handle=_for_each(_price), reads=_SYMBOLS, weight=2),
    Endpoint(method="GET", path="/api/v3/ticker/bookTicker", handle=_for_each(_best), reads=_SYMBOLS, weight=2),
    Endpoint(method="GET", path="/api/v3/depth", handle=_depth, reads=frozenset({"symbol", "limit"}), weight=5),
    Endpoint(method="GET", path="/api/v3/avgPrice", handle=_average, reads=frozenset({"symbol"}), weight=2),
)
