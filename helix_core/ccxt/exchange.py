"""CcxtExchange: the contract of an exchange client, kept for any venue with ccxt's unified methods."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING, Any

from helix_core.ccxt import reading
from helix_core.ccxt.line import NoSuchOrder
from helix_core.ccxt.questions import CcxtQuestions
from helix_core.domain.money import ceil_to, floor_to, plain
from helix_core.domain.order import OrderKind
from helix_core.errors import DataMissing, HelixError, OrderOutcomeUnknown, OrderRefused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from helix_core.domain.order import ApprovedOrder, ExitOrder, OrderRef, OrderReport, ProtectiveOrder

_CONFIRM_AFTER_S = (0.0, 0.2, 0.5, 1.0)
_ONE_LOOK = (0.0,)


class CcxtExchange(CcxtQuestions):
    """One account at one venue that ccxt knows as `ccxt_id`.

    A driver must add `key_permissions`, and should replace `ruling` by its venue's own codes: without them only what
    ccxt classes as a refusal is one, everything else is unknown. The `fetch_` and `send_` methods are single requests,
    given the ccxt exchange; a driver replaces those where its venue differs.
    """

    async def place_market_order(self, order: ApprovedOrder | ExitOrder) -> OrderReport:
        """Send one market order, once. `fills` is set where the answer carried them all with their fees."""
        side = "buy" if order.kind is OrderKind.ENTRY else "sell"

        async def send(venue: Any) -> OrderReport:
            # The price stays None: ccxt would turn it into an order by cost on some venues.
            params = {"clientOrderId": order.client_order_id}
            placed = await venue.create_order(order.symbol, "market", side, plain(order.quantity), None, params)
            return self._read_placed(placed, order.client_order_id, order.symbol)

        return await self.line.order(send)

    async def place_oco_order(self, order: ProtectiveOrder) -> OrderReport:
        """Put a stop that sells at market on the venue; alone, unless the driver can pair it."""
        client_order_id = order.client_order_id + self.stop_suffix

        async def send(venue: Any) -> OrderReport:
            quantity, stop_price = self.on_steps(venue, order)
            params = {"stopLossPrice": stop_price, "clientOrderId": client_order_id}
            placed = await venue.create_order(order.symbol, "market", "sell", quantity, None, params)
            self._same_id(placed, client_order_id)
            return self.read_report(placed, order.client_order_id, protects=True)

        return await self.line.order(send)

    async def cancel_order(self, ref: OrderRef) -> OrderReport:
        """Cancel, then look until the venue confirms that the order is final; a fill meanwhile is not an error."""
        return await self.cancel_by(self.send_cancel, ref)

    async def send_cancel(self, venue: Any, ref: OrderRef) -> None:
        """Send one cancel for what `ref` names."""
        await venue.cancel_order(None, ref.symbol, {"clientOrderId": self.venue_client_id(ref)})

    async def cancel_by(self, send: Callable[[Any, OrderRef], Awaitable[None]], ref: OrderRef) -> OrderReport:
        """Send one cancel by `send`, then find out what is true."""
        answer: NoSuchOrder | OrderRefused | None = None
        try:
            await self.line.order(lambda venue: send(venue, ref))
        except NoSuchOrder as error:
            answer = error
        except OrderRefused as error:
            if error.code is None or error.transient:
                raise
            answer = error
        return await self._confirm(ref, answer)

    async def _confirm(self, ref: OrderRef, answer: NoSuchOrder | OrderRefused | None) -> OrderReport:
        seen = "not found"
        for wait_s in _CONFIRM_AFTER_S if answer is None else _ONE_LOOK:
            await asyncio.sleep(wait_s)
            try:
                report = await self.find_order(ref)
            except HelixError as error:
                seen = f"not to be seen: {error}"
                break
            if report is not None and report.status.final:
                return report
            seen = report.raw_status if report else "not found"
        raise answer or OrderOutcomeUnknown(f"{self.label} took the cancel, but the order is {seen}")

    def on_steps(self, venue: Any, order: ProtectiveOrder) -> tuple[str, str]:
        """Give quantity and stop price as exact texts on the market's steps: never more, never a stop further away."""
        market = venue.market(order.symbol)
        quantity = floor_to(order.quantity, reading.step(market, "amount"))
        if quantity <= 0:
            message = f"{plain(order.quantity)} is less than one lot"
            raise DataMissing(message)
        tick = reading.step(market, "price")
        return plain(quantity), plain(ceil_to(order.stop_price, tick))

    def _read_placed(self, placed: Mapping[str, Any], client_order_id: str, symbol: str) -> OrderReport:
        self._same_id(placed, client_order_id)
        report = self.read_report(placed, client_order_id, protects=False)
        fills = reading.read_own_fills(placed, symbol=symbol, filled=report.filled)
        return dataclasses.replace(report, fills=fills)

    def _same_id(self, placed: Mapping[str, Any], client_order_id: str) -> None:
        if placed.get("clientOrderId") not in {None, client_order_id}:
            message = "the venue answered about another order"
            raise DataMissing(message)
