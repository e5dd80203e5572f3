"""Telegram: messages to the owner's phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core import hookimpl
from helix_plugins.telegram.notifier import TelegramNotifier

if TYPE_CHECKING:
    from helix_core import Notifier, PluginConfig

__all__ = ["TelegramNotifier", "helix_notifiers"]


@hookimpl
def helix_notifiers(config: PluginConfig) -> list[Notifier]:
    """Return the notifier. Raises ConfigError when TELEGRAM_BOT_TOKEN or TELEGRAM_CHAT_ID is missing or malformed."""
    return [TelegramNotifier(config)]
