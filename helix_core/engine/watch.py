"""The watch: sees from the venue's open orders that a stop is no longer resting, and calls the worker."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import structlog

from helix_core.errors import HelixError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from helix_core.engine.account import Account
    from helix_core.engine.protection import Protection

log = structlog.get_logger(__name__)

_ASK_TIMEOUT_S = 6.0
_BLIND_S = 3.0
"""After so long without an answer the worker asks for the stops themselves."""
_SHORTEST_PAUSE_S = 0.1


class StopWatch:
    """Compares the stops that must be resting with those that are. Changes nothing itself."""

    def __init__(self, account: Account, protection: Protection, call: Callable[[int], None]) -> None:
        """Watch what `protection` guards; `call` is told a trade whose stop is not whole.

        It looks as often as the driver says its venue can be asked for open orders.
        """
        self._client, self._market, self._clock = account.client, account.market, account.clock
        self._protection, self._call = protection, call
        self._pause_s = account.client.capabilities.orders_poll_s - _SHORTEST_PAUSE_S
        self._hinted = asyncio.Event()
        self._blind_since: float | None = None

    def hint(self) -> None:
        """Look at once: the venue's stream says that something happened to an order."""
        self._hinted.set()

    async def run(self) -> None:
        """Look until cancelled. While nothing is guarded nothing is asked; as soon as a stop is, a look is due."""
        while True:
            self._hinted.clear()
            pause_s = _SHORTEST_PAUSE_S
            if self._protection.guarded:
                await self._look()
                pause_s = self._pause_s
            await asyncio.sleep(_SHORTEST_PAUSE_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._hinted.wait()

    async def _look(self) -> None:
        guarded, asked_at = dict(self._protection.guarded), self._clock.monotonic()
        try:
            async with asyncio.timeout(_ASK_TIMEOUT_S):
                resting = await self._client.open_orders(self._market.symbol)
        except (HelixError, TimeoutError) as error:
            self._blind(guarded, asked_at, str(error) or "no answer")
            return
        self._blind_since = None
        for trade_id in self._protection.compare(guarded, resting):
            log.info("stop_not_resting", trade_id=trade_id)
            self._call(trade_id)

    def _blind(self, guarded: Mapping[int, tuple[str, ...]], asked_at: float, problem: str) -> None:
        """The open orders cannot be seen. When that lasts, the worker asks for each stop by itself."""
        if self._blind_since is None:
            self._blind_since = asked_at
            log.warning("stop_watch_blind", problem=problem)
        if self._clock.monotonic() - self._blind_since >= _BLIND_S:
            self._blind_since = self._clock.monotonic()
            for trade_id in guarded:
                self._call(trade_id)
