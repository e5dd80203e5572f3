"""Where simulated orders become fills. Pure steps from one account to the next: no clock, no network, no memory."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING

from helix_core import Action, InvariantBroken, Level, OrderKind, OrderStatus, floor_to
from helix_plugins.paper import rules as refusals
from helix_plugins.paper.order import PaperFill, PaperOrder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from helix_core import ApprovedOrder, ExitOrder, Instrument, OrderBook, ProtectiveOrder, Ticker
    from helix_plugins.paper.account import PaperAccount

_SMALLEST = Decimal("1E-8")
"""Fees are charged in whole hundred-millionths of a coin."""


def trade(
    account: PaperAccount, order: ApprovedOrder | ExitOrder, book: OrderBook, rules: Instrument, now: datetime
) -> PaperAccount:
    """The account after a market order. Where the book ends the order ends, EXPIRED. Raises OrderRefused."""
    refusals.check_new(account, order.client_order_id, order.symbol, rules)
    placed = PaperOrder(
        order_id=account.next_order_id(),
        client_order_id=order.client_order_id,
        kind=order.kind,
        quantity=order.quantity,
        at=now,
        status=OrderStatus.EXPIRED,
    )
    levels = taken(book.asks if placed.side is Action.BUY else book.bids, order.quantity)
    refusals.check_largest(rules, order.quantity)
    if levels:
        refusals.check_size(rules, order.quantity, levels[0].price)
    if placed.side is Action.BUY:
        cost = sum((level.price * level.quantity for level in levels), Decimal(0))
        refusals.check_funds(account, rules.quote, cost)
    else:
        refusals.check_funds(account, rules.base, order.quantity)
    return _executed(account.added(placed), placed, levels, rules, now)


def rest(
    account: PaperAccount, order: ProtectiveOrder, ticker: Ticker, rules: Instrument, now: datetime
) -> PaperAccount:
    """The account with a stop that locks what it covers, on the venue's steps. Raises OrderRefused."""
    refusals.check_new(account, order.client_order_id, order.symbol, rules)
    far = order.take_profit_price
    stop = PaperOrder(
        order_id=account.next_order_id(),
        client_order_id=order.client_order_id,
        kind=OrderKind.STOP,
        quantity=rules.lots(order.quantity),
        at=now,
        stop_price=rules.stop_price(order.stop_price),
        take_profit_price=None if far is None else floor_to(far, rules.price_tick),
    )
    refusals.check_size(rules, stop.quantity, rules.stop_price(order.stop_price))
    refusals.check_funds(account, rules.base, stop.quantity)
    refusals.check_stop(stop, ticker)
    return account.added(stop)


def touch(account: PaperAccount, ticker: Ticker, rules: Instrument, now: datetime) -> PaperAccount:
    """The account after this price was seen: stops set off, far legs sold at their own price."""
    for order in account.resting:
        if order.triggered:
            continue
        if order.set_off_by(ticker):
            account = account.replaced(order.model_copy(update={"triggered": True}))
        elif order.reached_by(ticker) and order.take_profit_price is not None:
            account = _executed(account, order, (Level(order.take_profit_price, order.quantity),), rules, now)
    return account


def sell_triggered(account: PaperAccount, book: OrderBook, rules: Instrument, now: datetime) -> PaperAccount:
    """The account after every stop that was set off has been sold into the book; where the book ends it EXPIRES."""
    for order in account.resting:
        if order.triggered:
            account = _executed(account, order, taken(book.bids, order.quantity), rules, now)
    return account


def cancelled(account: PaperAccount, order: PaperOrder) -> PaperAccount:
    """The account without a resting stop; what it held is free."""
    return account.replaced(order.model_copy(update={"status": OrderStatus.CANCELED}))


def taken(levels: Iterable[Level], quantity: Decimal) -> tuple[Level, ...]:
    """What an order of `quantity` base units takes from one side of the book, best first; less where it ends."""
    found: list[Level] = []
    for level in levels:
        part = min(level.quantity, quantity)
        if part > 0:
            found.append(Level(level.price, part))
            quantity -= part
    return tuple(found)


def _executed(
    account: PaperAccount, order: PaperOrder, levels: tuple[Level, ...], rules: Instrument, now: datetime
) -> PaperAccount:
    """The account after `order` filled with `levels`, the money moved, and ended for good."""
    fills = tuple(
        _fill(f"paper-{account.born}-{number}", order.side, level, rules, now)
        for number, level in enumerate(levels, start=account.fills_made + 1)
    )
    ended = order.model_copy(update={"fills": fills})
    status = OrderStatus.FILLED if ended.filled == order.quantity else OrderStatus.EXPIRED
    holdings = _moved(account.holdings, order.side, fills, rules)
    after = account.model_copy(update={"holdings": holdings, "fills_made": account.fills_made + len(fills)})
    return after.replaced(ended.model_copy(update={"status": status}))


def _fill(fill_id: str, side: Action, level: Level, rules: Instrument, now: datetime) -> PaperFill:
    """One execution with its taker fee: in the base coin on a purchase, in quote on a sale."""
    buys = side is Action.BUY
    amount = level.quantity if buys else level.price * level.quantity
    return PaperFill(
        fill_id=fill_id,
        price=level.price,
        quantity=level.quantity,
        fee=(amount * rules.taker_fee).quantize(_SMALLEST, rounding=ROUND_DOWN),
        fee_currency=rules.base if buys else rules.quote,
        at=now,
    )


def _moved(
    holdings: Mapping[str, Decimal], side: Action, fills: tuple[PaperFill, ...], rules: Instrument
) -> dict[str, Decimal]:
    """What is held after these fills. Raises InvariantBroken rather than go below zero."""
    held = {rules.base: Decimal(0), **holdings}
    sign = 1 if side is Action.BUY else -1
    for fill in fills:
        held[rules.base] += sign * fill.quantity
        held[rules.quote] -= sign * fill.notional
        held[fill.fee_currency] -= fill.fee
    if min(held.values()) < 0:
        message = "a paper order spent what was not there"
        raise InvariantBroken(message)
    return held
