"""One text to one chat, in a form that Telegram cannot refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions

from helix_plugins.telegram.trouble import in_our_words

if TYPE_CHECKING:
    from telegram import Bot

    from helix_core import Button

_LONGEST = 4096
"""Of one message, in UTF-16 units (core.telegram.org/bots/api#sendmessage)."""

_LONGEST_DATA = 64
"""Of what a button says, in bytes (core.telegram.org/bots/api#inlinekeyboardbutton)."""


async def send(bot: Bot, chat_id: int, text: str, button: Button | None = None) -> None:
    """Send plain text, cut to what Telegram takes, with a button under it. Raises HelixError."""
    await in_our_words(
        bot.send_message(
            chat_id,
            _fitting(text),
            link_preview_options=LinkPreviewOptions(is_disabled=True),
            reply_markup=_keyboard(button),
        )
    )


def _fitting(text: str) -> str:
    """Text that Telegram cannot refuse for its form: not too long, not empty, no broken character."""
    units = text.encode("utf-16-le", "replace")[: 2 * _LONGEST]
    return units.decode("utf-16-le", "ignore").strip() or "(empty message)"


def _keyboard(button: Button | None) -> InlineKeyboardMarkup | None:
    """One button. Words too long for it can still be written: the text says so."""
    if button is None or len(button.words.encode()) > _LONGEST_DATA:
        return None
    return InlineKeyboardMarkup([[InlineKeyboardButton(button.label, callback_data=button.words)]])
