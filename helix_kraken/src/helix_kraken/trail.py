"""Single orders: followed right after they were sent, and found again later."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core import ExchangeError, OrderReport, OrderStatus
from helix_kraken.orders import report_of

if TYPE_CHECKING:
    from helix_core import ApprovedOrder, ExitOrder, OrderRef
    from helix_kraken.orders import Order
    from helix_kraken.questions import Questions

_LOOK_AFTER_S = (0.0, 0.2, 0.5, 1.0)
_MOST_KEPT = 100


class Trail:
    """Remembers Kraken's ids of orders, which are cheaper to ask by than Helix's own."""

    def __init__(self, questions: Questions) -> None:
        """Know no order yet."""
        self._questions = questions
        self._txids: dict[str, str] = {}
        self._followed: set[str] = set()

    def is_followed(self, client_order_id: str) -> bool:
        """True while `follow` works at this order: who asks beside it learns nothing more."""
        return client_order_id in self._followed

    def keep(self, client_order_id: str, txid: str) -> None:
        """Kraken calls this order so."""
        while len(self._txids) >= _MOST_KEPT:
            del self._txids[next(iter(self._txids))]
        self._txids[client_order_id] = txid

    async def find(self, ref: OrderRef) -> OrderReport | None:
        """Ask for one order, by Kraken's id where it is known. None: there is no such order now."""
        known = ref.venue_order_ids or filter(None, [self._txids.get(ref.client_order_id)])
        found: list[Order] = list((await self._questions.by_id(known)).values())
        named = None if found else await self._questions.find(ref.client_order_id)
        if named is not None:
            self.keep(ref.client_order_id, named.txid)
            found = [named]
        return report_of(ref.client_order_id, found) if found else None

    async def follow(self, order: ApprovedOrder | ExitOrder, txid: str) -> OrderReport:
        """Look until the order is final, a few times. What is not known then is for the core to look up."""
        self.keep(order.client_order_id, txid)
        self._followed.add(order.client_order_id)
        try:
            return await self._look(order, txid)
        finally:
            self._followed.discard(order.client_order_id)

    async def _look(self, order: ApprovedOrder | ExitOrder, txid: str) -> OrderReport:
        report = OrderReport(
            client_order_id=order.client_order_id,
            status=OrderStatus.OPEN,
            filled=Decimal(0),
            venue_order_ids=(txid,),
            raw_status="placed",
            protecting=Decimal(0),
        )
        for pause_s in _LOOK_AFTER_S:
            await asyncio.sleep(pause_s)
            try:
                seen = list((await self._questions.by_id([txid])).values())
                if not seen:
                    continue
                report = report_of(order.client_order_id, seen)
                if report.status.final:
                    return replace(report, fills=await self._questions.fills(order.symbol, seen))
            except ExchangeError:
                break
        return report
