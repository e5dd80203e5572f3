"""The plainest notifier: every message also goes to the program's own log."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from helix_core import Notifier, hookimpl

if TYPE_CHECKING:
    from helix_core import Notice

logger = logging.getLogger("helix.notice")


class LogNotifier(Notifier):
    """Writes each message to the log `helix.notice` at INFO."""

    name = "log"

    async def notify(self, notice: Notice) -> None:
        """Log the text as it stands, with the kind and the id as fields of the record."""
        logger.info("%s", notice.text, extra={"notice_kind": notice.kind.value, "notice_id": notice.notice_id})


@hookimpl
def helix_notifiers() -> list[Notifier]:
    """Return the log. It has no settings."""
    return [LogNotifier()]
