"""The watch: sees from the venue's open orders that a stop is no longer resting, and calls the worker."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from helix_core.errors import HelixError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from helix_core.contracts.exchange import ExchangeClient

log = structlog.get_logger(__name__)

_ASK_TIMEOUT_S = 6.0
_BLIND_LOOKS = 3
"""After so many looks in vain the worker asks for the stops themselves."""


class StopWatch:
    """Compares the stops that must be resting with those that are. Changes nothing itself."""

    def __init__(
        self, client: ExchangeClient, symbol: str, guarded: Mapping[int, tuple[str, ...]], call: Callable[[int], None]
    ) -> None:
        """Watch `guarded` (trade id to the venue's ids of its stop); `call` is told a trade whose stop is not whole.

        It looks as often as the driver says its venue can be asked for open orders.
        """
        self._client, self._symbol, self._guarded, self._call = client, symbol, guarded, call
        self._period_s = client.capabilities.orders_poll_s
        self._looks_in_vain = 0

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            if self._guarded:
                await self._look()
            await asyncio.sleep(self._period_s)

    async def _look(self) -> None:
        guarded = dict(self._guarded)
        try:
            async with asyncio.timeout(_ASK_TIMEOUT_S):
                resting = {order.venue_order_id for order in await self._client.open_orders(self._symbol)}
        except (HelixError, TimeoutError) as error:
            self._looks_in_vain += 1
            if self._looks_in_vain == 1:
                log.warning("stop_watch_blind", problem=str(error) or "no answer")
            if self._looks_in_vain % _BLIND_LOOKS == 0:
                for trade_id in guarded:
                    self._call(trade_id)
            return
        self._looks_in_vain = 0
        for trade_id, stop in guarded.items():
            if not resting.issuperset(stop) and self._guarded.get(trade_id) == stop:
                log.info("stop_not_resting", trade_id=trade_id, gone=sorted(set(stop) - resting))
                self._call(trade_id)
