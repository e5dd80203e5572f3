"""The watchdog: a bot that stands still cannot look after a stop. It is ended, and its next start recovers."""

from __future__ import annotations

import asyncio
import faulthandler
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

log = structlog.get_logger(__name__)

PATIENCE_S = 30.0
_BEAT_S = 1.0
_LATE_S = 1.0


@asynccontextmanager
async def watched(patience_s: float = PATIENCE_S) -> AsyncIterator[None]:
    """Run the block with a thread that looks on from outside its event loop.

    When nothing in the loop has had a turn for `patience_s`, where it stands is written to stderr (places in the code,
    no values), and the process ends at once with exit code 1: whoever supervises it starts it again. A shorter
    standstill is logged.
    """
    async with asyncio.TaskGroup() as group:
        beating = group.create_task(_beat(patience_s), name="watchdog")
        try:
            yield
        finally:
            beating.cancel()
            faulthandler.cancel_dump_traceback_later()


async def _beat(patience_s: float) -> None:
    loop = asyncio.get_running_loop()
    while True:
        faulthandler.dump_traceback_later(patience_s, exit=True)
        due = loop.time() + _BEAT_S
        await asyncio.sleep(_BEAT_S)
        late_s = loop.time() - due
        if late_s > _LATE_S:
            log.warning("event_loop_stood_still", seconds=round(late_s, 1))
