"""The Binance driver with broken stops: too small, too low, gone without anybody looking."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from helix_core import (
    OrderOutcomeUnknown,
    OrderRef,
    OrderRefused,
    OrderReport,
    OrderStatus,
    ProtectiveOrder,
    StopWouldTrigger,
)
from tests.conformance.test_binance import Impatient


class ResendsStops(Impatient):
    """Sends a stop again when nobody said what became of it."""

    async def place_oco_order(self, order: ProtectiveOrder) -> OrderReport:
        try:
            return await super().place_oco_order(order)
        except OrderOutcomeUnknown:
            return await super().place_oco_order(order)


class CallsTakenIdRefused(Impatient):
    """Takes "this id is taken" for "not placed"; and does not tell a late stop from any other refusal."""

    async def place_oco_order(self, order: ProtectiveOrder) -> OrderReport:
        try:
            return await super().place_oco_order(order)
        except (OrderOutcomeUnknown, StopWouldTrigger) as error:
            raise OrderRefused(str(error)) from None


class CallsEveryRefusalTooLate(Impatient):
    """Takes every refused stop for one that the market has crossed."""

    async def place_oco_order(self, order: ProtectiveOrder) -> OrderReport:
        try:
            return await super().place_oco_order(order)
        except OrderRefused as error:
            raise StopWouldTrigger(str(error)) from None


class ProtectsHalf(Impatient):
    """Covers half of what it was asked to."""

    async def place_oco_order(self, order: ProtectiveOrder) -> OrderReport:
        half = replace(order, quantity=order.quantity / 2)
        return replace(await super().place_oco_order(half), protecting=order.quantity)


class RoundsAwayFromSafety(Impatient):
    """Puts the stop one tick lower."""

    async def place_oco_order(self, order: ProtectiveOrder) -> OrderReport:
        return await super().place_oco_order(replace(order, stop_price=order.stop_price - Decimal("0.01")))


class ConfirmsWithoutLooking(Impatient):
    """Believes that a cancel is done because it was accepted."""

    async def cancel_order(self, ref: OrderRef) -> OrderReport:
        async def send(venue: Any) -> None:
            await self.send_cancel(venue, ref)

        try:
            await self.line.order(send)
        except OrderOutcomeUnknown as error:
            if "-2011" not in str(error):
                raise
        return _cancelled(ref)


class TakesALostCancelForDone(Impatient):
    """Says "cancelled" when nobody answered."""

    async def cancel_order(self, ref: OrderRef) -> OrderReport:
        try:
            return await super().cancel_order(ref)
        except OrderOutcomeUnknown:
            return _cancelled(ref)


class CancelsOneLegInThought(Impatient):
    """Cancels nothing, and says so kindly."""

    async def cancel_order(self, ref: OrderRef) -> OrderReport:
        return await super().find_order(ref) or _cancelled(ref)


def _cancelled(ref: OrderRef) -> OrderReport:
    return OrderReport(
        client_order_id=ref.client_order_id,
        status=OrderStatus.CANCELED,
        filled=Decimal(0),
        venue_order_ids=ref.venue_order_ids,
        raw_status="",
        protecting=Decimal(0),
    )
