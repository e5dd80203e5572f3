"""Stops: where they rest, and how one is put on the venue."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from helix_core.domain.order import OrderKind, ProtectiveOrder
from helix_core.errors import InvariantBroken, OrderRefused
from helix_core.risk import stop_price, take_profit_price
from helix_core.store import journal
from helix_core.store.schema import UNSETTLED, JournalState, TradeRow

if TYPE_CHECKING:
    from decimal import Decimal

    from helix_core.domain.order import OrderReport
    from helix_core.engine.account import Account
    from helix_core.engine.ledger import Ledger
    from helix_core.engine.orders import OrderDesk
    from helix_core.store.schema import JournalRow

log = structlog.get_logger(__name__)

_STANDING = {JournalState.LIVE, *UNSETTLED}
_GLANCE_S = 3.0


class Stops:
    """Builds protective orders, and has them sent, each under the next id of the entry's signal."""

    def __init__(self, account: Account, desk: OrderDesk, ledger: Ledger) -> None:
        """Work for one account."""
        self._desk, self._ledger = desk, ledger
        self._market, self._store = account.market, account.store
        self._limits, self._clock = account.limits, account.clock
        self._attaches = account.client.capabilities.entry_carries_stop

    def price(self, entry_price: Decimal) -> Decimal:
        """Where the stop of an entry at this price rests."""
        return stop_price(entry_price, self._limits, self._market.rules())

    async def put(self, trade_id: int, signal_row: int, held: Decimal, *, plain: bool) -> OrderReport:
        """Cover `held` of a trade. Raises OrderRefused (StopWouldTrigger: too late) or OrderOutcomeUnknown."""
        async with self._store.read() as session:
            entry_order_id = (await session.get_one(TradeRow, trade_id)).exchange_order_id
        price = (await self._ledger.position(trade_id)).entry_price
        return await self._send(signal_row, trade_id, self._order(held, price, entry_order_id, plain=plain))

    async def put_again(self, row: JournalRow) -> OrderReport:
        """Send a stop once more under its own id. Raises as `put` does."""
        if row.stop_price is None:
            raise InvariantBroken(f"stop {row.client_order_id} is journalled without its price")
        order = ProtectiveOrder(
            client_order_id=row.client_order_id,
            symbol=row.symbol,
            quantity=row.quantity,
            held=row.quantity,
            stop_price=row.stop_price,
            take_profit_price=row.take_profit_price,
            entry_order_id=row.entry_order_id,
        )
        return await self._rests(order, await self._desk.send_again(order, row))

    async def put_early(self, signal_row: int, entry: OrderReport) -> None:
        """Put a stop under a filled entry whose executions the venue does not tell yet; its trade takes it over.

        Does nothing where one rests already, or where the venue does not say what was paid. Raises ExchangeError.
        """
        async with self._store.read() as session:
            rows = await journal.of_no_trade(session, signal_row)
        for row in rows:
            if row.state in _STANDING and await self._may_rest(row):
                return
        held = await self._desk.sellable(entry.filled)
        if self._attaches or entry.average_price is None or held <= 0:
            return
        log.warning("stop_before_the_fills_are_known", signal=signal_row, quantity=str(held))
        await self._send(signal_row, None, self._order(held, entry.average_price, entry.venue_order_ids[0]))

    async def _may_rest(self, row: JournalRow) -> bool:
        """False only when the venue proves that this stop is over, or was never placed. Raises ExchangeError."""
        try:
            found = await self._desk.resolve(row, patience_s=_GLANCE_S)
        except OrderRefused:
            return False
        if found.protecting > 0:
            return True
        if not found.filled:  # what it has sold is booked by its trade, once there is one
            await self._desk.mark(row, JournalState.DONE, report=found)
        return False

    def _order(
        self, held: Decimal, entry_price: Decimal, entry_order_id: str | None, *, plain: bool = False
    ) -> ProtectiveOrder:
        return ProtectiveOrder(
            client_order_id="",
            symbol=self._market.symbol,
            quantity=held,
            held=held,
            stop_price=self.price(entry_price),
            take_profit_price=None if plain else take_profit_price(entry_price, self._market.rules()),
            entry_order_id=entry_order_id,
        )

    async def _send(self, signal_row: int, trade_id: int | None, order: ProtectiveOrder) -> OrderReport:
        """Send it, and write down where it rests."""
        client_order_id, attempt = await self._desk.next_id(signal_row, OrderKind.STOP)
        order = replace(order, client_order_id=client_order_id)
        report = await self._desk.send(order, signal_row=signal_row, attempt=attempt, trade_id=trade_id)
        return await self._rests(order, report)

    async def _rests(self, order: ProtectiveOrder, report: OrderReport) -> OrderReport:
        async with self._store.write() as session:
            row = await journal.mark(
                session, order.client_order_id, JournalState.LIVE, self._clock.now(), report=report
            )
            row.stop_price = report.stop_price or order.stop_price
        return report
