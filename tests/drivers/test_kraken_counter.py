"""Kraken's counter of questions, kept on this side: it is never exceeded, and what matters more goes first."""

from __future__ import annotations

import asyncio

import pytest

from helix_core import RateLimited, SystemClock
from helix_kraken.client import KrakenClient
from helix_kraken.counter import Counter, RestLimit
from helix_kraken.rank import Rank, looking
from tests.drivers.test_kraken_lane import HandClock


async def test_the_polls_of_the_core_never_fill_the_lowest_tier_s_counter() -> None:
    """An hour of balances and open orders as often as the driver says, with an instrument every ten minutes."""
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

    with looking():
        await counter.room(9.0, 0.0)  # and there is room for the questions of a whole entry or exit


async def test_each_rank_leaves_something_for_those_above() -> None:
    """Polls the half, the watch over stops one: what became of an order is asked at once, whatever went before."""
    counter = Counter(HandClock(), RestLimit())

    for rank, fits in ((Rank.POLL, 7), (Rank.WATCH, 6), (Rank.LOOK, 1)):
        with looking(rank):
            for _ in range(fits):
                await counter.spend("OpenOrders")
            with pytest.raises(RateLimited):
                await counter.room(1.0, 0.0)


async def test_room_goes_by_rank_and_then_by_arrival() -> None:
    """A search for four is not starved by questions for one that come later; a look overtakes both."""
    counter, came = Counter(SystemClock(), RestLimit(most=4, per_s=20, polls_leave=0, watch_leaves=0)), []
    counter.fill()

    async def ask(name: str, rank: Rank, path: str) -> None:
        with looking(rank):
            await counter.room(4.0 if path == "ClosedOrders" else 1.0, 5.0)
            await counter.spend(path)
        came.append(name)

    async with asyncio.TaskGroup() as group:
        for name, rank, path in (
            ("list", Rank.WATCH, "ClosedOrders"),
            ("watch", Rank.WATCH, "OpenOrders"),
            ("look", Rank.LOOK, "QueryOrders"),
        ):
            group.create_task(ask(name, rank, path))

    assert came == ["look", "list", "watch"]


@pytest.mark.parametrize(("path", "fits"), [("ClosedOrders", 3), ("OpenOrders", 14)])
async def test_a_search_of_the_history_counts_four(path: str, fits: int) -> None:
    counter = Counter(HandClock(), RestLimit())

    with looking(Rank.CONFIRMATION):
        for _ in range(fits):
            await counter.spend(path)

        with pytest.raises(RateLimited):
            await counter.spend("ClosedOrders")


async def test_a_counter_that_kraken_calls_full_is_full() -> None:
    clock = HandClock()
    counter = Counter(clock, RestLimit())
    counter.fill()

    with looking(Rank.CONFIRMATION):
        with pytest.raises(RateLimited) as limited:
            await counter.room(2.0, 5.0)
        clock.at_s += 6.1
        await counter.room(2.0, 0.0)

    assert limited.value.retry_after_s == pytest.approx(2.0 / 0.33)


async def test_what_is_asked_in_vain_leaves_room_for_what_must_be_asked_once_kraken_answers_again() -> None:
    """A look-up through an outage would spend all, and a position would wait for each question after it."""
    counter = Counter(HandClock(), RestLimit())

    with looking():
        counter.answered(well=False)
        await counter.spend("ClosedOrders")
        await counter.spend("ClosedOrders")
        with pytest.raises(RateLimited):
            await counter.room(1.0, 0.0)
        counter.answered(well=True)
        await counter.room(6.0, 0.0)


async def test_while_kraken_is_silent_it_is_tried_every_few_seconds_however_little_is_left() -> None:
    """To save up first would go on for 20 s where the counter was full, long after Kraken answers again."""
    clock = HandClock()
    counter = Counter(clock, RestLimit())
    counter.fill()
    counter.answered(well=False)

    with looking():
        with pytest.raises(RateLimited) as limited:
            await counter.room(1.0, 0.0)
        clock.at_s += 5.0
        await counter.spend("BalanceEx")
        clock.at_s += 4.0
        with pytest.raises(RateLimited):
            await counter.room(1.0, 0.0)

    assert limited.value.retry_after_s == pytest.approx(1.0 / 0.33, abs=0.1)
