"""Proof that the simulated venue lost nothing and invented nothing."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.domain.signal import Action
from helix_core.errors import InvariantBroken
from helix_core.sandbox.ledger import Cause

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helix_core.sandbox.orders import Order
    from helix_core.sandbox.venue import Venue


def prove(venue: Venue) -> None:
    """Raise InvariantBroken unless the money is right to the last digit.

    Each balance is what the account began with, plus transfers, plus what was bought and sold, less fees; nothing is
    below zero; and what is locked is exactly what the open orders hold.
    """
    expected, locked = _totals(venue), _locked(venue)
    for currency, balance in venue.balances().items():
        _same(currency, "the fills, fees and transfers add up to", expected[currency], balance.total)
        _same(currency, "the open orders hold", locked[currency], balance.locked)
        if balance.free < 0:
            message = f"{currency}: {balance.free} is free"
            raise InvariantBroken(message)


def _totals(venue: Venue) -> Mapping[str, Decimal]:
    totals: defaultdict[str, Decimal] = defaultdict(Decimal, venue.ledger.initial)
    for movement in venue.ledger.movements:
        if movement.cause is Cause.TRANSFER:
            totals[movement.currency] += movement.free
    for fill in venue.ledger.executions:
        market, sign = venue.listing(fill.symbol).market, 1 if fill.side is Action.BUY else -1
        totals[market.base] += sign * fill.quantity
        totals[market.quote] -= sign * fill.notional
        totals[fill.fee_currency] -= fill.fee
    return totals


def _locked(venue: Venue) -> Mapping[str, Decimal]:
    holders: defaultdict[str, list[Order]] = defaultdict(list)
    for symbol in venue.symbols:
        for order in venue.ledger.open_orders(symbol):
            holders[order.holder].append(order)
    locked: defaultdict[str, Decimal] = defaultdict(Decimal)
    for orders in holders.values():
        held = venue.matching.reserve(venue.listing(orders[0].symbol).market, orders)
        locked[held.currency] += held.amount
    return locked


def _same(currency: str, what: str, expected: Decimal, actual: Decimal) -> None:
    if expected != actual:
        message = f"{currency}: {what} {expected}, the account says {actual}"
        raise InvariantBroken(message)
