"""Orders and cancels as Kraken wants them written. Each leaves once and is judged by its own answer.

Source: Kraken's API documentation, "Add Order" and "Cancel Order". ccxt only signs them: its create_order puts an
unrounded stop price on the wire, and its cancel_order judges by the answer to an earlier call.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from helix_core import (
    Action,
    ApprovedOrder,
    ExchangeUnavailable,
    OrderKind,
    OrderNotAllowed,
    OrderRefused,
    OrderStatus,
    plain,
)
from helix_core.ccxt import need
from helix_kraken.market import read_instrument
from helix_kraken.orders import Order

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from helix_core import Clock, ExitOrder, Instrument, ProtectiveOrder
    from helix_core.ccxt import Line
    from helix_kraken.absences import Absences

DEADLINE_S = 5.0
_ORDER_GATE = "EOrder"


class Dispatch:
    """Sends orders over `line`. `ahead_s` is by how much this clock is ahead of Kraken's."""

    def __init__(self, line: Line, clock: Clock, absences: Absences) -> None:
        """Trust this machine's clock until somebody sets `ahead_s`; `absences` is told what is written when."""
        self._line, self._clock, self.ahead_s = line, clock, 0.0
        self._absences = absences

    def market(self, symbol: str) -> Any:
        """The market as it was last read. Raises ExchangeUnavailable when it never was."""
        venue = self._line.venue
        if venue is None or symbol not in (venue.markets or {}):
            message = f"not connected, or {symbol} has never been read"
            raise ExchangeUnavailable(message)
        return venue.market(symbol)

    def rules(self, symbol: str) -> Instrument:
        """The market's rules; the fee in them is not known here."""
        return read_instrument(self.market(symbol), Decimal(0))

    async def trade(self, order: ApprovedOrder | ExitOrder) -> str:
        """Send a market order, an entry with its stop, and return Kraken's id."""

        async def send(venue: Any) -> str:
            side = "buy" if order.kind is OrderKind.ENTRY else "sell"
            form = self._form(order, side, "market", order.quantity)
            if isinstance(order, ApprovedOrder):
                stop_price = self.rules(order.symbol).stop_price(_planned_stop(order))
                form |= {"close[ordertype]": "stop-loss", "close[price]": plain(stop_price), "trigger": "last"}
            return await _add(venue, form)

        return await self._place(order.client_order_id, send)

    async def protect(self, order: ProtectiveOrder, quantity: Decimal) -> Order:
        """Send a stop of Helix's own over `quantity`, and return it as it now rests."""
        stop_price = self.rules(order.symbol).stop_price(order.stop_price)

        async def send(venue: Any) -> str:
            form = self._form(order, "sell", "stop-loss", quantity)
            return await _add(venue, {**form, "price": plain(stop_price), "trigger": "last"})

        return Order(
            txid=await self._place(order.client_order_id, send),
            client_order_id=order.client_order_id,
            entry_id=None,
            pair=self.market(order.symbol)["id"],
            side=Action.SELL,
            status=OrderStatus.OPEN,
            raw_status="open",
            volume=quantity,
            executed=Decimal(0),
            stop_price=stop_price,
            close_price=None,
            opened_at=self._clock.now(),
        )

    async def cancel(self, txid: str) -> None:
        """Send one cancel. Its answer does not say that the order is final: look."""

        async def send(venue: Any) -> None:
            need(await venue.private_post_cancelorder({"txid": txid}), "result", "count")

        await self._line.order(send)

    async def _place(self, client_order_id: str, send: Callable[[Any], Awaitable[str]]) -> str:
        """Send it. Where the order gate refuses it, its coins or money may be with an order that is held absent."""
        in_doubt = self._absences.in_doubt(client_order_id)
        try:
            return await self._line.order(send)
        except OrderRefused as refusal:
            self._absences.refused(client_order_id, in_doubt)
            if refusal.code == _ORDER_GATE and not refusal.transient:
                self._absences.doubt()
            raise

    def _form(
        self, order: ApprovedOrder | ExitOrder | ProtectiveOrder, side: str, kind: str, quantity: Decimal
    ) -> dict[str, str]:
        self._absences.written(order.client_order_id)
        deadline = self._clock.now() + timedelta(seconds=DEADLINE_S - self.ahead_s)
        return {
            "pair": self.market(order.symbol)["id"],
            "type": side,
            "ordertype": kind,
            "volume": plain(self.rules(order.symbol).lots(quantity)),
            # The fee in quote: taken in base it would leave less than the stops sell.
            "oflags": "fciq",
            "cl_ord_id": order.client_order_id,
            "deadline": deadline.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }


def _planned_stop(order: ApprovedOrder) -> Decimal:
    if order.intent.stop_price is None:
        message = "an entry has a planned stop"
        raise OrderNotAllowed(message)
    return order.intent.stop_price


async def _add(venue: Any, form: dict[str, str]) -> str:
    """Kraken's id of the order. An answer without one is no answer: DataMissing makes the outcome unknown."""
    return str(need(await venue.private_post_addorder(form), "result", "txid", 0))
