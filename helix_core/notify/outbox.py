"""What delivery needs of the stored outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from helix_core.domain.notice import Notice


class Outbox(Protocol):
    """Stored messages with one cursor for each notifier. Every method may raise, and is then asked again."""

    async def pending(self, notifier: str, limit: int) -> Sequence[Notice]:
        """At most `limit` messages after that notifier's cursor, oldest first."""

    async def delivered(self, notifier: str, notice_id: int) -> None:
        """Move that notifier's cursor to `notice_id`, durably."""

    async def give_up(self, notifier: str, before: datetime, problem: str, now: datetime, told: str | None) -> int:
        """Put away, durably, what that notifier has not delivered and is from before then; returns how many that is.

        `problem` is kept with each; `told`, when there is anything to put away, is owed to the owner.
        """
