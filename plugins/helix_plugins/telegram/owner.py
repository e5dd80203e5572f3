"""The owner: who that is among all who can write to a bot, and what they said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core import Said

if TYPE_CHECKING:
    from telegram import Chat, Update, User


class Owner:
    """Whoever writes in the owner's chat, which a private chat's number proves to be one person.

    Anybody may write to a bot who knows its name, and press its buttons where a message was forwarded: what counts is
    the chat, and in a private one (a positive number, its user's own) the user as well. Both are Telegram's word.
    """

    def __init__(self, chat_id: int) -> None:
        """`chat_id` is TELEGRAM_CHAT_ID: a person's (positive), or a group's (negative), all of whose members count."""
        self._chat_id = chat_id

    def sent(self, update: Update) -> bool | None:
        """True when the owner sent this, False when somebody else did; None when nobody said anything in it."""
        if update.callback_query is not None:
            message = update.callback_query.message
            return self._is(None if message is None else message.chat, update.callback_query.from_user)
        if update.message is not None:
            return self._is(update.message.chat, update.message.from_user)
        return None

    def said(self, update: Update, bot_name: str) -> Said | None:
        """What the owner said in this; None when it is nothing for Helix."""
        number = str(update.update_id)
        if (press := update.callback_query) is not None:
            return Said(number=number, words=press.data, by=_named(press.from_user)) if press.data else None
        message = update.message
        if message is None or not message.text:
            return None
        words = self._words(message.text, bot_name)
        return Said(number=number, words=words, by=_named(message.from_user), at=message.date) if words else None

    def _words(self, text: str, bot_name: str) -> str:
        """The command without Telegram's marks. Nothing, in a group, of other words and another bot's commands."""
        name, _, more = text.strip().partition(" ")
        command, _, addressee = name.partition("@")
        in_private = self._chat_id > 0
        if not command.startswith("/"):
            return text.strip() if in_private else ""
        if addressee and addressee.casefold() != bot_name.casefold():
            return ""
        return f"{command[1:]} {more}".strip()

    def _is(self, chat: Chat | None, user: User | None) -> bool:
        if chat is None or chat.id != self._chat_id:
            return False
        return self._chat_id < 0 or (user is not None and user.id == self._chat_id)


def _named(user: User | None) -> str:
    """By number: a name is whatever its bearer chose."""
    return "a group's channel" if user is None else f"user {user.id}"
