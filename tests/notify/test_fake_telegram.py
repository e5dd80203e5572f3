"""The shipped Bot API server carries python-telegram-bot as the real one does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from telegram import Bot, BotCommand
from telegram.error import InvalidToken, TimedOut
from telegram.ext import Application, CommandHandler

if TYPE_CHECKING:
    from telegram import Update

    from helix_core.testing.bot_api import Json
    from helix_core.testing.telegram import FakeTelegram


def application(telegram: FakeTelegram) -> Application[Any, Any, Any, Any, Any, Any]:
    return Application.builder().token(telegram.token).base_url(f"{telegram.url}/bot").build()


async def test_a_command_reaches_the_bot_and_its_answer_the_owner(telegram: FakeTelegram) -> None:
    async def answer(update: Update, _context: object) -> None:
        assert update.message is not None
        await update.message.reply_text(f"heard {update.message.text}")

    app = application(telegram)
    app.add_handler(CommandHandler("status", answer))
    async with app:
        await app.start()
        assert app.updater is not None
        await app.updater.start_polling(timeout=5)

        telegram.say("/status", chat_id=42)
        telegram.say("not a command", chat_id=42)
        telegram.say("/status now", chat_id=-7, user_id=42)
        await telegram.wait_for_messages(2)

        await app.updater.stop()
        await app.stop()

    assert [(sent.chat_id, sent.text) for sent in telegram.messages] == [
        (42, "heard /status"),
        (-7, "heard /status now"),
    ]


async def test_updates_wait_until_they_are_confirmed(telegram: FakeTelegram) -> None:
    telegram.say("one", chat_id=42)
    telegram.say("two", chat_id=42)

    async with Bot(telegram.token, base_url=f"{telegram.url}/bot") as bot:
        first = await bot.get_updates(timeout=0)
        again = await bot.get_updates(timeout=0)
        rest = await bot.get_updates(offset=first[0].update_id + 1, timeout=0)

    assert [update.message.text for update in first if update.message] == ["one", "two"]
    assert [update.update_id for update in again] == [update.update_id for update in first]
    assert [update.message.text for update in rest if update.message] == ["two"]


async def test_a_long_poll_returns_when_something_comes(telegram: FakeTelegram) -> None:
    async with Bot(telegram.token, base_url=f"{telegram.url}/bot") as bot, asyncio.TaskGroup() as tasks:
        poll = tasks.create_task(bot.get_updates(timeout=5))
        await asyncio.sleep(0.05)
        assert not poll.done()
        telegram.say("here", chat_id=42)

        updates = await poll

    assert len(updates) == 1


async def test_old_updates_can_be_dropped_and_a_menu_set(telegram: FakeTelegram) -> None:
    telegram.say("/stop", chat_id=42)

    async with Bot(telegram.token, base_url=f"{telegram.url}/bot") as bot:
        await bot.delete_webhook(drop_pending_updates=True)
        await bot.set_my_commands([BotCommand("status", "State, position, result of the day")])
        updates = await bot.get_updates(timeout=0)

    assert list(updates) == []
    assert telegram.commands == [{"command": "status", "description": "State, position, result of the day"}]


async def test_another_bots_token_is_unknown(telegram: FakeTelegram) -> None:
    with pytest.raises(InvalidToken):
        await Bot("1:another", base_url=f"{telegram.url}/bot").initialize()


async def test_silence_lasts_until_it_is_ended(telegram: FakeTelegram) -> None:
    async with Bot(telegram.token, base_url=f"{telegram.url}/bot") as bot:
        telegram.fall_silent()
        with pytest.raises(TimedOut):
            await bot.send_message(42, "lost", read_timeout=0.1)

        telegram.recover()
        await bot.send_message(42, "heard")

    assert [message.text for message in telegram.messages] == ["heard"]


@pytest.mark.parametrize(
    ("fields", "status", "description"),
    [
        ({"chat_id": "42", "text": ""}, 400, "Bad Request: message text is empty"),
        ({"chat_id": "42", "text": "🟢" * 2049}, 400, "Bad Request: message is too long"),
        ({"chat_id": "nobody", "text": "x"}, 400, "Bad Request: chat not found"),
    ],
)
async def test_a_message_that_telegram_would_refuse_is_refused(
    fields: Json, status: int, description: str, telegram: FakeTelegram
) -> None:
    async with httpx.AsyncClient(verify=False) as client:
        answer = await client.post(f"{telegram.url}/bot{telegram.token}/sendMessage", data=dict(fields))

    assert answer.status_code == status
    assert answer.json() == {"ok": False, "error_code": status, "description": description}


async def test_json_bodies_query_strings_and_unknown_methods(telegram: FakeTelegram) -> None:
    base = f"{telegram.url}/bot{telegram.token}"
    async with httpx.AsyncClient(verify=False) as client:
        posted = await client.post(f"{base}/sendMessage", json={"chat_id": 42, "text": "json"})
        asked = await client.get(f"{base}/sendmessage", params={"chat_id": 42, "text": "query"})
        unknown = await client.get(f"{base}/flyToTheMoon")

    assert (posted.status_code, asked.status_code, unknown.status_code) == (200, 200, 404)
    assert [message.text for message in telegram.messages] == ["json", "query"]
    assert list(telegram.calls) == ["sendMessage", "sendmessage", "flyToTheMoon"]


async def test_waiting_for_a_message_that_never_comes_says_what_came(telegram: FakeTelegram) -> None:
    async with Bot(telegram.token, base_url=f"{telegram.url}/bot") as bot:
        await bot.send_message(42, "only this")

    with pytest.raises(TimeoutError, match="only this"):
        await telegram.wait_for_messages(2, timeout_s=0.01)
