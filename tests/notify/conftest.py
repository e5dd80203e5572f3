"""An outbox in memory, a bot on a local Bot API, and notices to deliver."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from helix_core import Instrument, Notice, NoticeKind, PluginConfig
from helix_core.testing.telegram import FakeTelegram
from helix_plugins.telegram import TelegramNotifier

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

NOW = datetime(2026, 5, 15, 8, 14, 32, tzinfo=UTC)
CHAT = 42


def notice(notice_id: int, text: str = "") -> Notice:
    return Notice(notice_id=notice_id, kind=NoticeKind.TRADE_OPENED, text=text or f"message {notice_id}", at=NOW)


class MemoryOutbox:
    """What the store promises, without a disk: messages in order, and a cursor for each notifier."""

    def __init__(self, count: int = 0) -> None:
        self.notices = [notice(number) for number in range(1, count + 1)]
        self.cursors: dict[str, int] = {}
        self.given_up: dict[int, str] = {}

    def add(self, text: str = "") -> None:
        self.notices.append(notice(len(self.notices) + 1, text))

    async def pending(self, notifier: str, limit: int) -> Sequence[Notice]:
        return [each for each in self.notices if each.notice_id > self.cursors.get(notifier, 0)][:limit]

    async def delivered(self, notifier: str, notice_id: int) -> None:
        self.cursors[notifier] = notice_id

    async def give_up(self, notifier: str, before: datetime, problem: str, now: datetime, told: str | None) -> int:
        old = [each for each in await self.pending(notifier, 10**6) if each.at < before]
        self.given_up |= {each.notice_id: problem for each in old}
        if old:
            await self.delivered(notifier, old[-1].notice_id)
        if old and told is not None:
            self.notices.append(replace(notice(len(self.notices) + 1, told), at=now))
        return len(old)


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    """A Bot API on a real socket."""
    async with FakeTelegram() as server:
        yield server


class Hasty(TelegramNotifier):
    """Leaves no time between two messages."""

    pause_s = 0.0


def notifier_for(telegram: FakeTelegram, **changes: object) -> TelegramNotifier:
    """The Telegram notifier as an owner would have configured it, pointed at the local server."""
    values: dict[str, object] = {
        "bot_token": SecretStr(telegram.token),
        "chat_id": str(CHAT),
        "base_url": telegram.url,
    }
    return Hasty(PluginConfig(name="telegram", values=values | changes))


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """The log of all libraries at their most talkative."""
    for name in ("", "httpx", "httpcore", "telegram", "apprise", "urllib3", "helix_core", "helix_plugins"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


def instrument(quote: str = "USDT", tick: str = "0.01") -> Instrument:
    return Instrument(
        symbol=f"BTC/{quote}",
        base="BTC",
        quote=quote,
        native_id=f"BTC{quote}",
        trading=True,
        lot_step=Decimal("0.00001"),
        price_tick=Decimal(tick),
        min_quantity=Decimal("0.00001"),
        max_quantity=Decimal(100),
        min_notional=Decimal(5),
        taker_fee=Decimal("0.001"),
    )
