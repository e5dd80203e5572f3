"""The contract of a notifier: it delivers one message, or raises; and it may listen to the owner."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from helix_core.contracts.commands import OwnerDesk
    from helix_core.domain.notice import Notice


class Notifier(ABC):
    """A way to reach the owner.

    Messages come from a stored outbox in order, one at a time, and are tried again until `notify` returns; so a message
    may come twice, and never gets lost. Trading never waits for a notifier.
    """

    name: ClassVar[str]
    pause_s: float = 0.0
    """Seconds to leave between two messages, where the medium asks for that."""

    async def start(self) -> None:
        """Open what is needed. Called again after a failure; may raise, and is then tried again."""

    @abstractmethod
    async def notify(self, notice: Notice) -> None:
        """Deliver `notice`, or raise. The text is plain: escape it where the medium has a syntax."""

    async def stop(self) -> None:
        """Release what `start` opened. Calling it twice, or before `start`, is fine."""

    async def listen(self, desk: OwnerDesk) -> None:
        """Bring what the owner says to `desk`, until cancelled. A notifier that takes no commands leaves this out.

        Runs beside `start`, `notify` and `stop`, in a task of its own that trading never waits for. Whatever goes wrong
        is raised: `listen` is called again after a pause that grows from 1 s to a minute, or lasts as long as a
        RateLimited asks for. Bound every wait, and see `OwnerDesk.in_touch`.
        """
