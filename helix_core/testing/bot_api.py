"""What a Bot API server does with its calls, apart from HTTP: messages out, updates in.

Facts are from core.telegram.org/bots/api: "getUpdates", "sendMessage", "setMyCommands", "deleteWebhook",
"CallbackQuery", "answerCallbackQuery".
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from helix_core.clock import Clock

Json = Mapping[str, Any]

_BOT: Json = {"id": 1000000001, "is_bot": True, "first_name": "Helix", "username": "helix_test_bot"}
_LONGEST_TEXT = 4096
_MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """One message the bot sent, and when it came. `fields` holds every parameter of the call as it came."""

    message_id: int
    chat_id: int
    text: str
    at: datetime
    fields: Json

    @property
    def buttons(self) -> list[Json]:
        """The buttons under it, each with its `text` and its `callback_data`."""
        markup = self.fields.get("reply_markup") or "{}"
        found = json.loads(markup) if isinstance(markup, str) else markup
        return [button for row in found.get("inline_keyboard", []) for button in row]


class Refused(Exception):
    """An answer with "ok": false. `status` is both the HTTP status and the body's error_code."""

    def __init__(self, status: int, description: str, parameters: Json | None = None) -> None:
        """`parameters` are Telegram's ResponseParameters, such as `retry_after`."""
        super().__init__(description)
        self.status, self.parameters = status, parameters or {}


class BotApi:
    """One bot's side of Telegram. Its user id is `bot_id`.

    `messages` are those sent and accepted, `calls` the names of all methods called, refused ones too, `commands` the
    menu last set; all oldest first. `presses_answered` counts the pressed buttons that are busy no longer.
    """

    def __init__(self, clock: Clock) -> None:
        """`clock` stamps messages and updates."""
        self.bot_id: int = _BOT["id"]
        self.messages: deque[SentMessage] = deque(maxlen=_MOST_KEPT)
        self.calls: deque[str] = deque(maxlen=_MOST_KEPT)
        self.commands: list[Json] = []
        self.presses_answered = 0
        self._clock = clock
        self._updates: deque[Json] = deque(maxlen=_MOST_KEPT)
        self._confirmed: deque[Json] = deque(maxlen=_MOST_KEPT)
        self._last_id = 0
        self._closing = False
        self._news = asyncio.Event()
        self._methods: dict[str, Callable[[Json], Awaitable[object]]] = {
            "getme": self._get_me,
            "sendmessage": self._send_message,
            "getupdates": self._get_updates,
            "setmycommands": self._set_my_commands,
            "deletewebhook": self._delete_webhook,
            "answercallbackquery": self._answer_callback_query,
        }

    def say(self, text: str, *, chat_id: int, user_id: int | None = None, at: datetime | None = None) -> None:
        """Let a user write to the bot; `user_id` is the chat's own by default, as it is in a private chat."""
        message = self._message(chat_id, text, at) | {
            "from": {"id": user_id or chat_id, "is_bot": False, "first_name": "Owner"},
            "entities": _entities(text),
        }
        self.push({"message": message})

    def press(self, message: SentMessage, *, user_id: int | None = None, data: str | None = None) -> None:
        """Let a user press the first button under a message, by default the chat's own user, for what is in it."""
        query = {
            "id": str(self._next_id()),
            "from": {"id": user_id or message.chat_id, "is_bot": False, "first_name": "Owner"},
            "message": self._message(message.chat_id, message.text, None) | {"message_id": message.message_id},
            "chat_instance": "1",
            "data": message.buttons[0]["callback_data"] if data is None else data,
        }
        self.push({"callback_query": query})

    def push(self, update: Json) -> None:
        """Queue any update; it gets an `update_id` unless it has one."""
        self._updates.append({"update_id": self._next_id(), **update})
        self._tell()

    def hand_out_again(self) -> None:
        """Queue what was confirmed once more, under the same numbers: as if the confirmations had been lost."""
        self._updates.extendleft(reversed(self._confirmed))
        self._confirmed.clear()
        self._tell()

    @property
    def unconfirmed(self) -> list[int]:
        """Numbers of the updates that the bot has not confirmed yet: they are handed out again."""
        return [update["update_id"] for update in self._updates]

    async def wait_for_messages(self, count: int, timeout_s: float = 5.0) -> None:
        """Return when `count` messages have been accepted. Raises TimeoutError, naming those that were."""
        if not await self._until(lambda: len(self.messages) >= count, timeout_s):
            message = f"{count} messages expected, got {[message.text for message in self.messages]}"
            raise TimeoutError(message)

    async def call(self, method: str, parameters: Json) -> object:
        """Carry out one call and return its result. Raises Refused."""
        known = self._methods.get(method.lower())
        if known is None:
            raise Refused(404, "Not Found")
        return await known(parameters)

    async def _get_me(self, _parameters: Json) -> object:
        return dict(_BOT)

    async def _send_message(self, parameters: Json) -> object:
        chat, text = str(parameters.get("chat_id", "")), str(parameters.get("text", ""))
        if not chat.lstrip("-").isdecimal():
            raise Refused(400, "Bad Request: chat not found")
        if not text.strip():
            raise Refused(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) > 2 * _LONGEST_TEXT:
            raise Refused(400, "Bad Request: message is too long")
        message = self._message(int(chat), text, None) | {"from": dict(_BOT)}
        self.messages.append(
            SentMessage(
                message_id=message["message_id"],
                chat_id=int(chat),
                text=text,
                at=self._clock.now(),
                fields=parameters,
            )
        )
        self._tell()
        return message

    async def _get_updates(self, parameters: Json) -> object:
        """Long poll. An `offset` confirms, and so forgets, every update before it."""
        offset = int(parameters.get("offset", 0))
        while self._updates and self._updates[0]["update_id"] < offset:
            self._confirmed.append(self._updates.popleft())
        await self._until(lambda: bool(self._updates) or self._closing, float(parameters.get("timeout", 0)))
        return [dict(update) for update in self._updates][: int(parameters.get("limit", 100))]

    async def _set_my_commands(self, parameters: Json) -> object:
        commands = parameters.get("commands", "[]")
        self.commands = json.loads(commands) if isinstance(commands, str) else list(commands)
        return True

    async def _delete_webhook(self, parameters: Json) -> object:
        if str(parameters.get("drop_pending_updates", "")).lower() == "true":
            self._updates.clear()
        return True

    async def _answer_callback_query(self, _parameters: Json) -> object:
        self.presses_answered += 1
        return True

    def _message(self, chat_id: int, text: str, at: datetime | None) -> dict[str, Any]:
        chat = {"type": "private", "first_name": "Owner"} if chat_id > 0 else {"type": "group", "title": "Owners"}
        date = int((at or self._clock.now()).timestamp())
        return {"message_id": self._next_id(), "date": date, "chat": {"id": chat_id, **chat}, "text": text}

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _tell(self) -> None:
        """Wake everyone in `_until`, each to look at what concerns it."""
        self._news.set()
        self._news = asyncio.Event()

    async def _until(self, met: Callable[[], bool], timeout_s: float) -> bool:
        try:
            async with asyncio.timeout(timeout_s):
                while not met():
                    await self._news.wait()
        except TimeoutError:
            return met()
        return True


def _entities(text: str) -> list[Json]:
    """Telegram marks a command at the start of a message; libraries recognise commands by that mark alone."""
    command = text.split(maxsplit=1)[0] if text.startswith("/") else ""
    return [{"type": "bot_command", "offset": 0, "length": len(command)}] if command else []
