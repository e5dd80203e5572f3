"""Room: what an entry waits for before it is judged, while nothing is or may be open that might need the worker."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from helix_core.engine.outcome import Rejection
from helix_core.errors import ExchangeError
from helix_core.store import journal

if TYPE_CHECKING:
    from helix_core.engine.account import Account

log = structlog.get_logger(__name__)

_LONGEST_S = 60.0
_WORTH_A_LINE_S = 1.0


async def room_for_entry(account: Account) -> None:
    """Return once nothing stands in the way of a new position; at once while one is open, or may be: it is denied then.

    The fence passes of a sale or stop that was held absent before it: what is bought now, it could sell. Then the venue
    has room for what the entry and its stop may ask. Raises Rejection when there will be none.
    """
    now = account.clock.now()
    async with account.store.read() as session:
        until = await journal.given_up_until(session, now)
        if await journal.something_open(session):
            return
    if until is not None:
        wait_s = min((until - now).total_seconds(), account.client.capabilities.order_fence_s)
        log.info("entry_waits_for_a_given_up_order", seconds=round(wait_s, 1))
        await asyncio.sleep(wait_s)
    began_s = account.clock.monotonic()
    try:
        async with asyncio.timeout(_LONGEST_S):
            await account.client.make_room()
    except (ExchangeError, TimeoutError) as error:
        problem = str(error) or f"the venue has no room for questions within {_LONGEST_S:.0f} s"
        raise Rejection("exchange_unreachable", problem) from error
    if (waited_s := account.clock.monotonic() - began_s) > _WORTH_A_LINE_S:
        log.info("entry_waited_for_room", seconds=round(waited_s, 1))
