"""Commands in: polls the Bot API, and brings what the owner says to the desk."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from typing import TYPE_CHECKING

from telegram import BotCommand

from helix_core import HelixError, RateLimited
from helix_plugins.telegram.owner import Owner
from helix_plugins.telegram.trouble import in_our_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telegram import Bot, CallbackQuery, Update

    from helix_core import OwnerDesk, Reply
    from helix_plugins.telegram.sending import Chat

logger = logging.getLogger(__name__)

_POLL_S = 25
"""How long Telegram holds a question back until there is news."""

_KINDS = ("message", "callback_query")
_CLOSE_S = 5.0
_MOST_OWED = 20
_WORTH_SENDING_S = 120.0


class Listener:
    """Polls through a bot of its own, so that a poll that waits or hangs holds up no message going out."""

    def __init__(self, bot: Bot, chat: Chat, chat_id: int) -> None:
        """Listen by `bot` to whoever writes in `chat_id`, and answer in that `chat`."""
        self._bot, self._chat, self._owner = bot, chat, Owner(chat_id)
        self._next: int | None = None
        """What to confirm up to: Telegram forgets every update before it, and hands out all others again."""
        self._owed: deque[tuple[float, Reply]] = deque(maxlen=_MOST_OWED)
        """Answers not sent yet, each with the time after which it would mislead more than help."""

    async def listen(self, desk: OwnerDesk) -> None:
        """Poll until cancelled. Raises HelixError when Telegram does not answer as it should."""
        try:
            await in_our_words(self._bot.initialize())
            await in_our_words(self._bot.delete_webhook())  # one that was set for this bot keeps every update to itself
            await self._offer(desk.menu)
            wait_s = 0
            while True:
                await self._poll(desk, wait_s)
                await self._answer()
                wait_s = min(_POLL_S, math.ceil(self._chat.rests_s)) if self._owed else _POLL_S
        finally:
            async with asyncio.timeout(_CLOSE_S):
                await self._bot.shutdown()

    async def _offer(self, menu: Mapping[str, str]) -> None:
        """Have the phone offer the commands. Without that they still work."""
        try:
            await in_our_words(self._bot.set_my_commands([BotCommand(name, does) for name, does in menu.items()]))
        except HelixError as error:
            logger.warning("the menu of commands is not set: %s", error)

    async def _poll(self, desk: OwnerDesk, wait_s: int) -> None:
        """Ask once, for at most `wait_s` and the time of a call, and bring on what came.

        Once all is confirmed no number is sent any more: Telegram's may start anew, and lower, after a quiet week.
        """
        updates = await in_our_words(
            self._bot.get_updates(offset=self._next, timeout=wait_s, allowed_updates=list(_KINDS))
        )
        desk.in_touch()
        if not updates:
            self._next = None
        for update in updates:
            await self._take(update, desk)
            self._next = update.update_id + 1

    async def _take(self, update: Update, desk: OwnerDesk) -> None:
        """Bring on one update, and owe its answer. It is confirmed afterwards, since the desk hears nothing twice."""
        by_owner = self._owner.sent(update)
        if by_owner is False:
            desk.ignored()
        if not by_owner:
            return
        said = self._owner.said(update, self._bot.username)
        reply = None if said is None else await desk.hear(said)
        if update.callback_query is not None:
            await self._release(update.callback_query)
        if reply is not None:
            self._owed.append((asyncio.get_running_loop().time() + _WORTH_SENDING_S, reply))

    async def _answer(self) -> None:
        """Send the first answer that is owed and not too old. One that fails stays owed, and is tried again.

        One at a time, so that what the owner says next is heard between two of them: they have to be a second apart.
        And while Telegram takes no message for a time, it still says what it was told.
        """
        now_s = asyncio.get_running_loop().time()
        while self._owed and self._owed[0][0] <= now_s:
            self._owed.popleft()
        if self._owed:
            reply = self._owed[0][1]
            try:
                await self._chat.send(reply.text, reply.button)
            except RateLimited as limited:
                logger.info("an answer has to wait for %.0f s", limited.retry_after_s or 0)
                return
            self._owed.popleft()

    async def _release(self, press: CallbackQuery) -> None:
        """Let the pressed button rest: the phone shows it as busy until then."""
        try:
            await in_our_words(self._bot.answer_callback_query(press.id))
        except HelixError as error:
            logger.info("a pressed button stays busy for a while (%s)", type(error).__name__)
