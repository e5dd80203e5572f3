"""One lane, one source of nonces, one counter; and orders first."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from helix_core import Clock, RateLimited
from helix_core.clock import SystemClock
from helix_kraken.client import KrakenClient
from helix_kraken.counter import Counter, RestLimit
from tests.drivers.kraken_venue import ADD, BALANCE, OPEN, QUERY, SECRET, Impatient, ok, set_up
from tests.drivers.specimens import SYMBOL, entry
from tests.drivers.tiny_venue import Reply

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from helix_core import ExchangeConfig
    from tests.drivers.tiny_venue import TinyVenue

EMPTY = ok({})


def nonces(tiny: TinyVenue) -> list[int]:
    """Nonces in the order in which they arrived."""
    return [int(seen.parameters["nonce"]) for seen in tiny.seen if "nonce" in seen.parameters]


async def test_fifty_calls_at_once_arrive_with_growing_nonces(kraken: KrakenClient, tiny: TinyVenue) -> None:
    tiny.on("POST", QUERY, EMPTY)
    calls = [kraken.get_balance() if number % 5 else kraken.place_market_order(entry()) for number in range(50)]

    await asyncio.gather(*calls, return_exceptions=True)

    arrived = nonces(tiny)
    assert len(arrived) >= 50
    assert arrived == sorted(set(arrived))


async def test_nonces_go_on_growing_after_a_new_connection(kraken: KrakenClient, tiny: TinyVenue) -> None:
    await kraken.get_balance()
    await kraken.disconnect()
    await kraken.connect()
    await kraken.get_balance()

    arrived = nonces(tiny)
    assert arrived == sorted(set(arrived))


async def test_an_order_overtakes_the_questions_that_wait(kraken: KrakenClient, tiny: TinyVenue) -> None:
    """Ten polls wait for each other; the order goes as soon as the one under way is answered."""
    tiny.on("POST", QUERY, EMPTY)
    polls = [asyncio.ensure_future(kraken.get_balance()) for _ in range(10)]
    while not tiny.seen:
        await asyncio.sleep(0)

    await kraken.place_market_order(entry())
    await asyncio.gather(*polls)

    paths = [seen.path for seen in tiny.seen]
    assert paths.index(ADD) <= 2
    assert paths.count(BALANCE) == 10


async def test_an_order_does_not_wait_for_a_venue_that_hangs_over_a_question(
    kraken: KrakenClient, tiny: TinyVenue
) -> None:
    """Half a second, no more: the order's nonce is the younger one, so nothing can refuse it."""
    tiny.on("POST", BALANCE, Reply("", fault="hang"))
    tiny.on("POST", QUERY, EMPTY)

    class Patient(Impatient):
        bounds = KrakenClient.bounds

    client = Patient(kraken.config)
    client.line.venue = kraken.line.venue
    client.prepare(client.line.venue)
    poll = asyncio.ensure_future(client.get_balance())
    while not tiny.seen:
        await asyncio.sleep(0)

    began_s = kraken.config.clock.monotonic()
    order = asyncio.ensure_future(client.place_market_order(entry()))
    while not tiny.sent("POST", ADD):
        await asyncio.sleep(0.01)
    took_s = kraken.config.clock.monotonic() - began_s
    for task in (poll, order):
        task.cancel()
    await asyncio.gather(poll, order, return_exceptions=True)

    assert 0.4 < took_s < 1.5
    assert nonces(tiny) == sorted(nonces(tiny))


async def test_public_questions_wait_for_nobody(kraken: KrakenClient, tiny: TinyVenue) -> None:
    tiny.on("POST", BALANCE, Reply("", fault="hang"))
    poll = asyncio.ensure_future(kraken.get_balance())
    while not tiny.seen:
        await asyncio.sleep(0)

    async with asyncio.timeout(0.4):
        await kraken.get_ticker(SYMBOL)
    poll.cancel()
    await asyncio.gather(poll, return_exceptions=True)


async def test_a_full_counter_holds_questions_but_never_an_order(
    tiny: TinyVenue, config: Callable[..., ExchangeConfig]
) -> None:
    class Poor(Impatient):
        rest_limit = RestLimit(most=2, per_s=0.01, reserve=0)

    set_up(tiny)
    tiny.on("POST", QUERY, EMPTY)
    client = Poor(config(api_secret=SecretStr(SECRET)))
    await client.connect()

    with pytest.raises(RateLimited, match="used up"):
        await client.open_orders(SYMBOL)
    asked = len(tiny.sent("POST", OPEN))
    report = await client.place_market_order(entry())
    await client.disconnect()

    assert asked == 0
    assert report.raw_status == "placed"
    assert len(tiny.sent("POST", ADD)) == 1


class HandClock(Clock):
    """A clock the test winds."""

    def __init__(self) -> None:
        self.at_s = 100.0

    def now(self) -> datetime:
        raise NotImplementedError

    def monotonic(self) -> float:
        return self.at_s


async def test_the_polls_of_the_core_never_fill_the_lowest_tier_s_counter() -> None:
    """An hour of a balance every 20 s and open orders every 5 s, with an instrument every ten minutes."""
    clock = HandClock()
    counter = Counter(clock, KrakenClient.rest_limit)
    every = (
        ("BalanceEx", KrakenClient.capabilities.balance_poll_s),
        ("OpenOrders", KrakenClient.capabilities.orders_poll_s),
        ("TradeVolume", 600.0),
    )

    for second in range(3600):
        for path, period_s in every:
            if second % period_s == 0:
                await counter.spend(path)
        clock.at_s += 1

    await counter.room(9.0, 0.0)  # and there is room for the questions of a whole entry or exit


async def test_the_balance_gives_way_while_little_is_left() -> None:
    """It is asked for after every order, just when that order must be looked after."""
    clock = SystemClock()
    counter = Counter(clock, RestLimit(per_s=20.0))
    counter.fill()

    async def done_at_s(path: str) -> float:
        await counter.spend(path)
        return clock.monotonic()

    balance_s, look_s = await asyncio.gather(done_at_s("BalanceEx"), done_at_s("QueryOrders"))

    assert balance_s - look_s > 0.2


@pytest.mark.parametrize(("path", "fits"), [("ClosedOrders", 3), ("OpenOrders", 14)])
async def test_a_search_of_the_history_counts_four(path: str, fits: int) -> None:
    counter = Counter(HandClock(), RestLimit())

    for _ in range(fits):
        await counter.spend(path)

    with pytest.raises(RateLimited):
        await counter.spend("ClosedOrders")


async def test_a_counter_that_kraken_calls_full_is_full() -> None:
    clock = HandClock()
    counter = Counter(clock, RestLimit())
    counter.fill()

    with pytest.raises(RateLimited) as limited:
        await counter.room(2.0, 5.0)
    clock.at_s += 6.1
    await counter.room(2.0, 0.0)

    assert limited.value.retry_after_s == pytest.approx(2.0 / 0.33)
