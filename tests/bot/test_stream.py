"""The ear of the bot: what it hears makes it look at once, and what it does not hear costs nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from helix_core import AuthenticationFailed, Capabilities, ExchangeUnavailable, OrderEvent, RateLimited
from helix_core.engine.stream import OrderStream
from helix_core.sandbox import Fault, FaultKind
from tests.bot.conftest import RunningBot, Venue, environment, running
from tests.drivers.specimens import SYMBOL
from tests.notify import virtual_time

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NEWS = OrderEvent("1", "a")
STREAMS = Capabilities(testnet=True, entry_carries_stop=False, order_fence_s=1, streams=True)


@dataclass
class ScriptedVenue:
    """A venue whose streams go as a test says: each is a list of what it yields, seconds of quiet, and its end."""

    streams: list[list[Any]]
    capabilities: Capabilities = STREAMS
    opened_s: list[float] = field(default_factory=list)
    closed: int = 0

    async def order_events(self, symbol: str) -> AsyncIterator[OrderEvent | None]:
        assert symbol == SYMBOL
        self.opened_s.append(asyncio.get_running_loop().time())
        try:
            for step in self.streams.pop(0) if self.streams else [ExchangeUnavailable("down")]:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, float):
                    await asyncio.sleep(step)
                else:
                    yield step
        finally:
            self.closed += 1


@dataclass
class Bell:
    """Remembers when it was rung."""

    rung_s: list[float] = field(default_factory=list)

    def __call__(self) -> None:
        self.rung_s.append(round(asyncio.get_running_loop().time(), 3))


def listen(venue: ScriptedVenue, seconds: float) -> tuple[Bell, Bell]:
    """Listen for so long, in no time. Returns when it hinted, and when it said that it was back."""
    hint, back = Bell(), Bell()

    async def main() -> None:
        stream = OrderStream(venue, SYMBOL, hint=hint, reconciled=back)  # type: ignore[arg-type]
        try:
            async with asyncio.timeout(seconds):
                await stream.run()
        except TimeoutError:
            assert not stream.up

    virtual_time.run(main())
    return hint, back


def test_every_subscription_is_a_hint_and_every_return_is_told() -> None:
    """Anything may have happened before the first and between two."""
    venue = ScriptedVenue([[None, 100.0, ExchangeUnavailable("gone")], [None, 1000.0]])

    hint, back = listen(venue, 200)

    assert (hint.rung_s, back.rung_s) == ([0, 101], [101])


def test_a_burst_of_news_is_two_hints() -> None:
    """One at once, one when it is over; news after a pause is heard at once again."""
    venue = ScriptedVenue([[None, 10.0, NEWS, NEWS, NEWS, 0.05, NEWS, 3.0, NEWS, 1000.0]])

    hint, _ = listen(venue, 100)

    assert hint.rung_s == [0, 10, 10.2, 13.05]


def test_it_waits_longer_after_each_end_and_never_gives_up() -> None:
    """1, 2, 5, 10 and then 30 s; whatever the driver raised."""
    venue = ScriptedVenue([[ExchangeUnavailable("a")], [RuntimeError("a bug of the driver")], [], [None]])

    listen(venue, 110)

    assert venue.opened_s == [0, 1, 3, 8, 18, 48, 78, 108]
    assert venue.closed == len(venue.opened_s), "a connection was left open"


def test_a_connection_that_lasted_starts_the_series_anew() -> None:
    """One that stood for a second does not, or a venue that hangs up at once would be called every second."""
    flaky = [[None, 1.0, ExchangeUnavailable("gone")] for _ in range(3)]
    venue = ScriptedVenue([*flaky, [None, 60.0, ExchangeUnavailable("gone")], [None, 1000.0]])

    listen(venue, 200)

    assert venue.opened_s == [0, 2, 5, 11, 72]


def test_a_pause_the_venue_asks_for_is_kept() -> None:
    venue = ScriptedVenue([[RateLimited("slow down", 90)]])

    listen(venue, 100)

    assert venue.opened_s == [0, 90, 92, 97]


@pytest.mark.parametrize("streams", [True, False])
def test_where_there_is_nothing_to_hear_it_sleeps(streams: bool) -> None:
    """A key without the right is asked once, a venue without streams never."""
    venue = ScriptedVenue([[AuthenticationFailed("not this key")]], replace(STREAMS, streams=streams))

    hint, _ = listen(venue, 100_000)

    assert venue.opened_s == ([0] if streams else [])
    assert hint.rung_s == []


async def holding(bot: RunningBot) -> None:
    """Hold a position under a living stop."""
    await bot.post("BUY")
    await bot.until("SELECT status FROM trades", [("open",)])


async def asked_again(venue: Venue) -> float:
    """Wait until the open orders are asked for once more, and tell how many seconds that took."""
    asked, began_s = venue.sandbox.count("GET", "/api/v3/openOrders"), asyncio.get_running_loop().time()
    async with asyncio.timeout(30):
        while venue.sandbox.count("GET", "/api/v3/openOrders") == asked:
            await asyncio.sleep(0.005)
    return asyncio.get_running_loop().time() - began_s


async def test_a_stop_that_fills_is_looked_for_at_once(bot: RunningBot, venue: Venue) -> None:
    """The bot has just asked, and would by itself ask again in a second."""
    await holding(bot)
    await asyncio.sleep(0.5)  # the last news of the stop's own birth
    await asked_again(venue)
    await asyncio.sleep(0.1)

    venue.sandbox.venue.set_price(Decimal("60000.00"))
    heard_after_s = await asked_again(venue)

    await bot.until("SELECT status FROM trades", [("stopped_out",)])
    assert heard_after_s < 0.5


async def test_without_a_stream_everything_works_by_asking(tmp_path: Path, venue: Venue) -> None:
    """The venue's stream is down all day."""
    venue.sandbox.faults.add(Fault(on="WS *", kind=FaultKind.HTTP_5XX, times=None))
    async with running(tmp_path, environment(venue)) as bot:
        await holding(bot)
        venue.sandbox.venue.set_price(Decimal("60000.00"))
        await bot.until("SELECT status FROM trades", [("stopped_out",)])


async def test_a_stream_that_broke_is_there_again_within_seconds(bot: RunningBot, venue: Venue) -> None:
    assert venue.sandbox.streams.open == 1

    venue.sandbox.streams.hang_up()

    async with asyncio.timeout(30):
        while venue.sandbox.count("WS", "/ws-api/v3") < 2 or not venue.sandbox.streams.open:
            await asyncio.sleep(0.01)
