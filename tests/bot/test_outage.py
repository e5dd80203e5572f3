"""A day and a night without Telegram, or too much for it at once: trading does not notice, and all is told in order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tests.bot.phone import OWNER, STRANGER, Phone, with_a_phone

if TYPE_CHECKING:
    from tests.bot.conftest import Venue
    from tests.bot.staged import StagedBot

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AFTERNOON = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)
EVENING = datetime(2026, 3, 1, 23, 58, 40, tzinfo=UTC)
NEXT_NOON = datetime(2026, 3, 2, 11, 59, tzinfo=UTC)
HIGHER, LOWER, AT_THE_STOP = Decimal("64900.00"), Decimal("63900.00"), Decimal("62000.00")
LEDGER = {
    "trades": "SELECT signal_id, side, entry_price, exit_price, quantity, status, pnl, close_reason FROM trades",
    "signals": "SELECT signal_id, action, rejection_reason FROM signals ORDER BY id",
    "orders": "SELECT kind, state, quantity, filled FROM journal ORDER BY sent_at",
    "messages": "SELECT kind, text FROM outbox ORDER BY id",
}


LAST_TRADE = "SELECT status, close_reason FROM trades ORDER BY id DESC LIMIT 1"
ANSWERS = ("📋 STATUS", "⚠️ NOT DONE: /resume", "❗ STOP?", "🛑 STOPPED")


class Day:
    """One day of trading; between the acts the bot goes on, or it is off."""

    def __init__(self, bot: StagedBot, venue: Venue, *, off_between: bool) -> None:
        self.bot, self.venue, self._off = bot, venue, off_between
        self.answers: list[str] = []

    async def comes_to(self, then: datetime) -> None:
        """Let time pass until then."""
        if self._off:
            await self.bot.dies()
        await self.bot.stage.sleep((then - self.bot.stage.clock.now()).total_seconds())
        if self._off:
            await self.bot.starts()

    async def signal(self, action: str) -> None:
        self.answers.append((await self.bot.post(action)).json()["status"])
        await self.bot.stage.sleep(2)

    async def round_trip(self, price: Decimal) -> None:
        """Buy, sell at another price, and have the market back where it was."""
        before = self.venue.sandbox.venue.listing().last
        await self.signal("BUY")
        self.venue.sandbox.venue.set_price(price)
        await self.signal("SELL")
        self.venue.sandbox.venue.set_price(before)

    async def stopped_out(self) -> None:
        before = self.venue.sandbox.venue.listing().last
        await self.signal("BUY")
        await self.signal("BUY")
        self.venue.sandbox.venue.set_price(AT_THE_STOP)
        await self.bot.stage.sleep(10)
        self.venue.sandbox.venue.set_price(before)

    def ledger(self) -> dict[str, Any]:
        """All that was traded and said of it, apart from the times."""
        return {"answers": self.answers, **{name: self.bot.rows(query) for name, query in LEDGER.items()}}


async def lives_through(day: Day, phone: Phone, *, without_telegram: bool) -> dict[str, Any]:
    """A day and its trades. Telegram is out in one way after the other, and the owner writes all the same."""
    phone.breaks("refused" if without_telegram else "")
    await day.round_trip(HIGHER)
    await day.comes_to(AFTERNOON)
    phone.breaks("bad gateway" if without_telegram else "")
    await day.stopped_out()
    if without_telegram:
        phone.says("/status")
        phone.says("/resume")
    await day.comes_to(EVENING)
    phone.breaks("silence" if without_telegram else "")
    await day.round_trip(LOWER)
    await day.bot.stage.sleep(30)
    await day.comes_to(NEXT_NOON)
    phone.breaks("nonsense" if without_telegram else "")
    await day.signal("BUY")
    await day.bot.stage.sleep(30)
    return day.ledger()


def undisturbed(*, off_between: bool) -> dict[str, Any]:
    """The ledger of the same day with Telegram as it should be."""
    kept: dict[str, Any] = {}

    async def scenario(bot: StagedBot, venue: Venue, phone: Phone) -> None:
        day = Day(bot, venue, off_between=off_between)
        kept.update(await lives_through(day, phone, without_telegram=False))
        assert phone.texts == bot.notices()

    with_a_phone(scenario, NOON)
    return kept


@pytest.mark.parametrize("off_between", [True, pytest.param(False, marks=pytest.mark.deep)])
def test_a_day_without_telegram_harms_no_trade_and_every_message_comes_in_order(off_between: bool) -> None:
    async def scenario(bot: StagedBot, venue: Venue, phone: Phone) -> None:
        await phone.shows("🤖 BOT STARTED")
        began = bot.stage.clock.now()

        ledger = await lives_through(Day(bot, venue, off_between=off_between), phone, without_telegram=True)
        phone.says("/stop")
        phone.says("/stop confirm")
        phone.telegram.say("/stop confirm", chat_id=STRANGER)
        await bot.stage.sleep((began + timedelta(hours=24) - bot.stage.clock.now()).total_seconds())
        word = (await bot.get("/health")).json()["status"]
        before = len(phone.texts)
        phone.comes_back()
        await bot.until(LAST_TRADE, [("closed", "manual")], 180)
        await bot.stage.until(lambda: len(phone.texts) >= len(bot.notices()) + len(ANSWERS), 120)
        await bot.stage.sleep(5)

        assert ledger == expected, "trading did not notice"
        assert (before, word) == (1, "degraded"), "nothing came through, and the bot says so"
        answers = [text for text in phone.texts if text.startswith(ANSWERS)]
        assert [text for text in phone.texts if text not in answers] == bot.notices()
        assert bot.stage.messages == bot.notices(), "the other notifier had them all the while"
        assert bot.rows("SELECT count(*) FROM dead_letters") == [(0,)]
        assert [next(begin for begin in ANSWERS if text.startswith(begin)) for text in answers] == list(ANSWERS)
        assert bot.rows("SELECT count(*) FROM halts") == [(1,)]
        assert {message.chat_id for message in phone.telegram.messages} == {OWNER}
        assert shortest_pause(phone) >= timedelta(seconds=1)

    expected = undisturbed(off_between=off_between)
    assert [(status, reason) for *_, status, _, reason in expected["trades"]] == [
        *(("closed", "signal"), ("stopped_out", "stop_loss"), ("closed", "signal"), ("open", None))
    ]
    (summary,) = [text for kind, text in expected["messages"] if kind == "daily_summary"]
    assert summary.startswith("📊 DAILY SUMMARY: Trades: 3 |")
    assert summary.endswith("| WR: 33%")
    with_a_phone(scenario, NOON)


def shortest_pause(phone: Phone) -> timedelta:
    """Between two messages that arrived."""
    times = [message.at for message in phone.telegram.messages]
    return min(late - early for early, late in pairwise(times))


def test_an_answer_waits_for_one_message_however_many_have_piled_up_and_all_keep_telegrams_pace() -> None:
    async def scenario(bot: StagedBot, _: Venue, phone: Phone) -> None:
        await phone.shows("🤖 BOT STARTED")
        for number in range(60):
            bot.change(f"INSERT INTO outbox (kind, text, at) VALUES ('trade_opened', 'no. {number}', '2026-03-01')")
        await phone.shows("no. 5")
        for text in ("/status", "/today", "/stop"):
            phone.says(text)
            began = bot.stage.clock.now()
            await bot.stage.sleep(2.5)
            answered = [one.at for one in phone.telegram.messages if not one.text.startswith(("no.", "🤖"))]
            assert timedelta(0) < answered[-1] - began < timedelta(seconds=2.2)

        await phone.shows("no. 59")

        assert [text for text in phone.texts if text.startswith("no.")] == [f"no. {number}" for number in range(60)]
        assert [text[:1] for text in phone.texts if not text.startswith("no.")] == ["🤖", "📋", "📊", "❗"]
        assert shortest_pause(phone) >= timedelta(seconds=1)

    with_a_phone(scenario, NOON)


def test_while_telegram_wants_a_pause_nothing_is_sent_and_a_stop_is_heard_all_the_same() -> None:
    async def scenario(bot: StagedBot, _: Venue, phone: Phone) -> None:
        await phone.shows("🤖 BOT STARTED")
        phone.telegram.ask_for_pause(60, only="sendMessage")
        await bot.post("BUY")
        await bot.stage.sleep(3)
        tried = list(phone.telegram.calls).count("sendMessage")

        phone.says("/stop")
        phone.says("/stop confirm")
        await bot.until(LAST_TRADE, [("closed", "manual")], 10)

        assert len(phone.texts) == 1
        assert list(phone.telegram.calls).count("sendMessage") == tried
        await phone.shows("🛑 STOPPED", 70)
        await phone.shows("🔴 CLOSED", 70)
        assert sorted(phone.texts[1:]) == sorted(
            [*bot.notices()[1:], *filter(lambda text: text.startswith(ANSWERS), phone.texts)]
        )
        assert shortest_pause(phone) >= timedelta(seconds=1)

    with_a_phone(scenario, NOON)
