"""The notifier: messages out, and the owner's commands in, each over connections of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
from telegram import Bot

from helix_core import Notifier
from helix_plugins.telegram import token
from helix_plugins.telegram.listener import Listener
from helix_plugins.telegram.pace import Pace
from helix_plugins.telegram.polling import polling, request
from helix_plugins.telegram.sending import Chat
from helix_plugins.telegram.trouble import in_our_words

if TYPE_CHECKING:
    from helix_core import Notice, OwnerDesk, PluginConfig

_ORIGIN = "https://api.telegram.org"


class TelegramNotifier(Notifier):
    """One chat. Every failure is told in words of Helix: the library's own texts may hold the token."""

    name = "telegram"
    pause_s = 1.0  # core.telegram.org/bots/faq: no more than one message a second in a chat

    def __init__(self, config: PluginConfig) -> None:
        """Read TELEGRAM_BOT_TOKEN, TELEGRAM_CHAT_ID and, if set, TELEGRAM_BASE_URL. Raises ConfigError."""
        secret = token.checked(config.secret("bot_token"))
        chat_id, pace = config.integer("chat_id"), Pace(self.pause_s)
        token.hide_in_logs()
        base_url, context = address(config), httpx.create_ssl_context()  # read once: a tenth of a second
        calls = request(context)
        self._bot = Bot(secret.get_secret_value(), base_url=base_url, request=calls, get_updates_request=calls)
        ears = Bot(
            secret.get_secret_value(),
            base_url=base_url,
            request=request(context),
            get_updates_request=polling(context),
        )
        self._chat = Chat(self._bot, chat_id, pace)
        self._listener = Listener(ears, Chat(ears, chat_id, pace), chat_id)

    async def start(self) -> None:
        """Ask the Bot API who we are, which proves token and connection."""
        await self.stop()
        await in_our_words(self._bot.initialize())

    async def notify(self, notice: Notice) -> None:
        """Send the text, cut to what Telegram takes."""
        await self._chat.send(notice.text)

    async def listen(self, desk: OwnerDesk) -> None:
        """Bring the commands of TELEGRAM_CHAT_ID to `desk`, and answer them there. All others are ignored."""
        await self._listener.listen(desk)

    async def stop(self) -> None:
        """Close the connection."""
        await self._bot.shutdown()


def address(config: PluginConfig) -> str:
    """Where the Bot API is: TELEGRAM_BASE_URL if set, in the form the library wants."""
    origin = config.text("base_url") if config.values.get("base_url") else _ORIGIN
    return f"{origin.rstrip('/')}/bot"
