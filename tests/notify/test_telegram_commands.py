"""Telegram listens over a real socket: who is heard, what is confirmed when, and what goes wrong without harm."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from helix_core import Button, Reply, Said
from tests.notify.conftest import CHAT
from tests.notify.secretary import GROUP, Secretary, listening, until
from tests.notify.test_telegram_notifier import texts_of_the_client

if TYPE_CHECKING:
    from helix_core.testing.telegram import FakeTelegram


async def test_a_command_is_heard_with_all_its_facts_answered_and_confirmed(telegram: FakeTelegram) -> None:
    secretary, at = Secretary(), datetime(2026, 5, 15, 8, 14, 32, tzinfo=UTC)
    telegram.say("/status", chat_id=CHAT, at=at)
    number = telegram.unconfirmed[0]

    async with listening(telegram, secretary) as line:
        await telegram.wait_for_messages(1)
        await until(lambda: not telegram.unconfirmed)
        stands = (line.since, line.last_ok, line.problem, line.strangers)

    assert secretary.heard == [Said(number=str(number), words="status", by="user 42", at=at)]
    (sent,) = telegram.messages
    assert (sent.chat_id, sent.text, sent.buttons) == (CHAT, "heard status", [])
    assert "parse_mode" not in sent.fields
    assert stands[0] is not None
    assert stands[1] is not None
    assert stands[2:] == (None, 0)


async def test_the_phone_is_offered_the_commands_and_an_old_webhook_is_taken_down(telegram: FakeTelegram) -> None:
    async with listening(telegram, Secretary()) as line:
        await until(lambda: line.last_ok)

    assert telegram.commands == [
        {"command": "status", "description": "How it is"},
        {"command": "stop", "description": "Enough"},
    ]
    assert list(telegram.calls)[:4] == ["getMe", "deleteWebhook", "setMyCommands", "getUpdates"]


async def test_a_question_comes_with_a_button_that_says_yes(telegram: FakeTelegram) -> None:
    secretary = Secretary()
    secretary.reply = Reply(text="sure?", button=Button(label="Yes", words="stop confirm 7"))
    async with listening(telegram, secretary):
        telegram.say("/stop", chat_id=CHAT)
        await telegram.wait_for_messages(1)
        (question,) = telegram.messages
        secretary.reply = None

        telegram.press(question)
        await telegram.wait_for_messages(2)

    assert question.buttons == [{"text": "Yes", "callback_data": "stop confirm 7"}]
    assert secretary.words == ["stop", "stop confirm 7"]
    assert secretary.heard[1].by == "user 42"
    assert telegram.messages[1].text == "heard stop confirm 7"
    assert telegram.presses_answered == 1


async def test_strangers_are_ignored_in_silence_and_counted_without_their_words(
    telegram: FakeTelegram, caplog: pytest.LogCaptureFixture
) -> None:
    secretary = Secretary()
    secretary.reply = Reply(text="sure?", button=Button(label="Yes", words="stop confirm 7"))
    caplog.set_level(logging.INFO)
    async with listening(telegram, secretary) as line:
        telegram.say("/stop", chat_id=CHAT)
        await telegram.wait_for_messages(1)
        question = telegram.messages[0]

        telegram.say("/stop PLANTED", chat_id=43)
        telegram.say("/stop PLANTED", chat_id=CHAT, user_id=43)
        telegram.say("/stop PLANTED", chat_id=GROUP, user_id=CHAT)
        telegram.press(question, user_id=43)
        telegram.say("/status", chat_id=CHAT)
        await telegram.wait_for_messages(2)
        strangers = line.strangers

    assert secretary.words == ["stop", "status"]
    assert {message.chat_id for message in telegram.messages} == {CHAT}
    assert telegram.presses_answered == 0
    assert strangers == 4
    told = texts_of_the_client(caplog)
    assert "telegram: ignored what is not from the owner, 1 times so far" in told
    assert "PLANTED" not in "".join(text for text in told if not text.startswith("HTTP"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/stop  confirm", ["stop  confirm"]),
        ("/status@helix_test_bot", ["status"]),
        ("/status@Another_Bot", []),
        ("good morning", []),
    ],
)
async def test_in_a_group_only_commands_for_this_bot_are_heard(
    text: str, words: list[str], telegram: FakeTelegram
) -> None:
    secretary = Secretary()
    async with listening(telegram, secretary, chat_id=GROUP):
        telegram.say(text, chat_id=GROUP, user_id=99)
        telegram.say("/status", chat_id=GROUP, user_id=7)
        await telegram.wait_for_messages(len(words) + 1)

    assert secretary.words == [*words, "status"]
    assert secretary.heard[-1].by == "user 7"
    assert telegram.messages[-1].chat_id == GROUP


async def test_in_the_owners_own_chat_every_word_is_answered_and_a_picture_is_not(telegram: FakeTelegram) -> None:
    secretary = Secretary()
    async with listening(telegram, secretary):
        telegram.say("good morning", chat_id=CHAT)
        telegram.push({"message": {**message_of(CHAT), "photo": []}})
        telegram.say("/status", chat_id=CHAT)
        await telegram.wait_for_messages(2)

    assert secretary.words == ["good morning", "status"]


def message_of(chat_id: int) -> dict[str, Any]:
    return {
        "message_id": 1,
        "date": 1,
        "chat": {"id": chat_id, "type": "private"},
        "from": {"id": chat_id, "is_bot": False, "first_name": "x"},
    }


@pytest.mark.parametrize(
    "update",
    [
        {"message": {"chat": {"id": 43, "type": "private"}, "text": "no date, no number"}},
        {"message": {**message_of(43), "entities": [{"type": 1}]}},
        {"message": "not an object"},
        {"callback_query": {"id": "1"}},
        {"a_kind_of_next_year": {"new": True}},
        {"edited_message": {**message_of(43), "text": "/stop"}},
    ],
)
async def test_no_update_can_stand_in_the_owners_way(update: dict[str, Any], telegram: FakeTelegram) -> None:
    """What the library cannot read, a stranger may have sent: it is confirmed like everything else."""
    secretary = Secretary()
    telegram.push(update)
    telegram.say("/status", chat_id=CHAT)

    async with listening(telegram, secretary):
        await telegram.wait_for_messages(1)
        await until(lambda: not telegram.unconfirmed)

    assert secretary.words == ["status"]


async def test_what_could_not_be_carried_out_comes_again_and_what_was_does_not(telegram: FakeTelegram) -> None:
    secretary = Secretary()
    telegram.say("/status", chat_id=CHAT)
    telegram.say("/balance", chat_id=CHAT)
    secretary.fails = 1

    async with listening(telegram, secretary):
        await telegram.wait_for_messages(2)

    assert secretary.words == ["status", "balance"]


async def test_after_a_restart_telegram_hands_out_again_what_was_not_confirmed(telegram: FakeTelegram) -> None:
    secretary = Secretary()
    async with listening(telegram, secretary):
        await until(lambda: "getUpdates" in telegram.calls)
        telegram.say("/status", chat_id=CHAT)
        await telegram.wait_for_messages(1)
        telegram.fall_silent()  # the confirmation gets lost with the process
    telegram.recover()
    assert len(telegram.unconfirmed) == 1

    async with listening(telegram, secretary):
        await until(lambda: not telegram.unconfirmed)

    assert secretary.words == ["status"]
    assert [message.text for message in telegram.messages] == ["heard status"]


async def test_numbers_that_start_anew_are_heard(telegram: FakeTelegram) -> None:
    """Telegram's numbers begin somewhere else after a week without any, perhaps lower."""
    secretary = Secretary()
    async with listening(telegram, secretary):
        telegram.push({"update_id": 900_000_000, "message": {**message_of(CHAT), "text": "/status"}})
        await telegram.wait_for_messages(1)
        await until(lambda: not telegram.unconfirmed)
        await until(lambda: list(telegram.calls)[-1] == "getUpdates")

        telegram.push({"update_id": 5, "message": {**message_of(CHAT), "text": "/today"}})
        await telegram.wait_for_messages(2)

    assert secretary.words == ["status", "today"]
