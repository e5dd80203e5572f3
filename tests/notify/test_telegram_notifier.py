"""The Telegram notifier over a real socket: what arrives, what is told of failures, and where the token never goes."""

from __future__ import annotations

import asyncio
import traceback
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from helix_core import ConfigError, HelixError, PluginConfig, RateLimited
from helix_core.clock import SystemClock
from helix_core.notify import Delivery
from helix_core.testing.telegram import FakeTelegram
from helix_plugins.log import LogNotifier
from helix_plugins.telegram import helix_notifiers
from tests.notify.conftest import CHAT, MemoryOutbox, notice, notifier_for
from tests.notify.test_messages import SPECIFIED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from helix_core import Notifier


def fast(outbox: MemoryOutbox, *notifiers: Notifier) -> Delivery:
    """A delivery that does not take a whole second to try again."""
    return Delivery(notifiers, outbox, SystemClock(), first_pause_s=0.01, longest_pause_s=0.05)


async def test_the_owner_reads_exactly_these_words(telegram: FakeTelegram) -> None:
    outbox = MemoryOutbox()
    for text in SPECIFIED:
        outbox.add(text)

    await fast(outbox, notifier_for(telegram)).drain(5)

    assert [message.text for message in telegram.messages] == list(SPECIFIED)
    assert {message.chat_id for message in telegram.messages} == {CHAT}


async def test_a_message_is_plain_text_without_a_preview(telegram: FakeTelegram) -> None:
    outbox = MemoryOutbox()
    outbox.add("_not_ *markup* [x](https://example.org) <b>&amp; | \\")

    await fast(outbox, notifier_for(telegram)).drain(5)

    (message,) = telegram.messages
    assert message.text == outbox.notices[0].text
    assert "parse_mode" not in message.fields
    assert message.fields["link_preview_options"] == '{"is_disabled": true}'


async def test_an_outage_delays_messages_and_neither_loses_nor_reorders_them(telegram: FakeTelegram) -> None:
    outbox = MemoryOutbox(5)
    telegram.fail(502, times=6)

    await fast(outbox, notifier_for(telegram)).drain(5)

    assert [message.text for message in telegram.messages] == [f"message {number}" for number in range(1, 6)]


async def test_a_server_that_is_not_there_is_waited_for(telegram: FakeTelegram) -> None:
    outbox = MemoryOutbox(1)
    async with FakeTelegram() as gone:
        nowhere = gone.url
    delivery = fast(outbox, notifier_for(telegram, base_url=nowhere))

    await delivery.drain(0.3)

    assert delivery.problems() == {"telegram": "TelegramUnavailable — Telegram gives no usable answer (NetworkError)"}
    assert outbox.cursors == {}


async def test_a_429_is_honoured_to_the_second(telegram: FakeTelegram) -> None:
    outbox, loop = MemoryOutbox(1), asyncio.get_running_loop()
    delivery = fast(outbox, notifier_for(telegram))
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(delivery.run())
        await telegram.wait_for_messages(1)
        telegram.ask_for_pause(1)
        outbox.add()
        started = loop.time()

        delivery.wake()
        await telegram.wait_for_messages(2)

        running.cancel()
    assert loop.time() - started >= 1
    assert list(telegram.calls) == ["getMe", "sendMessage", "sendMessage", "sendMessage"]  # none within the pause


async def test_a_429_is_told_with_its_seconds(telegram: FakeTelegram) -> None:
    notifier = notifier_for(telegram)
    await notifier.start()
    telegram.ask_for_pause(17)

    with pytest.raises(RateLimited) as told:
        await notifier.notify(notice(1))

    assert told.value.retry_after_s == 17
    await notifier.stop()


async def test_telegram_being_silent_delays_nobody_else(
    telegram: FakeTelegram, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="helix.notice")
    outbox = MemoryOutbox(3)
    telegram.fall_silent()

    await fast(outbox, notifier_for(telegram), LogNotifier()).drain(0.3)

    assert outbox.cursors == {"log": 3}
    assert [record.message for record in caplog.records if record.name == "helix.notice"] == [
        "message 1",
        "message 2",
        "message 3",
    ]


@pytest.mark.parametrize("text", ["x" * 5000, "🟢" * 4000, "half \ud83d a pair", "\n \n", ""])
async def test_no_text_can_stop_the_queue(text: str, telegram: FakeTelegram) -> None:
    outbox = MemoryOutbox()
    outbox.notices = [notice(1), notice(2)]
    object.__setattr__(outbox.notices[0], "text", text)

    await fast(outbox, notifier_for(telegram)).drain(5)

    assert len(telegram.messages) == 2
    assert telegram.messages[-1].text == "message 2"


@pytest.mark.parametrize(
    ("status", "description", "told"),
    [
        (401, "Unauthorized", "TELEGRAM_BOT_TOKEN"),
        (404, "Not Found", "TELEGRAM_BOT_TOKEN"),
        (403, "Forbidden: bot was blocked by the user", "press Start"),
        (400, "Bad Request: chat not found", "TELEGRAM_CHAT_ID"),
    ],
)
async def test_what_the_owner_must_mend_is_named(
    status: int, description: str, told: str, telegram: FakeTelegram
) -> None:
    notifier = notifier_for(telegram)
    await notifier.start()
    telegram.fail(status, description)

    with pytest.raises(ConfigError, match=told):
        await notifier.notify(notice(1))

    await notifier.stop()


@pytest.mark.parametrize(
    "fault",
    [
        FakeTelegram.reject_token,
        FakeTelegram.recover,
        lambda server: server.fail(500),
        lambda server: server.fail(404),
        lambda server: server.ask_for_pause(1, times=9),
    ],
    ids=["401", "none", "500", "404", "429"],
)
async def test_the_token_is_in_no_log_exception_or_repr(
    fault: Callable[[FakeTelegram], None], telegram: FakeTelegram, everything_logged: pytest.LogCaptureFixture
) -> None:
    notifier = notifier_for(telegram)
    seen = [repr(notifier), str(notifier)]

    fault(telegram)
    seen += await told_by(notifier.start())
    telegram.recover()
    await notifier.start()
    fault(telegram)
    seen += await told_by(notifier.notify(notice(1)))
    await notifier.stop()

    assert "HTTP Request: POST" in everything_logged.text  # the library was talkative indeed
    assert telegram.token not in "".join(texts_of_the_client(everything_logged))
    assert telegram.token not in "".join(seen)


async def told_by(call: Awaitable[None]) -> list[str]:
    """Every text that a failing call shows or keeps."""
    try:
        await call
    except HelixError as error:
        return [repr(error), "".join(traceback.format_exception(error)), *everything_held_by(error)]
    return []


def texts_of_the_client(log: pytest.LogCaptureFixture) -> list[str]:
    """Everything logged except by the local server, which runs in the same process here."""
    return [record.getMessage() for record in log.records if not record.name.startswith("uvicorn")]


def everything_held_by(error: BaseException | None) -> list[str]:
    """Texts of an exception and of every exception behind it, shown or not."""
    held = []
    while error is not None:
        held += [str(error), repr(error)]
        error = error.__cause__ or error.__context__
    return held


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"bot_token": None}, "TELEGRAM_BOT_TOKEN is not set"),
        ({"bot_token": SecretStr("PLANTED token")}, "TELEGRAM_BOT_TOKEN is not a bot token"),
        ({"bot_token": SecretStr("123:ABC/../PLANTED")}, "TELEGRAM_BOT_TOKEN is not a bot token"),
        ({"chat_id": None}, "TELEGRAM_CHAT_ID is not set"),
        ({"chat_id": "@me"}, "TELEGRAM_CHAT_ID is '@me'. Write a number"),
    ],
)
def test_a_wrong_setting_is_refused_by_name_and_a_secret_is_not_shown(changes: dict[str, object], told: str) -> None:
    values: dict[str, object] = {"bot_token": SecretStr("123:ABC"), "chat_id": "42"}

    with pytest.raises(ConfigError) as refused:
        helix_notifiers(PluginConfig(name="telegram", values=values | changes))

    assert told in str(refused.value)
    assert "PLANTED" not in str(refused.value)


@pytest.mark.parametrize("chat_id", ["-1001234567890", -1001234567890])
async def test_a_group_is_a_chat_as_well(chat_id: object, telegram: FakeTelegram) -> None:
    await fast(MemoryOutbox(1), notifier_for(telegram, chat_id=chat_id)).drain(5)

    assert telegram.messages[0].chat_id == -1001234567890


async def test_stopping_twice_or_before_the_start_is_fine(telegram: FakeTelegram) -> None:
    notifier = notifier_for(telegram)

    await notifier.stop()
    await notifier.start()
    await notifier.stop()
    await notifier.stop()

    with pytest.raises(HelixError, match="no usable answer"):
        await notifier.notify(notice(1))
