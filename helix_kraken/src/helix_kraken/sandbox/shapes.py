"""The JSON of Kraken's answers about orders and trades (docs.kraken.com, "Get Orders Info", "Query Trades Info")."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any

from helix_core import Action, OrderStatus
from helix_core.sandbox import ExpiryReason, OrderType
from helix_kraken.sandbox.ids import order_txid, trade_txid
from helix_kraken.sandbox.names import PairNames
from helix_kraken.sandbox.rules import COST_DECIMALS, LOT_DECIMALS, PRICE_DECIMALS

if TYPE_CHECKING:
    from datetime import datetime

    from helix_core.sandbox import Close, Execution, NewOrder, Order, Venue
    from helix_kraken.sandbox.desk import Desk

Json = dict[str, Any]

ORDER_TYPES = {
    "market": OrderType.MARKET,
    "limit": OrderType.LIMIT,
    "stop-loss": OrderType.STOP_LOSS,
    "take-profit": OrderType.TAKE_PROFIT,
}
_NAMES = {kind: name for name, kind in ORDER_TYPES.items()} | {OrderType.LIMIT_MAKER: "limit"}
_STATUSES = {OrderStatus.OPEN: "open", OrderStatus.FILLED: "closed"}
"""Everything else is "canceled": what the market cannot fill is cancelled by Kraken, with a reason."""
_REASONS = {
    ExpiryReason.NO_LIQUIDITY: "Out of liquidity",
    ExpiryReason.IOC_REMAINDER: "Immediate or cancel",
    ExpiryReason.FOK_UNFILLED: "Fill or kill",
    ExpiryReason.NO_FUNDS: "Insufficient funds",
}
_MISC = {OrderType.STOP_LOSS: "stopped", OrderType.TAKE_PROFIT: "touched"}
"""How an order says that its trigger was reached."""


def unix(at: datetime) -> float:
    """Seconds since 1970, with a fraction."""
    return at.timestamp()


def rfc3339(at: datetime) -> str:
    """2026-08-25T12:00:00Z."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def amount(value: Decimal, decimals: int) -> str:
    """A figure cut, not rounded, to so many decimals."""
    return f"{value.quantize(Decimal(1).scaleb(-decimals), ROUND_DOWN):f}"


def cost(value: Decimal) -> str:
    """An amount of quote currency, or a price that is not on the tick."""
    return amount(value, COST_DECIMALS)


def volume(value: Decimal) -> str:
    """Coins."""
    return amount(value, LOT_DECIMALS)


def price(value: Decimal) -> str:
    """A price on the tick."""
    return amount(value, PRICE_DECIMALS)


def order_type_name(kind: OrderType) -> str:
    """Kraken's word for a kind of order."""
    return _NAMES[kind]


def sentence(new: NewOrder | Order) -> str:
    """An order in words: "buy 0.07800000 XBTUSDT @ market"."""
    size = new.quote_quantity if new.quote_quantity is not None else new.quantity
    assert size is not None, "an order states its size"
    return f"{new.side.lower()} {volume(size)} {PairNames(new.symbol).altname} @ {_terms(new)}"


def close_sentence(close: Close | None) -> str:
    """A conditional close in words, or nothing: "close position @ stop loss 62926.3"."""
    return "" if close is None else f"close position @ {_terms(close)}"


def _terms(order: NewOrder | Order | Close) -> str:
    words = _NAMES[order.type].replace("-", " ")
    named = order.price or order.stop_price
    return words if named is None else f"{words} {price(named)}"


def order(venue: Venue, desk: Desk, shown: Order, *, trades: bool) -> Json:
    """An order as it stands. `cost` is cut to five decimals, `price` is the average; exact figures are in the trades.

    What was paid in coins is shown in quote all the same.
    """
    fills, slip = venue.ledger.executions_of(shown.order_id), desk.slip(shown)
    answer: Json = {
        "refid": None if shown.parent_id is None else order_txid(shown.parent_id),
        "userref": slip.userref or 0,
        "status": _STATUSES.get(shown.status, "canceled"),
        "reason": reason_of(shown),
        "opentm": unix(shown.created_at),
        "starttm": 0,
        "expiretm": 0,
        "descr": _description(shown),
        "vol": volume(shown.quantity),
        "vol_exec": volume(shown.executed),
        "cost": cost(shown.quote_executed),
        "fee": cost(sum((_fee(fill) for fill in fills), Decimal(0))),
        "price": cost(shown.quote_executed / shown.executed if shown.executed else Decimal(0)),
        "stopprice": cost(_triggered_price(shown)),
        "limitprice": cost(Decimal(0)),
        "misc": _misc(shown),
        "oflags": ",".join(slip.oflags),
    }
    if slip.cl_ord_id is not None:
        answer["cl_ord_id"] = slip.cl_ord_id
    if shown.stop_price is not None:
        answer["trigger"] = "last"
    if not shown.open:
        answer["closetm"] = unix(shown.updated_at)
    if trades:
        answer["trades"] = [trade_txid(fill.execution_id) for fill in fills]
    return answer


def trade(venue: Venue, fill: Execution) -> Json:
    """One fill. Price, volume and fee are exact, `cost` is cut to five decimals."""
    filled = venue.ledger.order(fill.order_id)
    assert filled is not None, "a fill belongs to an order"
    return {
        "ordertxid": order_txid(fill.order_id),
        "postxid": "TKH2SE-M7IF5-CFI7LT",
        "pair": venue.listing(fill.symbol).market.native_id,
        "time": unix(fill.at),
        "type": fill.side.lower(),
        "ordertype": _NAMES[filled.type],
        "price": cost(fill.price),
        "cost": cost(fill.notional),
        "fee": cost(_fee(fill)),
        "vol": volume(fill.quantity),
        "margin": cost(Decimal(0)),
        "leverage": "0",
        "misc": "",
        "trade_id": fill.execution_id,
        "maker": fill.maker,
    }


def _description(shown: Order) -> Json:
    named = shown.own_price
    return {
        "pair": PairNames(shown.symbol).altname,
        "aclass": "forex",
        "type": "buy" if shown.side is Action.BUY else "sell",
        "ordertype": _NAMES[shown.type],
        "price": "0" if named is None else price(named),
        "price2": "0",
        "leverage": "none",
        "order": sentence(shown),
        "close": close_sentence(shown.close),
    }


def _fee(fill: Execution) -> Decimal:
    in_quote = fill.fee_currency == fill.symbol.split("/")[1]
    return fill.fee if in_quote else fill.fee * fill.price


def reason_of(shown: Order) -> str | None:
    """Why an order ended unfilled, in Kraken's words."""
    if shown.expiry_reason is not None:
        return _REASONS[shown.expiry_reason]
    return "User requested" if shown.status is OrderStatus.CANCELED else None


def _misc(shown: Order) -> str:
    went_off = shown.stop_price is not None and shown.working_at is not None
    return _MISC[shown.type] if went_off else ""


def _triggered_price(shown: Order) -> Decimal:
    return shown.stop_price if shown.stop_price is not None and _misc(shown) else Decimal(0)
