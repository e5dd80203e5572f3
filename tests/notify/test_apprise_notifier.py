"""Apprise over a real socket: delivered or raised, one address never in another's way, and no address in any log."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from helix_core import ConfigError, HelixError, PluginConfig
from helix_core.clock import SystemClock
from helix_core.notify import Delivery
from helix_plugins.apprise import helix_notifiers
from tests.notify.conftest import MemoryOutbox, notice

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from helix_core import Notifier


class Receiver:
    """A service that takes Apprise's json:// posts, or refuses them with `status`."""

    def __init__(self) -> None:
        self.status = 200
        self.texts: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].splitlines()[0])
        body = json.loads(await reader.readexactly(length))
        if self.status == 200:
            self.texts.append(body["message"])
        writer.write(f"HTTP/1.1 {self.status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@pytest.fixture
async def service() -> AsyncIterator[tuple[Receiver, str]]:
    """A receiver and its address in Apprise's form, with a password in it."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield receiver, f"json://owner:PLANTED-PASSWORD@127.0.0.1:{port}/PLANTED-PATH"


def notifiers(urls: object) -> list[Notifier]:
    return list(helix_notifiers(PluginConfig(name="apprise", values={} if urls is None else {"urls": urls})))


@pytest.mark.parametrize("urls", [None, "", " , ", [], (), [""], SecretStr("")])
def test_no_address_no_notifier(urls: object) -> None:
    assert notifiers(urls) == []


@pytest.mark.parametrize(
    "urls",
    [
        "json://a/?to=x,y, json://b",
        "json://a/?to=x,y,json://b,",
        ["json://a/?to=x,y", "json://b"],
        ["json://a/?to=x,y", SecretStr("json://b")],
        SecretStr("json://a/?to=x,y,json://b"),
    ],
)
def test_each_address_is_a_notifier_with_a_place_of_its_own_in_the_outbox(urls: object) -> None:
    assert [notifier.name for notifier in notifiers(urls)] == ["apprise", "apprise_2"]


async def test_messages_arrive_and_a_dead_address_is_in_nobodys_way(service: tuple[Receiver, str]) -> None:
    receiver, url = service
    outbox = MemoryOutbox(3)
    both = notifiers(f"json://127.0.0.1:1, {url}")
    delivery = Delivery(both, outbox, SystemClock(), first_pause_s=0.01, longest_pause_s=0.05)

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(delivery.run())
        async with asyncio.timeout(30):
            while outbox.cursors.get("apprise_2") != 3:
                await asyncio.sleep(0.01)
        running.cancel()

    assert receiver.texts == ["message 1", "message 2", "message 3"]
    assert "apprise" not in outbox.cursors


@pytest.mark.parametrize("status", [401, 429, 500])
async def test_a_service_that_refuses_is_an_error_and_never_a_delivery(
    status: int, service: tuple[Receiver, str]
) -> None:
    receiver, url = service
    receiver.status = status
    (notifier,) = notifiers(url)
    await notifier.start()

    with pytest.raises(HelixError, match="address 1 did not take the message"):
        await notifier.notify(notice(1))


async def test_before_the_start_nothing_is_delivered() -> None:
    (notifier,) = notifiers("json://127.0.0.1:1")

    with pytest.raises(HelixError):
        await notifier.notify(notice(1))


@pytest.mark.parametrize("wrong", ["nosuch://PLANTED-PASSWORD@host", "PLANTED-PASSWORD", "tgram://PLANTED-PASSWORD/"])
async def test_an_unreadable_address_is_refused_by_its_position(
    wrong: str, everything_logged: pytest.LogCaptureFixture
) -> None:
    notifier = notifiers(["json://127.0.0.1:1", wrong])[1]

    with pytest.raises(ConfigError) as refused:
        await notifier.start()

    assert "APPRISE_URLS: Apprise cannot read address 2" in str(refused.value)
    assert "PLANTED" not in str(refused.value) + repr(notifier) + everything_logged.text


@pytest.mark.parametrize("status", [200, 500])
async def test_no_part_of_an_address_is_ever_logged(
    status: int, service: tuple[Receiver, str], everything_logged: pytest.LogCaptureFixture
) -> None:
    receiver, url = service
    receiver.status = status
    delivery = Delivery(notifiers(url), MemoryOutbox(1), SystemClock(), first_pause_s=0.01)

    await delivery.drain(0.5)

    assert len(receiver.texts) == (status == 200)
    assert "PLANTED" not in everything_logged.text + str(delivery.problems())
