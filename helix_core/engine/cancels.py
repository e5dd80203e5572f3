"""Cancels: a resting order is cancelled, and that it is final is proven by the venue."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from helix_core.domain.order import OrderReport
from helix_core.engine.lookup import PATIENCE_S
from helix_core.engine.together import together
from helix_core.errors import HelixError, OrderOutcomeUnknown
from helix_core.store import journal

if TYPE_CHECKING:
    from helix_core.engine.account import Account
    from helix_core.engine.lookup import LookUp
    from helix_core.store.schema import JournalRow

log = structlog.get_logger(__name__)

_CALL_TIMEOUT_S = 30.0
_PAUSES_S = (0.2, 0.5, 1.0)
_SILENCE_S = 1.0
_LOOK_EVERY_S = 1.0


class Cancels:
    """Cancels orders. A cancel may be sent again: it can only do once what it is meant to do."""

    def __init__(self, account: Account, look_up: LookUp) -> None:
        """Work for one account."""
        self._client, self._market, self._clock = account.client, account.market, account.clock
        self._look_up = look_up
        poll_s = account.client.capabilities.orders_poll_s
        self._look_every_s = poll_s / 2 if account.counts_questions else _LOOK_EVERY_S

    async def outwait_copies(self, row: JournalRow) -> None:
        """Return when no copy of a stop that was sent twice can arrive any more, or once it is set off and over.

        It covers nothing then, and a copy of it is nothing new: one ends it as after every stop that was set off.
        """
        left_s = (row.fence_at - self._clock.now()).total_seconds()
        if not 0 < left_s <= self._client.capabilities.order_fence_s:
            return
        log.info("exit_waits_for_a_copy_of_its_stop", client_order_id=row.client_order_id, seconds=round(left_s, 1))
        until = self._clock.monotonic() + left_s
        while (left_s := until - self._clock.monotonic()) > 0:
            await asyncio.sleep(min(left_s, self._look_every_s))
            found = await self._look_up.glance(row)
            if isinstance(found, OrderReport) and found.status.final and found.filled > 0:
                return

    async def cancel(self, row: JournalRow) -> OrderReport:
        """Cancel a resting order and return only when the venue confirms that it is final.

        Raises OrderOutcomeUnknown when the venue does not confirm it within a minute: the order may still be alive.
        """
        deadline, tries = self._clock.monotonic() + PATIENCE_S, 0
        while True:
            report = await self._cancel_once(row)
            if report is not None:
                return report
            pause_s = _PAUSES_S[min(tries, len(_PAUSES_S) - 1)]
            tries += 1
            if self._clock.monotonic() + pause_s > deadline:
                raise OrderOutcomeUnknown(f"The venue does not confirm the cancel of stop {row.client_order_id}.")
            await asyncio.sleep(pause_s)

    async def _cancel_once(self, row: JournalRow) -> OrderReport | None:
        """Send one cancel. None: not confirmed. While the venue keeps silent the order is looked at beside it."""
        async with together() as group:
            cancelled = group.create_task(self._cancelled(row))
            await asyncio.wait({cancelled}, timeout=_SILENCE_S)
            while not cancelled.done():
                look = group.create_task(self._look_up.glance(row))
                await asyncio.wait({cancelled, look}, return_when=asyncio.FIRST_COMPLETED)
                if not look.done():
                    look.cancel()  # the cancel was answered first, and a venue may make questions wait
                    break
                found = look.result()
                if isinstance(found, OrderReport) and not cancelled.done():
                    cancelled.cancel()  # final: it worked; still open: it did not arrive yet, and is sent again
                    return found if found.status.final else None
                await asyncio.wait({cancelled}, timeout=_SILENCE_S)
        return cancelled.result()

    async def _cancelled(self, row: JournalRow) -> OrderReport | None:
        try:
            async with asyncio.timeout(_CALL_TIMEOUT_S):
                report = await self._client.cancel_order(journal.reference(row))
        except (HelixError, TimeoutError) as error:
            log.warning(
                "cancel_not_confirmed", client_order_id=row.client_order_id, problem=str(error) or type(error).__name__
            )
            return None
        finally:
            self._market.balances.forget()
        return report if report.status.final else None
