"""Endpoints about the account and its key (rest-api.md, "Account Endpoints"; Wallet, "Get API Key Permission")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_binance.sandbox.endpoint import Endpoint
from helix_binance.sandbox.shapes import decimal, epoch_ms, trade
from helix_binance.sandbox.signing import Security

if TYPE_CHECKING:
    from helix_binance.sandbox.call import Call
    from helix_binance.sandbox.shapes import Json

FEE_COIN = "BNB"


def _account(call: Call) -> object:
    fees = call.venue.fees
    return {
        "makerCommission": int(fees.maker * 10_000),
        "takerCommission": int(fees.taker * 10_000),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": _rates(call),
        "canTrade": True,
        "canWithdraw": True,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": epoch_ms(call.now),
        "accountType": "SPOT",
        "balances": _balances(call),
        "permissions": ["SPOT"],
        "uid": 1,
    }


def _balances(call: Call) -> list[Json]:
    listed = [call.venue.listing(symbol).market for symbol in call.venue.symbols]
    names = {coin: None for market in listed for coin in (market.base, market.quote)} | {FEE_COIN: None}
    holdings = {name: (call.venue.account.free(name), call.venue.account.locked(name)) for name in names}
    holdings |= {name: (balance.free, balance.locked) for name, balance in call.venue.balances().items()}
    omit_zero = call.flag("omitZeroBalances")
    return [
        {"asset": name, "free": decimal(free), "locked": decimal(locked)}
        for name, (free, locked) in holdings.items()
        if free or locked or not omit_zero
    ]


def _rates(call: Call) -> Json:
    fees = call.venue.fees
    return {"maker": decimal(fees.maker), "taker": decimal(fees.taker), "buyer": decimal(None), "seller": decimal(None)}


def _commission(call: Call) -> object:
    coin = call.venue.fees.coin
    none = dict.fromkeys(("maker", "taker", "buyer", "seller"), decimal(None))
    return {
        "symbol": call.listing().market.native_id,
        "standardCommission": _rates(call),
        "specialCommission": none,
        "taxCommission": none,
        "discount": {
            "enabledForAccount": coin is not None,
            "enabledForSymbol": True,
            "discountAsset": coin.currency if coin else FEE_COIN,
            "discount": decimal(coin.discount if coin else None),
        },
    }


def _trades(call: Call) -> object:
    symbol, order_id = call.listing().market.symbol, call.maybe_long("orderId")
    first, start, end = call.maybe_long("fromId"), call.maybe_long("startTime"), call.maybe_long("endTime")
    fills = [
        fill
        for fill in call.venue.ledger.executions
        if fill.symbol == symbol
        and order_id in {None, fill.order_id}
        and (first is None or fill.execution_id >= first)
        and (start is None or epoch_ms(fill.at) >= start)
        and (end is None or epoch_ms(fill.at) <= end)
    ]
    limit = call.limit(500, 1000)
    page = fills[-limit:] if first is None and start is None else fills[:limit]
    return [trade(call.venue, fill) for fill in page]


def _restrictions(call: Call) -> object:
    rights = call.sandbox.rights
    return {
        "ipRestrict": rights.ip_restricted,
        "createTime": 1_577_836_800_000,
        "enableReading": rights.read,
        "enableWithdrawals": rights.withdraw,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": False,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
        "enableSpotAndMarginTrading": rights.trade,
        "enablePortfolioMarginTrading": False,
    }


_TRADES = frozenset({"symbol", "orderId", "startTime", "endTime", "fromId", "limit"})

ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/v3/account",
        handle=_account,
        reads=frozenset({"omitZeroBalances"}),
        security=Security.USER_DATA,
        weight=20,
    ),
    Endpoint(
        method="GET",
        path="/api/v3/account/commission",
        handle=_commission,
        reads=frozenset({"symbol"}),
        security=Security.USER_DATA,
        weight=20,
    ),
    Endpoint(
        method="GET",
        path="/api/v3/myTrades",
        handle=_trades,
        reads=_TRADES,
        security=Security.USER_DATA,
        weight=20,
    ),
    Endpoint(method="GET", path="/sapi/v1/account/apiRestrictions", handle=_restrictions, security=Security.USER_DATA),
)
