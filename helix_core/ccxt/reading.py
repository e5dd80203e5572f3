"""Reading ccxt's unified structures into Helix's own. What is missing is missing: nothing is replaced by a default.

Every function raises DataMissing and names the field.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from helix_core.contracts.exchange import OpenOrder, PastOrder
from helix_core.domain.market import Balance, Balances, Instrument, Level, OrderBook, Ticker
from helix_core.domain.money import exact
from helix_core.domain.order import Fill, OrderReport, OrderStatus
from helix_core.domain.signal import Action
from helix_core.errors import DataMissing

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STATUSES = {
    "open": OrderStatus.OPEN,
    "closed": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELED,
    "expired": OrderStatus.EXPIRED,
    "rejected": OrderStatus.REJECTED,
}


def need(source: Any, *path: str | int) -> Any:
    """The value at `path` inside `source`."""
    value = source
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            value = None
        if value is None:
            message = f"the venue's answer has no {'.'.join(map(str, path))}"
            raise DataMissing(message)
    return value


def fields(source: Any, *path: str | int) -> Mapping[str, Any]:
    """The object at `path` inside `source`, whose fields may be left out."""
    value = need(source, *path)
    if not isinstance(value, Mapping):
        message = f"the venue's {'.'.join(map(str, path)) or 'answer'} is not an object with fields"
        raise DataMissing(message)
    return value


def decimal(source: Any, *path: str | int) -> Decimal:
    """The exact number at `path` inside `source`."""
    value = need(source, *path)
    try:
        return exact(value)
    except (TypeError, ValueError):
        broken = DataMissing(f"the venue's {'.'.join(map(str, path))} is not a plain number")
    raise broken


def moment(source: Any, *path: str | int) -> datetime:
    """The time at `path`, given in Unix ms, as aware UTC."""
    return _EPOCH + timedelta(milliseconds=int(decimal(source, *path)))


def read_ticker(symbol: str, ticker: Mapping[str, Any], at: datetime) -> Ticker:
    """Best bid and ask and the last price."""
    bid, ask, last = (decimal(ticker, key) for key in ("bid", "ask", "last"))
    if not 0 < bid <= ask or last <= 0:
        message = f"{symbol}: bid {bid}, ask {ask} and last {last} are not a market"
        raise DataMissing(message)
    return Ticker(symbol=symbol, bid=bid, ask=ask, last=last, at=at)


def read_book(symbol: str, book: Mapping[str, Any], at: datetime) -> OrderBook:
    """Read both sides of an order book, best level first."""

    def levels(side: str) -> tuple[Level, ...]:
        rows = need(book, side)
        return tuple(Level(decimal(rows, row, 0), decimal(rows, row, 1)) for row in range(len(rows)))

    return OrderBook(symbol=symbol, bids=levels("bids"), asks=levels("asks"), at=at)


def read_balances(balances: Mapping[str, Any], at: datetime) -> Balances:
    """Every currency the venue lists with a total that is not zero."""
    listed = {
        code: Balance(decimal(balances, "free", code), decimal(balances, "used", code))
        for code in need(balances, "total")
    }
    return Balances(holdings={code: held for code, held in listed.items() if held.total}, at=at)


def step(market: Mapping[str, Any], what: str) -> Decimal:
    """The market's step of `what` (amount or price), in the same unit."""
    value = decimal(market, "precision", what)
    if value <= 0:
        message = f"the step of the {what} is {value}"
        raise DataMissing(message)
    return value


def read_instrument(market: Mapping[str, Any], taker_fee: Decimal) -> Instrument:
    """The rules of a spot market, from ccxt's unified market."""
    limits = need(market, "limits")
    largest = [decimal(limits, "amount", "max")]
    if (limits.get("market") or {}).get("max") is not None:
        largest.append(decimal(limits, "market", "max"))
    return Instrument(
        symbol=need(market, "symbol"),
        base=need(market, "base"),
        quote=need(market, "quote"),
        native_id=need(market, "id"),
        trading=market.get("active") is True,
        lot_step=step(market, "amount"),
        price_tick=step(market, "price"),
        min_quantity=decimal(limits, "amount", "min"),
        max_quantity=min(largest),
        min_notional=decimal(limits, "cost", "min"),
        taker_fee=taker_fee,
    )


def read_open_order(order: Mapping[str, Any]) -> OpenOrder:
    """An order resting at the venue."""
    stop = order.get("triggerPrice") or order.get("stopLossPrice")
    return OpenOrder(
        venue_order_id=str(need(order, "id")),
        client_order_id=str(order.get("clientOrderId") or ""),
        symbol=need(order, "symbol"),
        side=Action(need(order, "side").upper()),
        remaining=decimal(order, "remaining"),
        stop_price=exact(stop) if stop is not None else None,
        at=moment(order, "timestamp") if order.get("timestamp") is not None else None,
    )


def read_past_order(order: Mapping[str, Any]) -> PastOrder:
    """An order in the venue's list of them."""
    return PastOrder(
        venue_order_id=str(need(order, "id")),
        client_order_id=str(order.get("clientOrderId") or ""),
        symbol=need(order, "symbol"),
        side=Action(need(order, "side").upper()),
        filled=decimal(order, "filled"),
        status=_STATUSES.get(need(order, "status"), OrderStatus.UNKNOWN),
        at=moment(order, "timestamp"),
    )


def read_fill(trade: Mapping[str, Any], *, symbol: str, order_id: str) -> Fill:
    """One execution with its fee."""
    fees = [fee for fee in trade.get("fees") or [trade.get("fee")] if fee]
    if len(fees) != 1:
        message = f"the venue states {len(fees)} fees for one execution"
        raise DataMissing(message)
    return Fill(
        fill_id=str(need(trade, "id")),
        venue_order_id=order_id,
        symbol=symbol,
        side=Action(need(trade, "side").upper()),
        price=decimal(trade, "price"),
        quantity=decimal(trade, "amount"),
        fee=decimal(fees[0], "cost"),
        fee_currency=need(fees[0], "currency"),
        at=moment(trade, "timestamp"),
    )


def read_report(order: Mapping[str, Any], client_order_id: str, *, protects: bool = False) -> OrderReport:
    """What the venue says of one order; without fills. `protects`: what remains of it, while open, is a living stop."""
    amount, filled = decimal(order, "amount"), decimal(order, "filled")
    word = need(order, "status")
    status = _STATUSES.get(word, OrderStatus.UNKNOWN)
    if status is OrderStatus.FILLED and filled < amount:
        status = OrderStatus.EXPIRED  # closed short of its size: final, and not filled
    return OrderReport(
        client_order_id=client_order_id,
        status=status,
        filled=filled,
        venue_order_ids=(str(need(order, "id")),),
        raw_status=str((order.get("info") or {}).get("status") or word),
        protecting=amount - filled if protects and status is OrderStatus.OPEN else Decimal(0),
        average_price=exact(order["average"]) if filled > 0 and order.get("average") else None,
    )


def read_own_fills(order: Mapping[str, Any], *, symbol: str, filled: Decimal) -> tuple[Fill, ...] | None:
    """The fills an order's answer carried; None unless they are complete, with their fees.

    A fill without a side or a time of its own has the order's.
    """
    lent = {"side": order.get("side"), "timestamp": order.get("timestamp")}
    trades = [{**trade, **{key: trade.get(key) or value for key, value in lent.items()}} for trade in order["trades"]]
    try:
        fills = tuple(read_fill(trade, symbol=symbol, order_id=str(order["id"])) for trade in trades)
    except DataMissing:
        return None
    return fills if sum((fill.quantity for fill in fills), Decimal(0)) == filled else None
