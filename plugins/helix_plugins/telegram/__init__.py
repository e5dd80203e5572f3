"""Telegram: messages to the owner's phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core import hookimpl
from helix_plugins.telegram.introduction import TelegramIntroduction
from helix_plugins.telegram.notifier import TelegramNotifier

if TYPE_CHECKING:
    from helix_core import Introduction, Notifier, PluginConfig

__all__ = ["TelegramIntroduction", "TelegramNotifier", "helix_introductions", "helix_notifiers"]


@hookimpl
def helix_notifiers(config: PluginConfig) -> list[Notifier]:
    """Return the notifier. Raises ConfigError when TELEGRAM_BOT_TOKEN or TELEGRAM_CHAT_ID is missing or malformed."""
    return [TelegramNotifier(config)]


@hookimpl
def helix_introductions(config: PluginConfig) -> list[Introduction]:  # noqa: ARG001 - it is given when it begins
    """Return how `helix init` finds TELEGRAM_CHAT_ID."""
    return [TelegramIntroduction()]
