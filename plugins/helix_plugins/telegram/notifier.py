"""Sends messages through the Bot API, as plain text."""

from __future__ import annotations

import warnings
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
from telegram import Bot, LinkPreviewOptions
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.request import HTTPXRequest
from telegram.warnings import PTBDeprecationWarning

from helix_core import ConfigError, HelixError, Notifier, RateLimited
from helix_plugins.telegram import token

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from helix_core import Notice, PluginConfig

_ORIGIN = "https://api.telegram.org"
_LONGEST = 4096
"""Of one message, in UTF-16 units (core.telegram.org/bots/api#sendmessage)."""

_TIMEOUT_S = 10.0


class TelegramUnavailable(HelixError):
    """Telegram did not take a message; it is tried again."""


class TelegramNotifier(Notifier):
    """One chat. Every failure is told in words of Helix: the library's own texts may hold the token."""

    name = "telegram"

    def __init__(self, config: PluginConfig) -> None:
        """Read TELEGRAM_BOT_TOKEN, TELEGRAM_CHAT_ID and, if set, TELEGRAM_BASE_URL. Raises ConfigError."""
        secret = token.checked(config.secret("bot_token"))
        self._chat_id = config.integer("chat_id")
        origin = config.text("base_url") if config.values.get("base_url") else _ORIGIN
        token.hide_in_logs()
        request = _request()
        self._bot = Bot(
            secret.get_secret_value(),
            base_url=f"{origin.rstrip('/')}/bot",
            request=request,
            get_updates_request=request,  # never used here: one connection does for both
        )

    async def start(self) -> None:
        """Ask the Bot API who we are, which proves token and connection."""
        await self.stop()
        await _in_our_words(self._bot.initialize())

    async def notify(self, notice: Notice) -> None:
        """Send the text, cut to what Telegram takes."""
        quiet = LinkPreviewOptions(is_disabled=True)
        await _in_our_words(self._bot.send_message(self._chat_id, _fitting(notice.text), link_preview_options=quiet))

    async def stop(self) -> None:
        """Close the connection."""
        await self._bot.shutdown()


def _request() -> HTTPXRequest:
    """One connection, with every wait bounded. Certificates are read here, once: that costs a tenth of a second."""
    return HTTPXRequest(
        connection_pool_size=1,
        connect_timeout=_TIMEOUT_S,
        read_timeout=_TIMEOUT_S,
        write_timeout=_TIMEOUT_S,
        pool_timeout=_TIMEOUT_S,
        httpx_kwargs={"verify": httpx.create_ssl_context()},
    )


async def _in_our_words(call: Awaitable[object]) -> None:
    """Await one call of the library; what it raises is raised anew as a HelixError that cannot hold the token."""
    try:
        await call
    except TelegramError as error:
        problem = _problem(error)
    else:
        return
    raise problem  # outside the handler, so that no chain leads back to the library's text


def _problem(error: TelegramError) -> HelixError:
    """What the owner should know and do, by the kind of error alone."""
    match error:
        case RetryAfter():
            return RateLimited("Telegram asks for a pause", retry_after_s=_pause_s(error))
        case InvalidToken():
            return ConfigError("Telegram does not accept TELEGRAM_BOT_TOKEN. Copy it anew from @BotFather.")
        case ChatMigrated():
            return ConfigError(f"The chat has a new id. Set TELEGRAM_CHAT_ID to {error.new_chat_id}.")
        case Forbidden():
            return ConfigError("The bot may not write to TELEGRAM_CHAT_ID. Open the chat with it and press Start.")
        case BadRequest():
            return ConfigError("Telegram does not know the chat TELEGRAM_CHAT_ID, or does not take the message.")
    return TelegramUnavailable(f"Telegram gives no usable answer ({type(error).__name__})")


def _pause_s(error: RetryAfter) -> float:
    """Seconds to pause, whichever of its two types the library gives them in."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PTBDeprecationWarning)
        after = error.retry_after
    return after.total_seconds() if isinstance(after, timedelta) else float(after)


def _fitting(text: str) -> str:
    """Text that Telegram cannot refuse for its form: not too long, not empty, no broken character."""
    units = text.encode("utf-16-le", "replace")[: 2 * _LONGEST]
    return units.decode("utf-16-le", "ignore").strip() or "(empty message)"
