"""One text after the other to one chat, in a form that Telegram cannot refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions

from helix_core import RateLimited
from helix_plugins.telegram.trouble import in_our_words

if TYPE_CHECKING:
    from telegram import Bot

    from helix_core import Button
    from helix_plugins.telegram.pace import Pace

_LONGEST = 4096
"""Of one message, in UTF-16 units (core.telegram.org/bots/api#sendmessage)."""

_LONGEST_DATA = 64
"""Of what a button says, in bytes (core.telegram.org/bots/api#inlinekeyboardbutton)."""


class Chat:
    """One chat, at the pace that all who send there share."""

    def __init__(self, bot: Bot, chat_id: int, pace: Pace) -> None:
        """Send to `chat_id` through `bot`."""
        self._bot, self._chat_id, self._pace = bot, chat_id, pace

    @property
    def rests_s(self) -> float:
        """Seconds until something can be sent."""
        return self._pace.left_s

    async def send(self, text: str, button: Button | None = None) -> None:
        """Send plain text, cut to what Telegram takes, with a button under it, when it has its turn.

        Raises HelixError: RateLimited where Telegram asks for a pause, which is kept by all who share the pace.
        """
        await self._pace.turn()
        try:
            await in_our_words(
                self._bot.send_message(
                    self._chat_id,
                    _fitting(text),
                    link_preview_options=LinkPreviewOptions(is_disabled=True),
                    reply_markup=_keyboard(button),
                )
            )
        except RateLimited as limited:
            self._pace.rest(limited.retry_after_s or 0.0)
            raise


def _fitting(text: str) -> str:
    """Text that Telegram cannot refuse for its form: not too long, not empty, no broken character."""
    units = text.encode("utf-16-le", "replace")[: 2 * _LONGEST]
    return units.decode("utf-16-le", "ignore").strip() or "(empty message)"


def _keyboard(button: Button | None) -> InlineKeyboardMarkup | None:
    """One button. Words too long for it can still be written: the text says so."""
    if button is None or len(button.words.encode()) > _LONGEST_DATA:
        return None
    return InlineKeyboardMarkup([[InlineKeyboardButton(button.label, callback_data=button.words)]])
