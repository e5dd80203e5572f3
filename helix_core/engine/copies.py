"""Copies: a stop that was sent more than once may arrive once more after it has ended, and is cancelled then.

While it rests, the venue takes no second one under its id; once it was cancelled, set off or refused its id is free. A
copy that still arrives would stand over coins of the owner's, or over none where stops lock none.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from helix_core.errors import ExchangeUnavailable
from helix_core.store import journal

if TYPE_CHECKING:
    from collections.abc import Container

    from helix_core.engine.account import Account
    from helix_core.engine.ledger import Ledger
    from helix_core.engine.orders import OrderDesk

log = structlog.get_logger(__name__)

_ASK_TIMEOUT_S = 6.0
_ONE_MORE_LOOK = timedelta(seconds=5)


class Copies:
    """Looks for late copies of stops that are over, until none can arrive any more."""

    def __init__(self, account: Account, desk: OrderDesk, ledger: Ledger) -> None:
        """Look on one account."""
        self._client, self._store, self._clock = account.client, account.store, account.clock
        self._market, self._desk, self._ledger = account.market, desk, ledger

    async def end(self, waiting: Container[int]) -> bool:
        """Cancel those that have arrived, and book what they sold. True when none can arrive any more.

        One whose trade is `waiting` for a stop is left to it: it will be taken over. Raises ExchangeError.
        """
        async with self._store.read() as session:
            ended = await journal.ended_stops(session, self._clock.now() - _ONE_MORE_LOOK)
        rows = [row for row in ended if self._desk.sent_again(row)]
        if not rows:
            return True
        try:
            async with asyncio.timeout(_ASK_TIMEOUT_S):
                resting = [order.client_order_id for order in await self._client.open_orders(self._market.symbol)]
        except TimeoutError as error:
            raise ExchangeUnavailable("no answer about open orders") from error
        for row in rows:
            arrived = any(name.startswith(row.client_order_id) for name in resting)
            if arrived and row.trade_id is not None and row.trade_id not in waiting:
                log.warning("late_copy_of_a_stop_cancelled", client_order_id=row.client_order_id)
                report = await self._desk.cancel(row)
                fills = await self._desk.fills(row.symbol, report) if report.filled else ()
                await self._ledger.record(row.trade_id, row.client_order_id, report, fills)
        return False
