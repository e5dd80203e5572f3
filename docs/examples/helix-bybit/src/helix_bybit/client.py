"""Bybit over ccxt: what is particular to this venue; the rest is CcxtExchange's."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from helix_core import (
    Capabilities,
    DataMissing,
    ExchangeError,
    KeyPermissions,
    OrderKind,
    OrderOutcomeUnknown,
    OrderRef,
    OrderReport,
    OrderStatus,
)
from helix_core.ccxt import CcxtExchange, need

from helix_bybit import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helix_core import ProtectiveOrder
    from helix_core.ccxt import Answer, Ruling

_MOST_ORDERS, _MOST_FILLS = 50, 100


class Bybit(CcxtExchange):
    """One unified trading account, spot."""

    name: ClassVar[str] = "bybit"
    label: ClassVar[str] = "Bybit"
    ccxt_id: ClassVar[str] = "bybit"
    # A request is good for recvWindow (5 s); 15 s more until an order that is not found can no longer appear.
    capabilities: ClassVar[Capabilities] = Capabilities(testnet=True, entry_carries_stop=False, order_fence_s=20.0)
    # Said here, ccxt need not ask which kind of account this is: a question in the middle of an order.
    venue_options: ClassVar[Mapping[str, object]] = {
        "recvWindow": 5000,
        "fetchMarkets": {"types": ["spot"]},
        "enableUnifiedAccount": True,
        "enableUnifiedMargin": False,
    }

    def ruling(self, answer: Answer) -> Ruling:
        """By the venue's own codes."""
        return errors.ruling(answer)

    def use_clock_offset(self, venue: Any, offset_s: float) -> None:
        """Every signed request carries a time, checked against recvWindow."""
        venue.options["timeDifference"] = round(offset_s * 1000)

    async def fetch_market(self, venue: Any, symbol: str) -> Any:
        """Fetch one symbol, not all of them."""
        return self.keep_market(venue, symbol, await venue.fetch_markets({"symbol": symbol.replace("/", "")}))

    async def key_permissions(self) -> KeyPermissions:
        """Ask what the key may do. Any right to the wallet (transfers, withdrawals), or none stated, is the danger."""
        answer = await self.line.ask(lambda venue: venue.private_get_v5_user_query_api())
        rights = need(answer, "result", "permissions")
        trades = "SpotTrade" in (rights.get("Spot") or ()) and str(need(answer, "result", "readOnly")) == "0"
        moves = rights.get("Wallet") != []
        said = f"spot trading {'on' if trades else 'off'}, wallet {'on or not stated' if moves else 'off'}"
        return KeyPermissions(applicable=True, can_trade=trades, can_withdraw=moves, detail=said)

    async def look_up(self, ref: OrderRef, client_order_id: str, *, protects: bool) -> OrderReport | None:
        """Ask for one order among the recent ones, then in the history. An unknown one is an empty list in both."""

        async def ask(venue: Any) -> OrderReport | None:
            known = venue.market(ref.symbol)
            wanted = {"category": "spot", "symbol": known["id"], "orderLinkId": client_order_id}
            for question in (venue.private_get_v5_order_realtime, venue.private_get_v5_order_history):
                for row in need(await question(wanted), "result", "list"):
                    order = venue.parse_order(row, known)
                    self._same_id(order, client_order_id)
                    return self.read_report(order, ref.client_order_id, protects=protects)
            return None

        return await self.line.ask(ask)

    async def fetch_open_orders(self, venue: Any, symbol: str) -> Any:
        """Fetch one page of open orders; a full page may not be all of them."""
        orders = await venue.fetch_open_orders(symbol, None, _MOST_ORDERS)
        return _whole(orders, _MOST_ORDERS, "open orders")

    async def fetch_fills(self, venue: Any, symbol: str, venue_order_id: str) -> Any:
        """Fetch one page of one order's executions."""
        fills = await venue.fetch_order_trades(venue_order_id, symbol, None, _MOST_FILLS)
        return _whole(fills, _MOST_FILLS, "executions")

    def read_report(self, order: Mapping[str, Any], client_order_id: str, *, protects: bool) -> OrderReport:
        """Read an order. An answer with ids alone says that the order was taken, not what became of it."""
        if "orderStatus" in need(order, "info"):
            need(order, "info", "cumExecQty")
            return super().read_report(order, client_order_id, protects=protects)
        return OrderReport(
            client_order_id=client_order_id,
            status=OrderStatus.OPEN,
            filled=Decimal(0),
            venue_order_ids=(str(need(order, "id")),),
            raw_status="taken",
            protecting=Decimal(0),
        )

    async def place_oco_order(self, order: ProtectiveOrder) -> OrderReport:
        """Put a stop on the venue (a tpslOrder, which holds the coins), and look that it really rests there."""
        await super().place_oco_order(order)
        ref = OrderRef(client_order_id=order.client_order_id, kind=OrderKind.STOP, symbol=order.symbol)
        try:
            report = await self.find_order(ref)
        except (ExchangeError, DataMissing) as error:
            raise OrderOutcomeUnknown(f"{self.label} took the stop, but it was not to be seen: {error}") from None
        if report is None:
            raise OrderOutcomeUnknown(f"{self.label} took the stop, but does not show it")
        return report

    async def send_cancel(self, venue: Any, ref: OrderRef) -> None:
        """Send one cancel. The venue wants to hear which kind of order it is."""
        kind = "tpslOrder" if ref.kind is OrderKind.STOP else "Order"
        await venue.cancel_order(None, ref.symbol, {"orderLinkId": self.venue_client_id(ref), "orderFilter": kind})


def _whole(rows: list[Any], most: int, what: str) -> list[Any]:
    if len(rows) >= most:
        raise DataMissing(f"there may be more {what} than one answer holds")
    return rows
