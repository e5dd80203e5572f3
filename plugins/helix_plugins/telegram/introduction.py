"""The introduction: the owner writes to the bot once, and so TELEGRAM_CHAT_ID is found."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING

import httpx
from telegram import Bot
from telegram.constants import ChatType

from helix_core import Caller, HelixError, Introduction, Question
from helix_plugins.telegram import token
from helix_plugins.telegram.notifier import address
from helix_plugins.telegram.polling import polling, request
from helix_plugins.telegram.trouble import in_our_words

if TYPE_CHECKING:
    from telegram import Message, Update

    from helix_core import PluginConfig

logger = logging.getLogger(__name__)

_POLL_S = 25
_CLOSE_S = 5.0


class TelegramIntroduction(Introduction):
    """Asks for the token, and listens for whoever writes to the bot. What was heard is forgotten at Telegram."""

    name = "telegram"
    label = "Telegram"
    purpose = "messages to your phone, and commands from it"
    questions = (
        Question(
            key="bot_token",
            asks="bot token",
            where="In Telegram, send /newbot to @BotFather, choose two names, and copy the token it answers with.",
        ),
    )
    finds = Question(key="chat_id", asks="chat", where="It is the number that @userinfobot shows you.")

    def __init__(self) -> None:
        """Open nothing."""
        self._bot: Bot | None = None
        self._next: int | None = None
        self._heard: deque[Caller] = deque()

    async def begin(self, config: PluginConfig) -> str:
        """Ask the Bot API who the bot is, which proves the token."""
        await self.end()
        secret, context = token.checked(config.secret("bot_token")), httpx.create_ssl_context()
        token.hide_in_logs()
        bot = Bot(
            secret.get_secret_value(),
            base_url=address(config),
            request=request(context),
            get_updates_request=polling(context),
        )
        self._bot = bot
        await in_our_words(bot.initialize())
        await in_our_words(bot.delete_webhook())  # one that was set for this bot keeps every message to itself
        return f"Open https://t.me/{bot.username}, press Start and send it any word."

    async def caller(self) -> Caller:
        """Poll until somebody has written."""
        assert self._bot is not None, "begin comes first"
        while not self._heard:
            updates = await in_our_words(
                self._bot.get_updates(offset=self._next, timeout=_POLL_S, allowed_updates=["message"])
            )
            for update in updates:
                self._hear(update)
        return self._heard.popleft()

    async def end(self) -> None:
        """Confirm what was heard, so that the bot does not take it for a command later, and close."""
        bot, self._bot = self._bot, None
        if bot is None:
            return
        try:
            if self._next is not None:
                async with asyncio.timeout(_CLOSE_S):
                    await in_our_words(bot.get_updates(offset=self._next, timeout=0, limit=1))
        except (HelixError, TimeoutError) as error:
            logger.info("what was heard is not confirmed (%s)", type(error).__name__)
        finally:
            async with asyncio.timeout(_CLOSE_S):
                await bot.shutdown()

    def _hear(self, update: Update) -> None:
        self._next = update.update_id + 1
        if update.message is not None:
            self._heard.append(_caller(update.message))


def _caller(message: Message) -> Caller:
    writer = message.from_user
    name = "somebody" if writer is None else writer.full_name
    at = f" (@{writer.username})" if writer is not None and writer.username else ""
    where = "" if message.chat.type == ChatType.PRIVATE else f", in the group {message.chat.title}"
    return Caller(value=str(message.chat.id), who=f"{name}{at}{where}", said=message.text or "something without words")
