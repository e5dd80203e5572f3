"""Endpoints about the account and its key (docs.kraken.com, "Account Data")."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core import Balance
from helix_kraken.sandbox.desk import TOKEN_LIFE
from helix_kraken.sandbox.endpoint import Endpoint, Right
from helix_kraken.sandbox.names import asset_id
from helix_kraken.sandbox.public import currencies
from helix_kraken.sandbox.refusals import PERMISSION_DENIED, KrakenError
from helix_kraken.sandbox.rules import balance_decimals
from helix_kraken.sandbox.shapes import amount

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helix_kraken.sandbox.call import Call
    from helix_kraken.sandbox.shapes import Json

_CREATED = "1767225600"
_READ = ("query-funds", "query-open-trades", "query-closed-trades", "query-ledger")
_TRADE = ("modify-trades", "close-trades")
_WITHDRAW = ("withdraw-funds",)
_LISTEN = ("create-ws-token",)


def _holdings(call: Call) -> Mapping[str, Balance]:
    nothing = Balance(Decimal(0), Decimal(0))
    return dict.fromkeys(currencies(call), nothing) | call.venue.balances()


def _balance(call: Call) -> object:
    return {
        asset_id(name): amount(held.total, balance_decimals(name))
        for name, held in _holdings(call).items()
        if held.total
    }


def _extended_balance(call: Call) -> object:
    return {
        asset_id(name): {
            "balance": amount(held.total, balance_decimals(name)),
            "hold_trade": amount(held.locked, balance_decimals(name)),
        }
        for name, held in _holdings(call).items()
        if held.total
    }


def _trade_balance(call: Call) -> object:
    """Everything in the quote currency of the first pair, whatever `asset` asks for; nothing is on margin here."""
    listing, held = call.venue.listing(), _holdings(call)
    worth = held[listing.market.quote].total + held[listing.market.base].total * listing.last
    nothing = dict.fromkeys(("m", "n", "c", "v"), "0.0000")
    return {"eb": amount(worth, 4), "tb": amount(worth, 4), **nothing, "e": amount(worth, 4), "mf": amount(worth, 4)}


def _trade_volume(call: Call) -> object:
    fees = call.venue.fees
    names = [listing.market.native_id for listing in call.listings()] if call.maybe("pair") else []
    return {
        "currency": "ZUSD",
        "volume": "0.0000",
        "fees": {name: _fee(fees.taker) for name in names},
        "fees_maker": {name: _fee(fees.maker) for name in names},
    }


def _fee(ratio: Decimal) -> Json:
    now = amount(ratio * 100, 4)
    return {
        "fee": now,
        "minfee": now,
        "maxfee": now,
        "nextfee": None,
        "nextvolume": None,
        "tiervolume": "0.0000",
    }


def _key(call: Call) -> object:
    """What the key may do, in Kraken's words; needs no right. Times are seconds as text, "0" is never."""
    rights = call.sandbox.rights
    may = ((rights.read, _READ), (rights.trade, _TRADE), (rights.withdraw, _WITHDRAW), (rights.listen, _LISTEN))
    granted = [right for allowed, named in may if allowed for right in named]
    return {
        "apiKeyName": "sandbox",
        "apiKey": call.sandbox.api_key,
        "nonce": str(call.desk.guard.nonce),
        "nonceWindow": "0",
        "permissions": granted,
        "iban": "AA00 N000 0000 0000",
        "validUntil": "0",
        "queryFrom": "0",
        "queryTo": "0",
        "createdTime": _CREATED,
        "modifiedTime": _CREATED,
        "ipAllowlist": ["127.0.0.1"] if rights.ip_restricted else [],
        "lastUsed": str(int(call.now.timestamp())),
    }


def _token(call: Call) -> object:
    if not call.sandbox.rights.listen:
        raise KrakenError(PERMISSION_DENIED)
    return {"token": call.desk.new_token(), "expires": int(TOKEN_LIFE.total_seconds())}


ENDPOINTS = (
    Endpoint(name="Balance", handle=_balance),
    Endpoint(name="BalanceEx", handle=_extended_balance),
    Endpoint(name="TradeBalance", handle=_trade_balance),
    Endpoint(name="TradeVolume", handle=_trade_volume),
    Endpoint(name="GetApiKeyInfo", handle=_key, right=Right.NONE),
    Endpoint(name="GetWebSocketsToken", handle=_token, right=Right.NONE),
)
