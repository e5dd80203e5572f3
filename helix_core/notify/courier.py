"""The courier of one notifier: takes its messages in order, one at a time, until each is delivered."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from helix_core.errors import RateLimited
from helix_core.notify import messages
from helix_core.notify.flood import gathered
from helix_core.notify.foreign import place, problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from helix_core.clock import Clock
    from helix_core.contracts.notifier import Notifier
    from helix_core.domain.notice import Notice
    from helix_core.notify.outbox import Outbox

_BATCH = 200
_GIVEN_UP_AFTER = timedelta(days=1)
_GIVEN_UP = "what {} could not deliver for a day does not come any more; the database keeps it (table dead_letters)"
_STEP_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 5.0
_IDLE_S = 30.0
_LONGEST_LIMIT_S = 3600.0

logger = logging.getLogger(__name__)


class Courier:
    """One notifier, its place in the outbox, and what is wrong with it just now.

    Nothing a notifier does gets out of here: it may raise, hang, cancel itself or try to end the program, and all
    that happens is that its own next message comes later.
    """

    def __init__(
        self, notifier: Notifier, outbox: Outbox, clock: Clock, *, first_pause_s: float, longest_pause_s: float
    ) -> None:
        """Deliver from `outbox` through `notifier`, pausing between failures for ever longer, up to a longest."""
        self.name = notifier.name
        self.problem: str | None = None
        self.waiting_since: datetime | None = None
        self._notifier, self._outbox, self._clock = notifier, outbox, clock
        self._first_pause_s, self._longest_pause_s = first_pause_s, longest_pause_s
        self._failures = 0
        self._failing_since: datetime | None = None
        self._gave_up = False
        self._next_at_s = 0.0
        self._started = False
        self._round = asyncio.Lock()
        self._news = asyncio.Event()

    def wake(self) -> None:
        """A new message is stored. A pause after a failure is not cut short by it."""
        self._news.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            await self.deliver_all()
            try:
                async with asyncio.timeout(_IDLE_S):
                    await self._news.wait()
            except TimeoutError:
                continue  # the outbox is the truth: look whether a wake-up was missed

    async def deliver_all(self) -> None:
        """Deliver until the outbox holds nothing more for this notifier."""
        pause_s = await self._attempt()
        while pause_s > 0:
            await asyncio.sleep(pause_s)
            pause_s = await self._attempt()

    async def close(self) -> None:
        """Let the notifier release what it holds, for a bounded time."""
        self._started = False
        try:
            async with asyncio.timeout(_STOP_TIMEOUT_S):
                await self._notifier.stop()
        except (Exception, SystemExit, asyncio.CancelledError) as error:  # noqa: BLE001 - see the promise of this class
            _raise_if_ours(error)
            logger.warning("notifier %s did not stop cleanly: %s (%s)", self.name, problem(error), place(error))

    async def _attempt(self) -> float:
        """Deliver what is pending. Returns 0 when all is delivered, else the seconds to pause before the next try."""
        async with self._round:
            try:
                await self._deliver_pending()
            except (Exception, SystemExit, asyncio.CancelledError) as error:  # noqa: BLE001 - see the promise of this class
                _raise_if_ours(error)
                return await self._failed(error)
        return 0.0

    async def _deliver_pending(self) -> None:
        while True:
            notices = await self._look()
            await self._start()
            for notice in gathered(notices):
                self.waiting_since = notice.at
                await self._pace()
                await self._deliver(notice)
            if len(notices) < _BATCH and not self._news.is_set():
                break
        self._failures, self.problem, self.waiting_since = 0, None, None

    async def _look(self) -> Sequence[Notice]:
        self._news.clear()  # before looking, so that a message stored meanwhile is not missed
        async with asyncio.timeout(_STEP_TIMEOUT_S):
            notices = await self._outbox.pending(self.name, _BATCH)
        self.waiting_since = notices[0].at if notices else None
        return notices

    async def _start(self) -> None:
        if not self._started:
            async with asyncio.timeout(_STEP_TIMEOUT_S):
                await self._notifier.start()
            self._started = True

    async def _pace(self) -> None:
        """Leave the time between two messages that the notifier asks for."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._next_at_s - loop.time()))
        self._next_at_s = loop.time() + self._notifier.pause_s

    async def _deliver(self, notice: Notice) -> None:
        """Deliver first, note it after: a crash between the two repeats a message, and loses none."""
        async with asyncio.timeout(_STEP_TIMEOUT_S):
            await self._notifier.notify(notice)
        async with asyncio.timeout(_STEP_TIMEOUT_S):
            await self._outbox.delivered(self.name, notice.notice_id)
        self._failures, self.problem, self._failing_since, self._gave_up = 0, None, None, False

    async def _failed(self, error: BaseException) -> float:
        """Note the failure, and start afresh next time unless the far end only asked for a pause."""
        self._failures += 1
        self.problem = problem(error)
        logger.warning("notifier %s: failure %d: %s (%s)", self.name, self._failures, self.problem, place(error))
        await self._give_up_what_is_old()
        if isinstance(error, RateLimited):
            asked_s = error.retry_after_s or 0.0
            if asked_s > 0:
                return min(asked_s, _LONGEST_LIMIT_S)
        else:
            await self.close()
        return self._pause_s()

    async def _give_up_what_is_old(self) -> None:
        """What nothing could deliver for a day is put away, so that what is newer has its turn."""
        now = self._clock.now()
        self._failing_since = self._failing_since or now
        if self.problem is None or now - self._failing_since < _GIVEN_UP_AFTER:
            return
        try:
            async with asyncio.timeout(_STEP_TIMEOUT_S):
                told = None if self._gave_up else messages.error("Messages", _GIVEN_UP.format(self.name))
                count = await self._outbox.give_up(self.name, now - _GIVEN_UP_AFTER, self.problem, now, told)
        except Exception as error:  # noqa: BLE001 - see the promise of this class
            logger.warning("notifier %s: old messages could not be put away: %s", self.name, problem(error))
            return
        if count:
            self._gave_up = True
            logger.error("notifier %s: gave up %d messages that were older than a day", self.name, count)

    def _pause_s(self) -> float:
        """1 s, 2 s, 4 s ... up to the longest."""
        doublings = min(self._failures - 1, 30)
        return min(self._first_pause_s * (1 << doublings), self._longest_pause_s)


def _raise_if_ours(error: BaseException) -> None:
    """A cancellation that somebody asked of this very task goes on; one that a notifier made up does not."""
    task = asyncio.current_task()
    if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
        raise error
