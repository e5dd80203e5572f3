"""The JSON of Binance's answers about orders and trades (rest-api.md, "Trading endpoints", "Account Endpoints")."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from helix_core import Action, OrderStatus
from helix_core.sandbox import ExpiryReason

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from helix_core.sandbox import Execution, Order, OrderList, Venue

Json = dict[str, Any]
NO_LIST = -1
NOT_WORKING = -1

_EXPIRY = {
    ExpiryReason.SIBLING_TRIGGERED: "OCO_TRIGGER",
    ExpiryReason.NO_LIQUIDITY: "INSUFFICIENT_LIQUIDITY",
    ExpiryReason.IOC_REMAINDER: "UNFILLED_IOC_QUANTITY_EXPIRED",
    ExpiryReason.FOK_UNFILLED: "UNFILLED_FOK_ORDER_EXPIRED",
    ExpiryReason.NO_FUNDS: "REJECTED",
    ExpiryReason.NOT_ADMITTED: "REJECTED",
    ExpiryReason.ENTRY_UNFILLED: "OTO_PHASE_ONE_EXPIRED",
}


def epoch_ms(at: datetime) -> int:
    """Milliseconds since 1970."""
    return int(at.timestamp() * 1000)


def decimal(value: Decimal | None) -> str:
    """Eight decimals, as Binance writes every figure; nothing is written as zero."""
    return f"{value or Decimal(0):.8f}"


def native_id(venue: Venue, symbol: str) -> str:
    """What Binance calls a pair."""
    return venue.listing(symbol).market.native_id


def status(order: Order) -> str:
    """Binance's word for where an order stands."""
    if order.pending and order.open:
        return "PENDING_NEW"
    if order.status is OrderStatus.OPEN:
        return "PARTIALLY_FILLED" if order.executed else "NEW"
    return order.status.upper()


def placed(venue: Venue, order: Order, style: str) -> Json:
    """The answer to a new order: `style` is ACK, RESULT or FULL."""
    answer: Json = _heading(venue, order) | {"transactTime": epoch_ms(order.created_at)}
    if style == "ACK":
        return answer
    working = NOT_WORKING if order.working_at is None else epoch_ms(order.working_at)
    answer |= _figures(order) | {"workingTime": working, "selfTradePreventionMode": "NONE"} | _conditional(order)
    if style == "FULL":
        answer["fills"] = [_fill(fill) for fill in venue.ledger.executions_of(order.order_id)]
    return answer


def canceled(venue: Venue, order: Order, cancel_id: str) -> Json:
    """The answer to a cancel: `clientOrderId` is the cancel's own id, `origClientOrderId` the order's."""
    answer = _heading(venue, order) | {
        "origClientOrderId": order.client_id,
        "clientOrderId": cancel_id,
        "transactTime": epoch_ms(order.updated_at),
    }
    return answer | _figures(order) | {"selfTradePreventionMode": "NONE"} | _conditional(order)


def queried(venue: Venue, order: Order) -> Json:
    """An order as it stands. Fees and fills are not in it: those are in the trades."""
    working = order.working_at
    answer = _heading(venue, order) | _figures(order)
    answer |= {
        "stopPrice": decimal(order.stop_price),
        "icebergQty": decimal(None),
        "time": epoch_ms(order.created_at),
        "updateTime": epoch_ms(order.updated_at),
        "isWorking": working is not None,
        "workingTime": NOT_WORKING if working is None else epoch_ms(working),
        "selfTradePreventionMode": "NONE",
    }
    return answer | _conditional(order)


def order_list(venue: Venue, pair: OrderList, reports: Sequence[Json] | None = None) -> Json:
    """A pair of orders and the entry that brought it, with a report on each where the endpoint gives one."""
    legs, symbol = in_list(venue, pair), native_id(venue, pair.symbol)
    running = any(leg.open for leg in legs)
    answer: Json = {
        "orderListId": pair.list_id,
        "contingencyType": "OCO" if pair.entry_id is None else "OTO",
        "listStatusType": "EXEC_STARTED" if running else "ALL_DONE",
        "listOrderStatus": "EXECUTING" if running else "ALL_DONE",
        "listClientOrderId": pair.client_id,
        "transactionTime": epoch_ms(pair.created_at if running else legs[0].updated_at),
        "symbol": symbol,
        "orders": [{"symbol": symbol, "orderId": leg.order_id, "clientOrderId": leg.client_id} for leg in legs],
    }
    return answer if reports is None else answer | {"orderReports": list(reports)}


def in_list(venue: Venue, pair: OrderList) -> tuple[Order, ...]:
    """Every order of a list, the entry first where there is one, then the stop."""
    entry = None if pair.entry_id is None else venue.ledger.order(pair.entry_id)
    return (*([] if entry is None else [entry]), *venue.ledger.legs(pair))


def trade(venue: Venue, fill: Execution) -> Json:
    """One entry of the account's trade list."""
    order = venue.ledger.order(fill.order_id)
    return {
        "symbol": native_id(venue, fill.symbol),
        "id": fill.execution_id,
        "orderId": fill.order_id,
        "orderListId": NO_LIST if order is None or order.list_id is None else order.list_id,
        "price": decimal(fill.price),
        "qty": decimal(fill.quantity),
        "quoteQty": decimal(fill.notional),
        "commission": decimal(fill.fee),
        "commissionAsset": fill.fee_currency,
        "time": epoch_ms(fill.at),
        "isBuyer": fill.side is Action.BUY,
        "isMaker": fill.maker,
        "isBestMatch": True,
    }


def _heading(venue: Venue, order: Order) -> Json:
    return {
        "symbol": native_id(venue, order.symbol),
        "orderId": order.order_id,
        "orderListId": NO_LIST if order.list_id is None else order.list_id,
        "clientOrderId": order.client_id,
    }


def _figures(order: Order) -> Json:
    """The size of an order that is not at the market yet, or never was, is not stated."""
    quantity: Json = {} if order.pending else {"origQty": decimal(order.quantity)}
    return {
        "price": decimal(order.price),
        **quantity,
        "executedQty": decimal(order.executed),
        "origQuoteOrderQty": decimal(order.quote_quantity),
        "cummulativeQuoteQty": decimal(order.quote_executed),
        "status": status(order),
        "timeInForce": order.time_in_force.value,
        "type": order.type.value,
        "side": order.side.value,
    }


def _conditional(order: Order) -> Json:
    """Fields that appear only where they mean something."""
    answer: Json = {}
    if order.stop_price is not None:
        answer["stopPrice"] = decimal(order.stop_price)
    if order.expiry_reason is not None:
        answer["expiryReason"] = _EXPIRY[order.expiry_reason]
    return answer


def _fill(fill: Execution) -> Json:
    return {
        "price": decimal(fill.price),
        "qty": decimal(fill.quantity),
        "commission": decimal(fill.fee),
        "commissionAsset": fill.fee_currency,
        "tradeId": fill.execution_id,
    }
