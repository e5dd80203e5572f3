"""Polling over a real socket: whatever the far end does, it is seen, survived, and over when it is over."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from helix_core.clock import SystemClock
from helix_core.notify.listening import Listening
from helix_core.testing.telegram import FakeTelegram
from tests.notify.conftest import CHAT, notice, notifier_for
from tests.notify.secretary import MENU, Secretary, listening, until
from tests.notify.test_telegram_notifier import texts_of_the_client

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (FakeTelegram.reject_token, "ConfigError — Telegram does not accept TELEGRAM_BOT_TOKEN."),
        (lambda server: server.fail(409, "Conflict: terminated by other getUpdates"), "Another program reads"),
        (lambda server: server.fail(502), "Telegram gives no usable answer (NetworkError)"),
        (FakeTelegram.talk_nonsense, "Telegram gives no usable answer"),
        (lambda server: server.talk_nonsense(b'{"ok": true, "result": 42}'), ""),
        (lambda server: server.talk_nonsense(b"[" * 100_000), ""),
        (lambda server: server.ask_for_pause(1, times=None), "RateLimited — Telegram asks for a pause"),
    ],
    ids=["401", "409", "502", "nonsense", "wrong", "deep", "429"],
)
async def test_trouble_is_visible_kept_away_from_everybody_and_over_when_it_is_over(
    fault: Callable[[FakeTelegram], None],
    problem: str,
    telegram: FakeTelegram,
    everything_logged: pytest.LogCaptureFixture,
) -> None:
    secretary = Secretary()
    async with listening(telegram, secretary) as line:
        await until(lambda: line.last_ok)
        fault(telegram)
        telegram.say("/status", chat_id=CHAT)  # ends the poll under way

        await until(lambda: line.problem)
        told = (line.since, line.problem)
        telegram.recover()
        await telegram.wait_for_messages(1)
        await until(lambda: line.problem is None)

    assert told[0] is None
    assert problem in str(told[1])
    assert telegram.token not in "".join(texts_of_the_client(everything_logged))
    assert secretary.words == ["status"]
    assert [message.text for message in telegram.messages] == ["heard status"], "an answer that failed is sent later"


async def test_a_poll_that_hangs_holds_up_no_message(telegram: FakeTelegram) -> None:
    notifier = notifier_for(telegram)
    listener = Listening([notifier], MENU, SystemClock())
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(listener.run(Secretary().hear))
        await until(lambda: list(telegram.calls).count("getUpdates") == 2)

        await notifier.start()
        async with asyncio.timeout(5):
            await notifier.notify(notice(1))

        running.cancel()
        await notifier.stop()
    assert [message.text for message in telegram.messages] == ["message 1"]


async def test_listening_ends_at_once_when_it_is_told_to(telegram: FakeTelegram) -> None:
    loop = asyncio.get_running_loop()
    async with listening(telegram, Secretary()):
        await until(lambda: list(telegram.calls).count("getUpdates") == 2)
        asked_at = loop.time()

    assert loop.time() - asked_at < 1
