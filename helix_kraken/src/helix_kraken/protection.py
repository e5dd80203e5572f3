"""Covering a position: what the entry's own stops leave open gets one stop of Helix's own."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core import (
    DataMissing,
    ExchangeError,
    OrderKind,
    OrderRef,
    OrderRefused,
    StopWouldTrigger,
    plain,
)
from helix_kraken.orders import report_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from helix_core import OrderReport, ProtectiveOrder, Ticker
    from helix_kraken.dispatch import Dispatch
    from helix_kraken.orders import Order
    from helix_kraken.stops import Cover, Stops


class Protection:
    """Puts stops under positions, and never sells what a living stop still holds."""

    def __init__(self, dispatch: Dispatch, stops: Stops, ticker: Callable[[str], Awaitable[Ticker]]) -> None:
        """`ticker` asks for a symbol's prices."""
        self._dispatch, self._stops, self._ticker = dispatch, stops, ticker
        self._unsent: set[str] = set()

    def is_unsent(self, client_order_id: str) -> bool:
        """True while `place` works at this stop and has not sent it: nobody need ask Kraken for it."""
        return client_order_id in self._unsent

    async def place(self, order: ProtectiveOrder) -> OrderReport:
        """Cover the order's quantity, and report all stops together.

        OrderRefused, as a passing matter, where the entry's stops cannot be seen: nothing was sent, and nothing may be
        sold from under them. StopWouldTrigger only where no stop lives, or has sold what the order still asks to cover.
        """
        cover, missing = await self._prepare(order)
        if not cover.stops and not missing:
            message = f"nothing was sent: {plain(order.quantity)} is less than one lot"
            raise OrderRefused(message)
        if missing and not cover.living and await self._crossed(order):
            if order.quantity <= missing:
                message = f"nothing was sent: the price is already at or below the stop {plain(order.stop_price)}"
                raise StopWouldTrigger(message)
            missing = Decimal(0)  # some have sold, which the core does not know yet: this must be said first
        stops = [*cover.stops, await self._own(order, cover, missing)] if missing else cover.stops
        return report_of(order.client_order_id, stops)

    async def _prepare(self, order: ProtectiveOrder) -> tuple[Cover, Decimal]:
        """What covers the position now, and what is missing. Raises OrderRefused."""
        ref = OrderRef(
            client_order_id=order.client_order_id,
            kind=OrderKind.STOP,
            symbol=order.symbol,
            entry_order_id=order.entry_order_id,
        )
        self._unsent.add(order.client_order_id)
        self._stops.refrained(order.client_order_id)
        try:
            cover = await self._stops.standing(ref, order.quantity)
            return cover, self._missing(order, cover)
        except ExchangeError as error:
            problem = str(error)
        finally:
            self._unsent.discard(order.client_order_id)
        message = f"nothing was sent, because the stops of the entry cannot be seen: {problem}"
        raise OrderRefused(message, transient=True)

    def _missing(self, order: ProtectiveOrder, cover: Cover) -> Decimal:
        """What an own stop must cover; zero where none is needed, or one would be too small for Kraken to take.

        A remainder that small cannot be sold by anybody: it stays open, and the report's `protecting` says so. Where
        stops have sold the rest, that is to be said first.
        """
        rules = self._dispatch.rules(order.symbol)
        missing = order.quantity - cover.protecting
        if cover.uncovered is not None:
            missing = min(missing, cover.uncovered)
        missing = rules.lots(max(missing, Decimal(0)))
        small = missing < rules.min_quantity or missing * order.stop_price < rules.min_notional
        some_sold = cover.stops and missing < rules.lots(order.quantity)
        return Decimal(0) if small and (cover.living or some_sold) else missing

    async def _own(self, order: ProtectiveOrder, cover: Cover, quantity: Decimal) -> Order:
        try:
            own = await self._dispatch.protect(order, quantity)
        except OrderRefused as refusal:
            # To the core "refused" means that nothing protects: it will place anew, or sell. No stop may be left then.
            if not refusal.transient:
                await self._stops.withdraw(cover, self._dispatch.cancel)
            raise
        self._stops.remember(order.entry_order_id, [own.txid])
        return own

    async def _crossed(self, order: ProtectiveOrder) -> bool:
        """True when a stop there would fire at once: Kraken takes such a stop and sells, instead of refusing it."""
        try:
            return (await self._ticker(order.symbol)).last <= order.stop_price
        except (ExchangeError, DataMissing):
            return False
