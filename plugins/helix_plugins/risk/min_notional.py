"""Gate 6: the entry must be legal, and so must the stop that will protect it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from helix_core import DataMissing, RiskCheck, plain

if TYPE_CHECKING:
    from helix_core import OrderIntent, RiskContext, RiskDecision

_STOP_MARGIN = Decimal("1.05")
"""A fill a little below the price known now lowers the stop with it; 5 % keeps that stop legal."""


class _Demand(NamedTuple):
    """One thing the venue asks of a size: what is measured, in words and as a figure, and the least it takes."""

    what: str
    measured: Decimal
    least: Decimal

    @property
    def met(self) -> bool:
        """Exactly the minimum is enough; nothing never is."""
        return self.measured > 0 and self.measured >= self.least


class MinNotional(RiskCheck):
    """Deny a size that the venue would refuse, at the entry or at the stop price after fees.

    The fee is taken for paid in the base coin, the worst case: what is left, floored to the lot step, is what the stop
    can sell. A size of zero (nothing fits) and one above the largest market order are denied as well.
    """

    name = "min_notional"

    async def check(self, intent: OrderIntent, context: RiskContext) -> RiskDecision:
        """Compare the size and its value, at the entry and at the stop, with the venue's own limits."""
        size, largest = plain(intent.quantity), plain(context.instrument.max_quantity)
        if intent.quantity > context.instrument.max_quantity:
            return self.deny("above_max_quantity", f"size: {size}, most: {largest}", measured=size, limit=largest)
        demands = _demands(intent, context)
        told = next((demand for demand in demands if not demand.met), demands[-1])
        measured, least = plain(told.measured), plain(told.least)
        detail = f"{told.what}: {measured}, least: {least}"
        if not told.met:
            return self.deny("below_min_notional", detail, measured=measured, limit=least)
        return self.allow(detail, measured=measured, limit=least)


def _demands(intent: OrderIntent, context: RiskContext) -> tuple[_Demand, ...]:
    """Everything asked of this size, in the order in which the owner should hear of it."""
    if intent.stop_price is None:
        message = "the stop price is not known"
        raise DataMissing(message)
    instrument, quantity = context.instrument, intent.quantity
    left = instrument.lots(quantity * (1 - instrument.taker_fee))
    return (
        _Demand("size", quantity, instrument.min_quantity),
        _Demand("value", quantity * context.ticker.ask, instrument.min_notional),
        _Demand("size at the stop", left, instrument.min_quantity),
        _Demand("value at the stop", left * intent.stop_price, instrument.min_notional * _STOP_MARGIN),
    )
