"""One lane, one source of nonces, one counter; and orders first."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from helix_core import Clock, OrderKind, RateLimited
from helix_kraken.client import KrakenClient
from helix_kraken.counter import Counter, RestLimit
from helix_kraken.lane import Lane
from tests.drivers.kraken_venue import (
    ADD,
    BALANCE,
    ENTRY,
    KEY_INFO,
    OPEN,
    QUERY,
    SECRET,
    VOLUME,
    Impatient,
    bought,
    ok,
    queried,
    set_up,
)
from tests.drivers.specimens import SYMBOL, entry, ref
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
    polls = [asyncio.ensure_future(kraken.key_permissions()) for _ in range(10)]
    while not tiny.seen:
        await asyncio.sleep(0)

    await kraken.place_market_order(entry())
    await asyncio.gather(*polls, return_exceptions=True)

    paths = [seen.path for seen in tiny.seen]
    assert paths.index(ADD) <= 2
    assert paths.count(KEY_INFO) == 10


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

    began_s = asyncio.get_running_loop().time()
    order = asyncio.ensure_future(client.place_market_order(entry()))
    while not tiny.sent("POST", ADD):
        await asyncio.sleep(0.01)
    took_s = asyncio.get_running_loop().time() - began_s
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
        rest_limit = RestLimit(most=1, per_s=0.01, polls_leave=0, watch_leaves=0)

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


async def test_a_wait_too_short_for_the_clock_does_not_run_in_circles() -> None:
    """The order is due a trillionth of a second after a clock that stands still: it looks now and then, not always."""

    class Counted(HandClock):
        reads = 0

        def monotonic(self) -> float:
            self.reads += 1
            return super().monotonic()

    clock, answered = Counted(), asyncio.Event()
    lane = Lane(clock, Counter(clock, RestLimit()))

    async def poll() -> None:
        async with lane.turn("OpenOrders", signed=True, order=False):
            await answered.wait()

    async def order() -> None:
        async with lane.turn("AddOrder", signed=True, order=True):
            pass

    async with asyncio.TaskGroup() as group:
        group.create_task(poll())
        await asyncio.sleep(0)
        clock.at_s += 0.5 - 1e-12
        group.create_task(order())
        await asyncio.sleep(0.05)
        reads = clock.reads
        answered.set()

    assert 5 < reads < 400


async def test_a_look_overtakes_the_polls_that_wait(kraken: KrakenClient, tiny: TinyVenue) -> None:
    """Ten polls wait for each other; what became of an order is asked as soon as the one under way is answered."""
    tiny.on("POST", QUERY, queried(entry=bought()))
    tiny.on("POST", VOLUME, ok({"fees": {"XBTUSDT": {"fee": "0.25"}}}))
    await kraken.get_balance()
    await kraken.instrument(SYMBOL)  # until then everything is a look
    tiny.seen.clear()
    polls = [asyncio.ensure_future(kraken.key_permissions()) for _ in range(10)]
    while not tiny.seen:
        await asyncio.sleep(0)

    await kraken.find_order(ref(OrderKind.ENTRY, ENTRY))
    await asyncio.gather(*polls, return_exceptions=True)

    assert [seen.path for seen in tiny.seen].index(QUERY) <= 2


async def test_a_look_waits_a_second_for_an_order_without_an_answer(kraken: KrakenClient, tiny: TinyVenue) -> None:
    """No more: it may be that order whose fate it asks for."""
    tiny.on("POST", ADD, Reply("", fault="hang"))
    tiny.on("POST", QUERY, queried(entry=bought()))

    class Patient(Impatient):
        bounds = KrakenClient.bounds

    client = Patient(kraken.config)
    client.line.venue = kraken.line.venue
    client.prepare(client.line.venue)
    order = asyncio.ensure_future(client.place_market_order(entry()))
    while not tiny.sent("POST", ADD):
        await asyncio.sleep(0)

    began_s = asyncio.get_running_loop().time()
    await client.find_order(ref(OrderKind.ENTRY, ENTRY))
    took_s = asyncio.get_running_loop().time() - began_s
    order.cancel()
    await asyncio.gather(order, return_exceptions=True)

    assert 0.9 < took_s < 2.0
