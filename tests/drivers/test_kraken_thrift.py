"""Kraken counts questions: what is known is not asked, and what is asked goes where it is needed most."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from helix_core import IN_HAND, DataMissing, OrderOutcomeUnknown, RateLimited, StopWouldTrigger
from helix_kraken.counter import Counter, RestLimit
from helix_kraken.rank import Rank, looking, rank
from tests.drivers.kraken_venue import (
    ADD,
    BALANCE,
    CANCEL,
    CLOSED,
    KEY_INFO,
    OPEN,
    OWN,
    QUERY,
    SECRET,
    Impatient,
    bought,
    close_order,
    ok,
    opened,
    queried,
    set_up,
    stop_for,
    stop_ref,
    txid,
)
from tests.drivers.specimens import SYMBOL, entry
from tests.drivers.test_kraken_lane import HandClock
from tests.drivers.tiny_venue import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from helix_core import ExchangeConfig
    from helix_kraken.client import KrakenClient
    from tests.drivers.tiny_venue import TinyVenue

D = Decimal
CANCELLED = close_order("0.0084", status="canceled")


def private(tiny: TinyVenue) -> list[str]:
    """What was sent with the key, in order."""
    return [seen.path for seen in tiny.seen if "nonce" in seen.parameters]


async def test_known_stops_are_found_by_one_question(kraken: KrakenClient, tiny: TinyVenue) -> None:
    tiny.on("POST", QUERY, queried(entry=bought(), s1=close_order("0.0084")))

    await kraken.find_order(stop_ref(txid("s1")))

    assert private(tiny) == [QUERY]


async def test_the_one_question_between_a_cancel_and_the_sale_is_whether_it_worked(
    kraken: KrakenClient, tiny: TinyVenue
) -> None:
    """The entry was seen before, so that nothing is left to ask about it."""
    tiny.on("POST", QUERY, queried(entry=bought(), s1=close_order("0.0084")), queried(s1=CANCELLED))
    await kraken.find_order(stop_ref(txid("s1")))
    tiny.seen.clear()

    await kraken.cancel_order(stop_ref(txid("s1")))

    assert private(tiny) == [CANCEL, QUERY]


async def test_a_stop_that_was_seen_to_be_gone_is_replaced_without_a_question(
    kraken: KrakenClient, tiny: TinyVenue
) -> None:
    tiny.on("POST", QUERY, queried(entry=bought(), s1=CANCELLED))
    tiny.on("POST", ADD, ok({"txid": [OWN]}))
    await kraken.find_order(stop_ref(txid("s1")))
    tiny.seen.clear()

    report = await kraken.place_oco_order(stop_for())

    assert private(tiny) == [ADD]
    assert report.protecting == D("0.0084")


async def test_a_list_of_open_orders_serves_once_more_until_an_order_leaves(
    kraken: KrakenClient, tiny: TinyVenue
) -> None:
    """The watch has just asked: who places the stop need not. After an order everything may be different."""
    tiny.on("POST", OPEN, opened(s1=close_order("0.0084")))
    tiny.on("POST", QUERY, queried(entry=bought()))
    await kraken.open_orders(SYMBOL)

    await kraken.place_oco_order(stop_for())
    asked = len(tiny.sent("POST", OPEN))
    await kraken.place_market_order(entry())
    await kraken.place_oco_order(stop_for(entry_order_id=None))

    assert (asked, len(tiny.sent("POST", OPEN))) == (1, 2)


async def test_who_waits_for_room_takes_the_answer_of_another(
    tiny: TinyVenue, config: Callable[..., ExchangeConfig]
) -> None:
    """Of those who wait for the same list one asks. It serves nobody who comes after it has left."""

    class Poor(Impatient):
        rest_limit = RestLimit(most=4, per_s=20, polls_leave=0, watch_leaves=0)

    set_up(tiny)
    client = Poor(config(api_secret=SecretStr(SECRET)))
    await client.connect()
    now = client.config.clock.now()
    await client.recent_orders(SYMBOL, now)
    tiny.seen.clear()

    await asyncio.gather(*(client.open_orders(SYMBOL) for _ in range(5)), *(client.get_balance() for _ in range(5)))
    await asyncio.gather(*(client.recent_orders(SYMBOL, now - timedelta(hours=hours)) for hours in (3, 2, 1)))
    together = private(tiny)
    await client.open_orders(SYMBOL)
    await client.disconnect()

    assert sorted(together) == [BALANCE, CLOSED, OPEN]
    assert private(tiny) == [*together, OPEN]


async def test_a_cancel_without_an_answer_is_looked_after_once(kraken: KrakenClient, tiny: TinyVenue) -> None:
    """It is sent anew by who needs it: to go on looking would use up what that takes."""
    tiny.on("POST", CANCEL, Reply("", fault="reset"))
    tiny.on("POST", QUERY, queried(s1=close_order("0.0084")))

    with pytest.raises(OrderOutcomeUnknown):
        await kraken.cancel_order(stop_ref(txid("s1"), entry_order_id=None))

    assert private(tiny) == [CANCEL, QUERY]


async def test_a_stop_is_cancelled_once_there_is_room_to_confirm_it(
    tiny: TinyVenue, config: Callable[..., ExchangeConfig]
) -> None:
    """Until then it rests on: between the cancel and the sale nothing waits for the counter."""

    class Poor(Impatient):
        rest_limit = RestLimit(most=2, per_s=4, polls_leave=0, watch_leaves=0)

    set_up(tiny)
    client = Poor(config(api_secret=SecretStr(SECRET)))
    await client.connect()
    tiny.on("POST", QUERY, queried(s1=CANCELLED))
    tiny.on("POST", KEY_INFO, ok({}))
    with suppress(DataMissing):
        await client.key_permissions()
    began_s = asyncio.get_running_loop().time()

    cancelling = asyncio.ensure_future(client.cancel_order(stop_ref(txid("s1"), entry_order_id=None)))
    while not tiny.sent("POST", CANCEL):
        await asyncio.sleep(0.01)
    waited_s = asyncio.get_running_loop().time() - began_s
    await cancelling
    await client.disconnect()

    assert waited_s > 0.15


async def test_what_stops_have_sold_is_told_before_the_rest_is_to_be_sold(
    kraken: KrakenClient, tiny: TinyVenue
) -> None:
    """The price is below the stop. The core would sell what it believes to hold: first it must learn what is left."""
    prices = {"a": ["62926.3", "1", "1"], "b": ["62926.2", "1", "1"], "c": ["62926.3", "0.1"]}
    tiny.on("GET", "/0/public/Ticker", ok({"XBTUSDT": prices}))
    tiny.on("POST", QUERY, queried(entry=bought(), s1=close_order("0.0084", "0.0080", "canceled")))
    await kraken.find_order(stop_ref(txid("s1")))

    report = await kraken.place_oco_order(stop_for("0.0084"))
    with pytest.raises(StopWouldTrigger):
        await kraken.place_oco_order(stop_for("0.0004"))

    assert (report.filled, report.protecting) == (D("0.0080"), D(0))
    assert tiny.sent("POST", ADD) == []


def test_what_is_asked_with_an_order_in_hand_is_a_look() -> None:
    token = IN_HAND.set(True)
    in_hand = rank()
    IN_HAND.reset(token)

    assert (in_hand, rank()) == (Rank.LOOK, Rank.POLL)


async def test_while_coins_lie_bare_looks_have_all_there_is_and_polls_next_to_nothing() -> None:
    counter = Counter(HandClock(), RestLimit())
    counter.bare()
    await counter.spend("OpenOrders")
    await counter.spend("OpenOrders")

    for rank_ in (Rank.POLL, Rank.WATCH):
        with pytest.raises(RateLimited), looking(rank_):
            await counter.room(1.0, 0.0)
    with looking():
        await counter.room(12.0, 0.0)
    counter.covered()
    await counter.room(5.0, 0.0)
