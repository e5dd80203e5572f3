"""Public endpoints: what anybody may ask about the market (docs.kraken.com, "Market Data")."""

from __future__ import annotations

from email.utils import format_datetime
from typing import TYPE_CHECKING

from helix_kraken.sandbox.endpoint import Endpoint
from helix_kraken.sandbox.names import PairNames, asset_altname, asset_id
from helix_kraken.sandbox.refusals import UNKNOWN_ASSET, KrakenError, invalid
from helix_kraken.sandbox.rules import asset_info, pair_info
from helix_kraken.sandbox.shapes import amount, cost, price, rfc3339, unix, volume

if TYPE_CHECKING:
    from helix_core.sandbox import Level, Listing
    from helix_kraken.sandbox.call import Call
    from helix_kraken.sandbox.shapes import Json

_VOLUME = "10000.00000000"
"""Of the day. A fixed figure: nobody else trades here."""
_DEEPEST = 500


def _time(call: Call) -> object:
    return {"unixtime": int(unix(call.now)), "rfc1123": format_datetime(call.now)}


def _status(call: Call) -> object:
    return {"status": "online", "timestamp": rfc3339(call.now)}


def currencies(call: Call) -> list[str]:
    """Every currency of the listed pairs, in CCXT form."""
    return list(dict.fromkeys(name for symbol in call.venue.symbols for name in symbol.split("/")))


def _assets(call: Call) -> object:
    known = currencies(call)
    named = call.maybe("asset")
    if named is None:
        return dict(asset_info(currency) for currency in known)
    by_name = {name: currency for currency in known for name in (asset_id(currency), asset_altname(currency), currency)}
    wanted = named.split(",")
    if not by_name.keys() >= set(wanted):
        raise KrakenError(UNKNOWN_ASSET)
    return dict(asset_info(by_name[name]) for name in wanted)


def _pairs(call: Call) -> object:
    return {listing.market.native_id: pair_info(listing) for listing in call.listings()}


def _ticker(call: Call) -> object:
    return {listing.market.native_id: _day(call, listing) for listing in call.listings()}


def _day(call: Call, listing: Listing) -> Json:
    """A day that began with the sandbox."""
    lot = amount(listing.book.level_quantity, 3)
    whole = str(int(listing.book.level_quantity))
    count = len(call.venue.ledger.executions) + 1
    return {
        "a": [cost(listing.ask), whole, lot],
        "b": [cost(listing.bid), whole, lot],
        "c": [cost(listing.last), volume(listing.market.min_quantity)],
        "v": [_VOLUME, _VOLUME],
        "p": [cost(listing.last), cost(listing.last)],
        "t": [count, count],
        "l": [cost(listing.lowest), cost(listing.lowest)],
        "h": [cost(listing.highest), cost(listing.highest)],
        "o": cost(listing.opening),
    }


def _depth(call: Call) -> object:
    listing, count = call.listing(), call.whole("count") or 100
    if not 1 <= count <= _DEEPEST:
        raise invalid("count")
    at = int(unix(call.now))
    return {
        PairNames(listing.market.symbol).id: {
            "asks": _levels(listing.book.asks(listing.last)[:count], at),
            "bids": _levels(listing.book.bids(listing.last)[:count], at),
        }
    }


def _levels(levels: list[Level], at: int) -> list[list[object]]:
    return [[price(level.price), amount(level.quantity, 8), at] for level in levels]


ENDPOINTS = (
    Endpoint(name="Time", handle=_time, private=False),
    Endpoint(name="SystemStatus", handle=_status, private=False),
    Endpoint(name="Assets", handle=_assets, private=False),
    Endpoint(name="AssetPairs", handle=_pairs, private=False),
    Endpoint(name="Ticker", handle=_ticker, private=False),
    Endpoint(name="Depth", handle=_depth, private=False),
)
