"""The Binance driver with broken entries that bring their stop, a broken list of orders, and no end to an order."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from helix_core import (
    ApprovedOrder,
    OrderKind,
    OrderOutcomeUnknown,
    OrderRef,
    OrderRefused,
    OrderReport,
    OrderStatus,
    PastOrder,
    ProtectiveOrder,
    StopWouldTrigger,
)
from helix_core.ccxt import read_past_order
from tests.conformance.test_binance import Impatient

if TYPE_CHECKING:
    from collections.abc import Mapping


class ForgetsTheStop(Impatient):
    """Buys at the limit, and leaves the stop out."""

    async def place_entry_with_stop(self, order: ApprovedOrder) -> OrderReport:
        return await self.place_market_order(replace(order, bracket=None))


class BuysWhatItCan(Impatient):
    """Takes a part of the order where the whole is not there."""

    async def place_entry_with_stop(self, order: ApprovedOrder) -> OrderReport:
        assert self.line.venue is not None
        send = self.line.venue.private_post_orderlist_opoco
        self.line.venue.private_post_orderlist_opoco = lambda form: send({**form, "workingTimeInForce": "IOC"})
        return await super().place_entry_with_stop(order)


class ResendsEntries(Impatient):
    """Sends an entry with its stop again when nobody said what became of it."""

    async def place_entry_with_stop(self, order: ApprovedOrder) -> OrderReport:
        try:
            return await super().place_entry_with_stop(order)
        except OrderOutcomeUnknown:
            return await super().place_entry_with_stop(order)


class CallsATakenEntryRefused(Impatient):
    """Takes "this id is taken", or no answer, for "not bought"."""

    async def place_entry_with_stop(self, order: ApprovedOrder) -> OrderReport:
        try:
            return await super().place_entry_with_stop(order)
        except OrderOutcomeUnknown as error:
            raise OrderRefused(str(error)) from None


class TrustsTheVenueWithTheStop(Impatient):
    """Takes a stop that was asked for as one that rests."""

    async def find_order(self, ref: OrderRef) -> OrderReport | None:
        report = await super().find_order(ref)
        if report is None or ref.kind is not OrderKind.STOP or report.protecting:
            return report
        return replace(report, status=OrderStatus.OPEN, protecting=Decimal("0.00399"))


class ListsOnlyWhatTraded(Impatient):
    """Leaves orders without a fill out of the list."""

    async def recent_orders(self, symbol: str, since: datetime) -> tuple[PastOrder, ...]:
        return tuple(order for order in await super().recent_orders(symbol, since) if order.filled)


class ListsTheWholeDay(Impatient):
    """Lists a day more than it was asked for."""

    async def recent_orders(self, symbol: str, since: datetime) -> tuple[PastOrder, ...]:
        return await super().recent_orders(symbol, since - timedelta(days=1))


class ListsTheFirstPage(Impatient):
    """Takes one answer for the whole list."""

    async def recent_orders(self, symbol: str, since: datetime) -> tuple[PastOrder, ...]:
        async def ask(venue: Any) -> tuple[PastOrder, ...]:
            orders = await venue.fetch_orders(symbol, int(since.timestamp() * 1000), 1000)
            return tuple(read_past_order(order) for order in orders)

        return await self.line.ask(ask)


class DoesNotSayThePrice(Impatient):
    """Leaves the price out of the report."""

    def read_report(self, order: Mapping[str, Any], client_order_id: str, *, protects: bool) -> OrderReport:
        return replace(super().read_report(order, client_order_id, protects=protects), average_price=None)


class LetsOrdersArriveWhenever(Impatient):
    """Gives its orders a minute to arrive."""

    venue_options: ClassVar[Mapping[str, object]] = {**Impatient.venue_options, "recvWindow": 60_000}


class CallsAGoodPriceTooLate(Impatient):
    """Takes "the prices do not fit" for "below the stop"."""

    async def place_oco_order(self, order: ProtectiveOrder) -> OrderReport:
        try:
            return await super().place_oco_order(order)
        except OrderRefused as error:
            if "relationship" in str(error):
                raise StopWouldTrigger(str(error)) from None
            raise
