"""The ledger as plain JSON values: decimals as text, times in ISO 8601."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helix_core.domain.money import plain

if TYPE_CHECKING:
    from decimal import Decimal

    from helix_core.sandbox.dialect import ReceivedRequest
    from helix_core.sandbox.ledger import Execution, Movement
    from helix_core.sandbox.orders import Order, OrderList
    from helix_core.sandbox.venue import Venue


def ledger_report(venue: Venue) -> dict[str, Any]:
    """Initial and present balances, prices, every order as it stands, every fill, pair and change of a balance."""
    ledger = venue.ledger
    return {
        "initial": {currency: plain(amount) for currency, amount in ledger.initial.items()},
        "balances": {
            currency: {"free": plain(balance.free), "locked": plain(balance.locked)}
            for currency, balance in venue.balances().items()
        },
        "prices": {symbol: plain(venue.listing(symbol).last) for symbol in venue.symbols},
        "orders": [_order(order) for order in ledger.orders],
        "lists": [_list(pair) for pair in ledger.lists],
        "fills": [_fill(fill) for fill in ledger.executions],
        "movements": [_movement(movement) for movement in ledger.movements],
    }


def request_report(request: ReceivedRequest) -> dict[str, Any]:
    """One request as it came in."""
    return {
        "at": request.at.isoformat(),
        "method": request.method,
        "path": request.path,
        "parameters": dict(request.parameters),
    }


def _order(order: Order) -> dict[str, Any]:
    return {
        "order_id": order.order_id,
        "client_id": order.client_id,
        "list_id": order.list_id,
        "parent_id": order.parent_id,
        "symbol": order.symbol,
        "side": order.side,
        "type": order.type,
        "status": order.status,
        "pending": order.pending,
        "expiry_reason": order.expiry_reason,
        "quantity": plain(order.quantity),
        "executed": plain(order.executed),
        "quote_executed": plain(order.quote_executed),
        "price": _maybe(order.price),
        "stop_price": _maybe(order.stop_price),
        "created_at": order.created_at.isoformat(),
        "updated_at": order.updated_at.isoformat(),
    }


def _list(pair: OrderList) -> dict[str, Any]:
    return {
        "list_id": pair.list_id,
        "entry_id": pair.entry_id,
        "client_id": pair.client_id,
        "symbol": pair.symbol,
        "order_ids": list(pair.order_ids),
    }


def _fill(fill: Execution) -> dict[str, Any]:
    return {
        "fill_id": fill.execution_id,
        "order_id": fill.order_id,
        "symbol": fill.symbol,
        "side": fill.side,
        "price": plain(fill.price),
        "quantity": plain(fill.quantity),
        "fee": plain(fill.fee),
        "fee_currency": fill.fee_currency,
        "maker": fill.maker,
        "at": fill.at.isoformat(),
    }


def _movement(movement: Movement) -> dict[str, Any]:
    return {
        "currency": movement.currency,
        "free": plain(movement.free),
        "locked": plain(movement.locked),
        "cause": movement.cause,
        "by": movement.by,
        "at": movement.at.isoformat(),
    }


def _maybe(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
