"""The notifiers that come with Helix keep every rule for notifiers."""

from __future__ import annotations

import asyncio
import json
import logging
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Self

import pytest
from pydantic import SecretStr

from helix_core import PluginConfig
from helix_core.testing import FakeTelegram, NotifierRig, NotifierSuite
from helix_plugins import apprise
from helix_plugins.log import LogNotifier
from helix_plugins.telegram import TelegramNotifier

if TYPE_CHECKING:
    from types import TracebackType

    from helix_core import Notifier


class Hasty(TelegramNotifier):
    """Leaves no time between two messages: the rules are about other things, and send many."""

    pause_s = 0.0


class TelegramRig(NotifierRig):
    """Telegram, and a Bot API on the loopback."""

    def __init__(self) -> None:
        self._telegram = FakeTelegram()
        self.secrets = (self._telegram.token,)

    @cached_property
    def notifier(self) -> Notifier:
        values = {"bot_token": SecretStr(self._telegram.token), "chat_id": "42", "base_url": self._telegram.url}
        return Hasty(PluginConfig(name="telegram", values=values))

    async def __aenter__(self) -> Self:
        await self._telegram.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._telegram.__aexit__(kind, error, trace)

    def received(self) -> list[str]:
        return [message.text for message in self._telegram.messages]

    def fail(self) -> None:
        self._telegram.fail(502)

    def recover(self) -> None:
        self._telegram.recover()

    def say(self, words: str, *, by_owner: bool = True) -> None:
        self._telegram.say(f"/{words}", chat_id=42 if by_owner else 43)


class AppriseRig(NotifierRig):
    """Apprise, and a service that takes its json:// posts."""

    secrets = ("PLANTED-PASSWORD", "PLANTED-PATH")

    def __init__(self) -> None:
        self._status, self._texts = 200, list[str]()

    @cached_property
    def notifier(self) -> Notifier:
        port = self._server.sockets[0].getsockname()[1]
        url = f"json://owner:PLANTED-PASSWORD@127.0.0.1:{port}/PLANTED-PATH"
        (notifier,) = apprise.helix_notifiers(PluginConfig(name="apprise", values={"urls": url}))
        return notifier

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    def received(self) -> list[str]:
        return self._texts

    def fail(self) -> None:
        self._status = 502

    def recover(self) -> None:
        self._status = 200

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].splitlines()[0])
        body = json.loads(await reader.readexactly(length))
        if self._status == 200:
            self._texts.append(body["message"])
        writer.write(f"HTTP/1.1 {self._status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


class LogRig(NotifierRig):
    """The program's own log."""

    notifier = LogNotifier()

    def __init__(self) -> None:
        self._handler, self._texts = logging.Handler(), list[str]()
        self._handler.emit = lambda record: self._texts.append(record.getMessage())  # type: ignore[method-assign]

    async def __aenter__(self) -> Self:
        logging.getLogger("helix.notice").addHandler(self._handler)
        logging.getLogger("helix.notice").setLevel(logging.INFO)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        logging.getLogger("helix.notice").removeHandler(self._handler)

    def received(self) -> list[str]:
        return self._texts

    def fail(self) -> None:
        """A log has no service that could be down."""

    def recover(self) -> None:
        """Nothing to mend."""


class TestTelegram(NotifierSuite):
    @pytest.fixture
    def rig(self) -> NotifierRig:
        return TelegramRig()


class TestApprise(NotifierSuite):
    @pytest.fixture
    def rig(self) -> NotifierRig:
        return AppriseRig()


class TestLog(NotifierSuite):
    exempt: ClassVar = {"nt03": "the program's own log has no service behind it that could refuse a message"}

    @pytest.fixture
    def rig(self) -> NotifierRig:
        return LogRig()
