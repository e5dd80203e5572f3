"""What goes wrong with Telegram, in words of Helix: the library's own texts may hold the token."""

from __future__ import annotations

import warnings
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.warnings import PTBDeprecationWarning

from helix_core import ConfigError, HelixError, RateLimited

if TYPE_CHECKING:
    from collections.abc import Awaitable

Answer = TypeVar("Answer")

_REMEDIES = {
    InvalidToken: "Telegram does not accept TELEGRAM_BOT_TOKEN. Copy it anew from @BotFather.",
    Conflict: "Another program reads what this bot is told. Stop it, or give Helix a bot of its own from @BotFather.",
    Forbidden: "The bot may not write to TELEGRAM_CHAT_ID. Open the chat with it and press Start.",
    BadRequest: "Telegram does not know the chat TELEGRAM_CHAT_ID, or does not take the message.",
}
"""What only the owner can mend."""


class TelegramUnavailable(HelixError):
    """Telegram did not take a message, or gave none; it is tried again."""


async def in_our_words(call: Awaitable[Answer]) -> Answer:
    """Await one call of the library; what it raises is raised anew as a HelixError that cannot hold the token."""
    try:
        return await call
    except TelegramError as error:
        problem = _problem(error)
    raise problem  # outside the handler, so that no chain leads back to the library's text


def _problem(error: TelegramError) -> HelixError:
    """What the owner should know and do, by the kind of error alone."""
    if isinstance(error, RetryAfter):
        return RateLimited("Telegram asks for a pause", retry_after_s=_pause_s(error))
    if isinstance(error, ChatMigrated):
        return ConfigError(f"The chat has a new id. Set TELEGRAM_CHAT_ID to {error.new_chat_id}.")
    for kind, remedy in _REMEDIES.items():
        if isinstance(error, kind):
            return ConfigError(remedy)
    return TelegramUnavailable(f"Telegram gives no usable answer ({type(error).__name__})")


def _pause_s(error: RetryAfter) -> float:
    """Seconds to pause, whichever of its two types the library gives them in."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PTBDeprecationWarning)
        after = error.retry_after
    return after.total_seconds() if isinstance(after, timedelta) else float(after)
