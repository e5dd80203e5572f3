"""Chores: what has to be done beside trading. One that fails is begun anew after a pause, and never ends the bot."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from helix_core.domain.notice import NoticeKind
from helix_core.notify import messages
from helix_core.notify.foreign import problem
from helix_core.store import outbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from helix_core.audit.auditor import Auditor
    from helix_core.clock import Clock
    from helix_core.notify.delivery import Delivery
    from helix_core.notify.listening import Listening
    from helix_core.store.database import Store

log = structlog.get_logger(__name__)

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0
_SETTLED_S = 120.0
"""A chore that has gone on for so long is well again: none of them waits longer before it does something."""


class Chores:
    """Keeps chores going, and knows what is wrong with each.

    Those that others look into are at hand: `delivery` of messages, `listening` to the owner, the log's `auditor`.
    """

    def __init__(
        self, store: Store, clock: Clock, *, delivery: Delivery, listening: Listening, auditor: Auditor
    ) -> None:
        """None of them has begun."""
        self.delivery, self.listening, self.auditor = delivery, listening, auditor
        self._store, self._clock = store, clock
        self._problems: dict[str, str | None] = {}
        self._said: dict[str, str] = {}

    @property
    def problems(self) -> Mapping[str, str | None]:
        """What is wrong with each chore, by its name; None: nothing."""
        return self._problems

    async def keep(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work`, which never ends by itself, until cancelled.

        An error that nobody foresaw is logged, told to the owner once for as long as it lasts, and shown until the
        chore has gone well for two minutes. Before it is begun anew there is a pause: 1 s, 2 s, 4 s ... a minute.
        """
        self._problems[name], pause_s = None, _FIRST_PAUSE_S
        while True:
            began_s = self._clock.monotonic()
            settling = asyncio.get_running_loop().call_later(_SETTLED_S, self._settled, name)
            try:
                await work()
                trouble = "it came to an end"
                log.error("chore_ended", chore=name)
            except Exception as error:
                trouble = problem(error)
                log.exception("chore_failed", chore=name)
            finally:
                settling.cancel()
            if self._clock.monotonic() - began_s >= _SETTLED_S:
                pause_s = _FIRST_PAUSE_S
            self._problems[name] = trouble
            await self._tell(name, trouble)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _settled(self, name: str) -> None:
        self._problems[name] = None
        self._said.pop(name, None)

    async def _tell(self, name: str, trouble: str) -> None:
        """Tell the owner, unless that was done and it is the same trouble still."""
        if self._said.get(name) == trouble:
            return
        more = "It is begun anew, and trading goes on. The log holds the details"
        text = messages.error(name.capitalize(), f"{trouble}. {more}")
        try:
            async with self._store.write() as session:
                outbox.owe(session, NoticeKind.ERROR, text, self._clock.now())
        except Exception as error:  # noqa: BLE001 - what is told about a chore may not end the bot either
            log.warning("chore_not_told", chore=name, problem=problem(error))
        else:
            self._said[name] = trouble
            self.delivery.wake()
