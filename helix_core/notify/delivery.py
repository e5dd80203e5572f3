"""Delivery of the stored outbox through every notifier, at least once and in order. Trading never waits for it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from helix_core.errors import PluginError
from helix_core.notify.courier import Courier

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from helix_core.clock import Clock
    from helix_core.contracts.notifier import Notifier
    from helix_core.notify.outbox import Outbox

logger = logging.getLogger(__name__)


class Delivery:
    """All notifiers, each with a courier of its own, so that none waits for another."""

    def __init__(
        self,
        notifiers: Sequence[Notifier],
        outbox: Outbox,
        clock: Clock,
        *,
        first_pause_s: float = 1.0,
        longest_pause_s: float = 60.0,
    ) -> None:
        """Deliver from `outbox` through `notifiers`; a failed one pauses `first_pause_s`, then twice as long each time.

        Raises PluginError when two share a name, and so a place in the outbox: each would miss what the other got.
        """
        names = [notifier.name for notifier in notifiers]
        if len(set(names)) < len(names):
            message = f"two notifiers share a name: {', '.join(sorted(names))}"
            raise PluginError(message)
        self._clock = clock
        self._couriers = [
            Courier(notifier, outbox, clock, first_pause_s=first_pause_s, longest_pause_s=longest_pause_s)
            for notifier in notifiers
        ]

    def wake(self) -> None:
        """Say that a message was stored, so that it leaves at once. Never blocks, never raises."""
        for courier in self._couriers:
            courier.wake()

    async def run(self) -> None:
        """Deliver until cancelled. Notifiers are started here, and tried again if that fails."""
        async with asyncio.TaskGroup() as couriers:
            for courier in self._couriers:
                couriers.create_task(courier.run(), name=f"courier {courier.name}")
            await asyncio.Event().wait()  # also where there is nobody to deliver through

    async def drain(self, timeout_s: float) -> None:
        """At shutdown: deliver what is pending for at most `timeout_s`, then stop every notifier.

        What is left stays in the outbox for the next start.
        """
        try:
            async with asyncio.timeout(timeout_s), asyncio.TaskGroup() as couriers:
                for courier in self._couriers:
                    couriers.create_task(courier.deliver_all(), name=f"last round {courier.name}")
        except TimeoutError:
            logger.warning("messages left for the next start: %s", ", ".join(self.problems()) or "some")
        async with asyncio.TaskGroup() as couriers:
            for courier in self._couriers:
                couriers.create_task(courier.close(), name=f"close {courier.name}")

    def lag(self) -> Mapping[str, float]:
        """Seconds that the oldest undelivered message of each notifier has been waiting; 0 when none is."""
        now = self._clock.now()
        return {
            courier.name: 0.0 if courier.waiting_since is None else (now - courier.waiting_since).total_seconds()
            for courier in self._couriers
        }

    def problems(self) -> Mapping[str, str]:
        """What is wrong with each notifier that is not delivering just now; empty when all is well."""
        return {courier.name: courier.problem for courier in self._couriers if courier.problem is not None}
