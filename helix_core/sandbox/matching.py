"""Where orders become fills: taking from the book, resting, and moving the money."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING

from helix_core.domain.order import OrderStatus
from helix_core.domain.signal import Action
from helix_core.sandbox.fees import Money
from helix_core.sandbox.ledger import Cause, Execution

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from helix_core.clock import Clock
    from helix_core.sandbox.account import Account
    from helix_core.sandbox.book import Level
    from helix_core.sandbox.fees import Fees
    from helix_core.sandbox.ledger import Ledger
    from helix_core.sandbox.market import Market
    from helix_core.sandbox.orders import ExpiryReason, Order


class Matching:
    """Changes orders and balances together. Each step is affordable before it is taken."""

    def __init__(self, account: Account, ledger: Ledger, fees: Fees, clock: Clock) -> None:
        """Work on this account and write to this ledger."""
        self._account, self._ledger, self.fees, self._clock = account, ledger, fees, clock
        self._execution_ids = count(1)

    def cost(self, market: Market, side: Action, levels: Iterable[Level]) -> Money:
        """What taking `levels` needs: the coins of a sell, the price and any quote fee of a buy."""
        if side is Action.SELL:
            return Money(sum((level.quantity for level in levels), Decimal(0)), market.base)
        notional = sum((level.price * level.quantity for level in levels), Decimal(0))
        return Money(notional + self.fees.reserve(side, notional), market.quote)

    def reserve(self, market: Market, orders: Sequence[Order]) -> Money:
        """What open orders of one holder lock: only one of them can fill, so the dearest counts."""
        return max(self._reserve_of(market, order) for order in orders)

    def _reserve_of(self, market: Market, order: Order) -> Money:
        if order.side is Action.SELL:
            return Money(order.remaining, market.base)
        assert order.own_price is not None, "only an order with a price can rest"
        notional = order.own_price * order.remaining
        return Money(notional + self.fees.reserve(order.side, notional), market.quote)

    def take(self, market: Market, order: Order, levels: Iterable[Level]) -> Order:
        """Fill `order` with `levels` of the book."""
        for level in levels:
            order = self._execute(market, order, level.price, level.quantity, maker=False)
        return order

    def touch(self, market: Market, order: Order) -> Order:
        """Fill a resting limit order at its own price."""
        assert order.price is not None, "a limit order has a price"
        return self._execute(market, order, order.price, order.remaining, maker=True)

    def end(self, order: Order, status: OrderStatus, reason: ExpiryReason | None = None) -> Order:
        """Close an order for good."""
        return self._record(replace(order, status=status, expiry_reason=reason, updated_at=self._clock.now()))

    def admit(self, order: Order) -> Order:
        """A pending order goes to the market: there a limit order works at once, a stop waits for its trigger."""
        now = self._clock.now()
        working = None if order.stop_price is not None else now
        return self._record(replace(order, pending=False, working_at=working, updated_at=now))

    def start(self, order: Order) -> Order:
        """A stop whose trigger was reached goes to work."""
        now = self._clock.now()
        return self._record(replace(order, working_at=now, updated_at=now))

    def _record(self, order: Order) -> Order:
        return self._ledger.add_order(order)

    def _execute(self, market: Market, order: Order, price: Decimal, quantity: Decimal, *, maker: bool) -> Order:
        notional, name = price * quantity, f"order {order.order_id}"
        if order.side is Action.BUY:
            self._account.move(market.quote, -notional, Cause.FILL, name)
            self._account.move(market.base, quantity, Cause.FILL, name)
        else:
            self._account.move(market.base, -quantity, Cause.FILL, name)
            self._account.move(market.quote, notional, Cause.FILL, name)
        fee = self._charge(market, order, notional, quantity, maker=maker)
        self._account.move(fee.currency, -fee.amount, Cause.FEE, name)
        execution = Execution(
            execution_id=next(self._execution_ids),
            order_id=order.order_id,
            symbol=order.symbol,
            side=order.side,
            price=price,
            quantity=quantity,
            fee=fee.amount,
            fee_currency=fee.currency,
            maker=maker,
            at=self._clock.now(),
        )
        self._ledger.add_execution(execution)
        executed = order.executed + quantity
        return self._record(
            replace(
                order,
                executed=executed,
                quote_executed=order.quote_executed + notional,
                status=OrderStatus.FILLED if executed == order.quantity else OrderStatus.OPEN,
                updated_at=execution.at,
            )
        )

    def _charge(self, market: Market, order: Order, notional: Decimal, quantity: Decimal, *, maker: bool) -> Money:
        coin = self.fees.coin
        if coin is not None and coin.currency not in {market.base, market.quote}:
            fee = self.fees.charge_in_coin(notional, self._account.free(coin.currency), maker=maker)
            if fee is not None:
                return fee
        return self.fees.charge(market, order, notional, quantity, maker=maker)
