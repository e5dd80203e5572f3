"""Kraken's orders and trades read into Helix's own. Source: Kraken's API documentation, "Get Orders Info"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from helix_core import Action, DataMissing, Fill, OpenOrder, OrderReport, OrderStatus, PastOrder
from helix_core.ccxt import decimal, need

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_CLOSE = re.compile(r"close position @ stop loss (\d+(?:\.\d+)?)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSIGNIFICANT = Decimal("0.00000005")
"""Kraken closes an order that lacks the last few of the smallest units: "Insignificant volume remaining"."""
_STATUSES = {
    "pending": OrderStatus.OPEN,
    "open": OrderStatus.OPEN,
    "closed": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELED,
    "expired": OrderStatus.EXPIRED,
}
_SIDES = {"buy": Action.BUY, "sell": Action.SELL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order as Kraken states it. `entry_id` is the order that made this one by its conditional close.

    `close_price` is where the stops rest that this one makes; None also where Kraken words it in a way not known here.
    """

    txid: str
    client_order_id: str
    entry_id: str | None
    pair: str
    side: Action
    status: OrderStatus
    raw_status: str
    volume: Decimal
    executed: Decimal
    stop_price: Decimal | None
    close_price: Decimal | None
    opened_at: datetime
    trade_ids: tuple[str, ...] = ()
    average_price: Decimal | None = None

    @property
    def remaining(self) -> Decimal:
        """Base units that can still be executed; none once the order is final."""
        return Decimal(0) if self.status.final else self.volume - self.executed


def read_order(txid: str, row: Mapping[str, Any]) -> Order:
    """Read one order. Raises DataMissing, naming the field."""
    volume, executed, word = decimal(row, "vol"), decimal(row, "vol_exec"), need(row, "status")
    status = _STATUSES.get(word, OrderStatus.UNKNOWN)
    if status is OrderStatus.FILLED and volume - executed > _INSIGNIFICANT:
        status = OrderStatus.EXPIRED  # closed short of its size: final, and not filled
    stops = need(row, "descr", "ordertype").startswith(("stop-loss", "trailing-stop"))
    close = _CLOSE.fullmatch(row["descr"].get("close") or "")
    return Order(
        txid=txid,
        client_order_id=str(row.get("cl_ord_id") or ""),
        entry_id=row.get("refid"),
        pair=need(row, "descr", "pair"),
        side=_side(need(row, "descr", "type")),
        status=status,
        raw_status=word,
        volume=volume,
        executed=executed,
        stop_price=decimal(row, "descr", "price") if stops else None,
        close_price=Decimal(close[1]) if close else None,
        opened_at=_moment(row, "opentm"),
        trade_ids=tuple(row.get("trades") or ()),
        average_price=_price(row) if executed > 0 else None,
    )


def read_fill(fill_id: str, row: Mapping[str, Any], symbol: str) -> Fill:
    """Read one trade. Kraken states every fee in the quote currency. Raises DataMissing."""
    return Fill(
        fill_id=fill_id,
        venue_order_id=need(row, "ordertxid"),
        symbol=symbol,
        side=_side(need(row, "type")),
        price=decimal(row, "price"),
        quantity=decimal(row, "vol"),
        fee=decimal(row, "fee"),
        fee_currency=symbol.split("/")[1],
        at=_moment(row, "time"),
    )


def read_open_order(order: Order, symbol: str) -> OpenOrder:
    """The order as one that rests at the venue."""
    return OpenOrder(
        venue_order_id=order.txid,
        client_order_id=order.client_order_id,
        symbol=symbol,
        side=order.side,
        remaining=order.remaining,
        stop_price=order.stop_price,
        at=order.opened_at,
    )


def read_past_order(order: Order, symbol: str) -> PastOrder:
    """The order as one in the list of all of them."""
    return PastOrder(
        venue_order_id=order.txid,
        client_order_id=order.client_order_id,
        symbol=symbol,
        side=order.side,
        filled=order.executed,
        status=order.status,
        at=order.opened_at,
    )


def report_of(client_order_id: str, orders: Iterable[Order], fills: tuple[Fill, ...] | None = None) -> OrderReport:
    """One report of one order, or of all the stops that protect one entry.

    Living stops come first; those that ended without a fill count for nothing beside others. OPEN while one lives,
    FILLED when all are filled whole; no order at all is CANCELED.
    """
    every = sorted(orders, key=lambda order: (order.status.final, order.opened_at, order.txid))
    used = [order for order in every if not order.status.final or order.executed] or every
    living = [order for order in used if order.status is OrderStatus.OPEN and order.stop_price is not None]
    return OrderReport(
        client_order_id=client_order_id,
        status=_joint([order.status for order in used]),
        filled=sum((order.executed for order in used), Decimal(0)),
        venue_order_ids=tuple(order.txid for order in used),
        raw_status="/".join(dict.fromkeys(order.raw_status for order in used)) or "not there",
        protecting=sum((order.remaining for order in living), Decimal(0)),
        resting=tuple(order.txid for order in living) or None,
        stop_price=min((order.stop_price for order in living if order.stop_price is not None), default=None),
        average_price=_average(used),
        fills=fills,
    )


def _average(orders: Iterable[Order]) -> Decimal | None:
    """The price of all that was executed; None where nothing was, or a price is not known."""
    executed = [order for order in orders if order.executed]
    prices = [order.average_price for order in executed if order.average_price is not None]
    if not executed or len(prices) < len(executed):
        return None
    cost = sum((price * order.executed for price, order in zip(prices, executed, strict=True)), Decimal(0))
    return cost / sum(order.executed for order in executed)


def _joint(statuses: list[OrderStatus]) -> OrderStatus:
    for status in (OrderStatus.UNKNOWN, OrderStatus.OPEN, OrderStatus.CANCELED, OrderStatus.EXPIRED):
        if status in statuses:
            return status
    return OrderStatus.FILLED if statuses else OrderStatus.CANCELED


def _side(word: str) -> Action:
    if word not in _SIDES:
        message = "the venue states a side that is neither buy nor sell"
        raise DataMissing(message)
    return _SIDES[word]


def _moment(row: Mapping[str, Any], field: str) -> datetime:
    """Unix time in s with a fraction, as aware UTC."""
    return _EPOCH + timedelta(microseconds=int(decimal(row, field) * 1_000_000))


def _price(row: Mapping[str, Any]) -> Decimal | None:
    """The average price; a price that is not stated, or zero, is not known."""
    return (decimal(row, "price") or None) if row.get("price") is not None else None
