"""What delivery needs of the stored outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from helix_core.domain.notice import Notice


class Outbox(Protocol):
    """Stored messages with one cursor for each notifier. Both methods may raise; they are then asked again."""

    async def pending(self, notifier: str, limit: int) -> Sequence[Notice]:
        """At most `limit` messages after that notifier's cursor, oldest first."""

    async def delivered(self, notifier: str, notice_id: int) -> None:
        """Move that notifier's cursor to `notice_id`, durably."""
