"""What an outsider expects of the account at the simulated venue, figured anew from orders and fills."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import TYPE_CHECKING

from helix_core import Action
from helix_core.sandbox import Fees, OrderType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helix_core.sandbox import Execution, Order

EIGHT = Decimal("1E-8")


class Expectation:
    """Balances by the rules of a spot venue, kept beside the venue's own."""

    def __init__(self, initial: Mapping[str, Decimal]) -> None:
        self.totals = defaultdict(Decimal, initial)
        self._seen = 0

    def transfer(self, currency: str, amount: Decimal) -> None:
        self.totals[currency] += amount

    def book(self, executions: tuple[Execution, ...], fees: Fees) -> None:
        """Add the fills not seen yet, each with the fee that `fees` ask for."""
        for fill in executions[self._seen :]:
            base, quote = fill.symbol.split("/")
            sign = 1 if fill.side is Action.BUY else -1
            self.totals[base] += sign * fill.quantity
            self.totals[quote] -= sign * fill.price * fill.quantity
            self.totals[fill.fee_currency] -= fill.fee
            assert fill.fee == self._fee(fill, fees, base), "the fee is what was agreed"
        self._seen = len(executions)

    @staticmethod
    def _fee(fill: Execution, fees: Fees, base: str) -> Decimal:
        rate = fees.maker if fill.maker else fees.taker
        value = fill.price * fill.quantity
        if fees.coin is not None and fill.fee_currency == fees.coin.currency:
            return (value * rate * (1 - fees.coin.discount) / fees.coin.price).quantize(EIGHT, ROUND_DOWN)
        if fill.fee_currency == base:
            assert fill.side is Action.BUY, "only who buys coins pays in coins"
            return (fill.quantity * rate).quantize(EIGHT, ROUND_DOWN)
        return (value * rate).quantize(EIGHT, ROUND_DOWN)


def locked(orders: list[Order], fees: Fees) -> Mapping[str, Decimal]:
    """What these open orders need, by currency; a pair needs it once, as much as its dearer leg."""
    needs: defaultdict[object, tuple[str, Decimal]] = defaultdict(lambda: ("", Decimal(0)))
    for order in orders:
        base, quote = order.symbol.split("/")
        left = order.quantity - order.executed
        currency, need = base, left
        if order.side is Action.BUY:
            price = order.price if order.type in {OrderType.LIMIT, OrderType.LIMIT_MAKER} else order.stop_price
            assert price is not None
            fee = (price * left * max(fees.taker, fees.maker)).quantize(EIGHT, ROUND_UP)
            currency, need = quote, price * left + (fee if fees.buys_pay_in_quote else 0)
        holder = ("list", order.list_id) if order.list_id is not None else ("order", order.order_id)
        needs[holder] = (currency, max(need, needs[holder][1]))
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for currency, need in needs.values():
        found[currency] += need
    return found
