"""The owner's phone on a stage: the real Telegram plugin, and a Bot API server in simulated time.

The plugin's own HTTP client asks. Only the socket is missing: in its place an answer comes from the server at once, or
none comes for as long as the client waits for one.
"""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import respx

from helix_core.plugins import Plugins
from helix_core.sandbox import prove
from helix_core.sim.stage import Stage
from helix_core.testing.telegram import FakeTelegram
from tests.bot.conftest import PRICE, Venue
from tests.bot.staged import StagedBot

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from helix_core.sim.life import Life

OWNER, STRANGER = 42, 43
_ORIGIN = "http://127.0.0.1:8081"


class _Stage(Stage):
    """A stage on which the notifiers are those of the settings, beside the stage's own owner."""

    def _plugins(self, life: Life) -> Plugins:
        plugins = super()._plugins(life)
        real = Plugins.load(self.settings.plugin_values, disabled=self.settings.disabled_plugins)
        plugins.notifiers = (*plugins.notifiers, *real.notifiers)
        return plugins


class Phone:
    """The owner's chat with the bot, and the line between bot and Bot API, which can be cut."""

    def __init__(self, stage: Stage, telegram: FakeTelegram) -> None:
        self.telegram, self.cut = telegram, False
        self._stage, self._server = stage, httpx.ASGITransport(telegram.app)

    @property
    def texts(self) -> list[str]:
        """What arrived, oldest first."""
        return [message.text for message in self.telegram.messages]

    def says(self, text: str) -> None:
        self.telegram.say(text, chat_id=OWNER)

    async def shows(self, beginning: str, within_s: float = 150.0) -> None:
        """Let time pass until a message that begins so is there."""
        there = await self._stage.until(lambda: any(text.startswith(beginning) for text in self.texts), within_s)
        assert there, (beginning, self.texts)

    def breaks(self, way: str) -> None:
        """Nothing goes through any more: the server is not there, or is but makes no sense, or never answers."""
        self.comes_back()
        match way:
            case "refused":
                self.cut = True
            case "bad gateway":
                self.telegram.fail(502)
            case "silence":
                self.telegram.fall_silent()
            case "nonsense":
                self.telegram.talk_nonsense()

    def comes_back(self) -> None:
        """All is well."""
        self.cut = False
        self.telegram.recover()

    async def carry(self, request: httpx.Request) -> httpx.Response:
        """What becomes of one request."""
        if self.cut:
            message = "Connection refused"
            raise httpx.ConnectError(message, request=request)
        try:
            async with asyncio.timeout(request.extensions["timeout"]["read"]):
                return await self._server.handle_async_request(request)
        except TimeoutError:
            message = "nothing to read"
            raise httpx.ReadTimeout(message, request=request) from None


def with_a_phone(
    scenario: Callable[[StagedBot, Venue, Phone], Awaitable[Any]], epoch: datetime, **changes: str
) -> None:
    """Play a scenario on a stage of its own, with a bot that is ready."""
    token = FakeTelegram().token
    settings: Mapping[str, str] = {
        "DISABLED_PLUGINS": "apprise,log",
        "TELEGRAM_BOT_TOKEN": token,
        "TELEGRAM_CHAT_ID": str(OWNER),
        "TELEGRAM_BASE_URL": _ORIGIN,
        **changes,
    }
    with closing(_Stage(exchange="binance", price=PRICE, settings=settings, epoch=epoch)) as stage:
        phone = Phone(stage, FakeTelegram(token, stage.clock))

        async def play() -> None:
            assert await stage.ready()
            await scenario(StagedBot(stage), Venue(stage.sandbox, ""), phone)

        with respx.mock(base_url=_ORIGIN, assert_all_called=False, using="httpx") as router:
            router.route().mock(side_effect=phone.carry)
            stage.play(play())
        prove(stage.sandbox.venue)
