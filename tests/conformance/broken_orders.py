"""The Binance driver with broken market orders: sent twice, misreported, not as asked for."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from helix_core import (
    AnyOrder,
    ApprovedOrder,
    ExitOrder,
    OrderOutcomeUnknown,
    OrderRefused,
    OrderReport,
    OrderStatus,
    plain,
)
from tests.conformance.test_binance import Impatient


class ResendsOnTimeout(Impatient):
    """Sends an order again when nobody said what became of it."""

    async def place_market_order(self, order: ApprovedOrder | ExitOrder) -> OrderReport:
        try:
            return await super().place_market_order(order)
        except OrderOutcomeUnknown:
            return await super().place_market_order(order)


class ResendsWhenThrottled(Impatient):
    """Waits a moment after a 429 and sends the order again."""

    async def place_market_order(self, order: ApprovedOrder | ExitOrder) -> OrderReport:
        try:
            return await super().place_market_order(order)
        except OrderOutcomeUnknown as error:
            if "-1003" not in str(error):
                raise
            return await super().place_market_order(order)


class CallsUnknownRefused(Impatient):
    """Takes "no answer" for "no"."""

    async def place_market_order(self, order: ApprovedOrder | ExitOrder) -> OrderReport:
        try:
            return await super().place_market_order(order)
        except OrderOutcomeUnknown as error:
            raise OrderRefused(str(error)) from None


class CallsUnknownPlaced(Impatient):
    """Takes "no answer" for "yes"."""

    async def place_market_order(self, order: ApprovedOrder | ExitOrder) -> OrderReport:
        try:
            return await super().place_market_order(order)
        except OrderOutcomeUnknown:
            return _report(order, OrderStatus.FILLED, order.quantity)


class CallsRefusedUnknown(Impatient):
    """Throws the venue's own "no" away."""

    async def place_market_order(self, order: ApprovedOrder | ExitOrder) -> OrderReport:
        try:
            return await super().place_market_order(order)
        except OrderRefused as error:
            raise OrderOutcomeUnknown(str(error)) from None


class DropsTheClientId(Impatient):
    """Lets the venue choose the order's id."""

    async def place_market_order(self, order: ApprovedOrder | ExitOrder) -> OrderReport:
        async def send(venue: Any) -> OrderReport:
            side = "buy" if order.kind.value == "entry" else "sell"
            placed = await venue.create_order(order.symbol, "market", side, plain(order.quantity))
            return self.read_report(placed, order.client_order_id, protects=False)

        return await self.line.order(send)


class SendsAPrice(Impatient):
    """Puts the price on a market order, to be on the safe side."""

    async def place_market_order(self, order: ApprovedOrder | ExitOrder) -> OrderReport:
        async def send(venue: Any) -> OrderReport:
            given = {"clientOrderId": order.client_order_id, "timeInForce": "IOC"}
            placed = await venue.create_order(order.symbol, "limit", "buy", plain(order.quantity), "70000", given)
            return self.read_report(placed, order.client_order_id, protects=False)

        return await self.line.order(send)


class SellsALittleLess(Impatient):
    """Leaves a lot behind at every exit."""

    async def place_market_order(self, order: ApprovedOrder | ExitOrder) -> OrderReport:
        if isinstance(order, ExitOrder):
            order = replace(order, quantity=order.quantity - Decimal("0.00001"))
        return await super().place_market_order(order)


def _report(order: AnyOrder, status: OrderStatus, filled: Decimal) -> OrderReport:
    return OrderReport(
        client_order_id=order.client_order_id,
        status=status,
        filled=filled,
        venue_order_ids=("1",),
        raw_status="",
        protecting=Decimal(0),
    )
