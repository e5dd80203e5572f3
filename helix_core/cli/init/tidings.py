"""A test message through every notifier: what cannot be delivered now would not be delivered in an emergency."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from helix_core import logs
from helix_core.cli.check import Finding
from helix_core.clock import SystemClock
from helix_core.domain.notice import Notice, NoticeKind
from helix_core.errors import HelixError
from helix_core.plugins import Plugins

if TYPE_CHECKING:
    from helix_core.contracts.notifier import Notifier
    from helix_core.settings import Settings

_PATIENCE_S = 20.0


async def tell_owner(settings: Settings) -> None:
    """Send the message. Raises HelixError for the first notifier that does not take it."""
    logs.configure("CRITICAL", settings.secrets)
    text = (
        f"🤖 HELIX IS SET UP · Mode: {settings.trading_mode.value.upper()} · Pair: {settings.trading_pair} · "
        "This is a test message: the bot is not running yet."
    )
    notice = Notice(notice_id=0, kind=NoticeKind.BOT_STARTUP, text=text, at=SystemClock().now())
    notifiers = Plugins.load(settings.plugin_values, disabled=settings.disabled_plugins).notifiers
    for notifier in notifiers:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await _deliver(notifier, notice)
        except Exception as error:
            reason = str(error) if isinstance(error, HelixError) else type(error).__name__
            raise HelixError(f"{notifier.name} did not take a test message: {reason}") from error
    Finding("messages", f"a test message went to {', '.join(notifier.name for notifier in notifiers)}").print()


async def _deliver(notifier: Notifier, notice: Notice) -> None:
    try:
        await notifier.start()
        await notifier.notify(notice)
    finally:
        await notifier.stop()
