"""Kraken counts questions: what is known is not asked, and what is asked goes where it is needed most."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from helix_core import (
    IN_HAND,
    ExchangeUnavailable,
    OrderKind,
    OrderOutcomeUnknown,
    OrderStatus,
    RateLimited,
    StopWouldTrigger,
)
from helix_kraken.absences import Absences
from helix_kraken.counter import Counter, RestLimit
from helix_kraken.rank import Rank, looking, rank
from tests.drivers.kraken_venue import (
    ADD,
    BALANCE,
    CANCEL,
    CLOSED,
    ENTRY,
    OPEN,
    OWN,
    QUERY,
    TRADES,
    bought,
    close_order,
    ended,
    ok,
    opened,
    queried,
    stop_for,
    stop_ref,
    trade,
    txid,
)
from tests.drivers.specimens import SYMBOL, entry, ref
from tests.drivers.test_kraken_lane import HandClock

if TYPE_CHECKING:
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


@pytest.mark.parametrize(("total", "searches"), [("0.1284", 0), ("0.1283", 1)])
async def test_coins_that_are_all_there_show_that_no_stop_of_the_entry_has_sold(
    kraken: KrakenClient, tiny: TinyVenue, total: str, searches: int
) -> None:
    """Kraken made no stop. Only when fewer coins are there than before and bought is the history searched."""
    tiny.on("POST", QUERY, queried(entry=bought("0.0084", "T1", age_s=1)))
    tiny.on("POST", TRADES, ok({"T1": trade(ENTRY, "0.0084")}))
    tiny.on("POST", ADD, ok({"txid": [ENTRY]}), ok({"txid": [OWN]}))
    await kraken.get_balance()
    await kraken.place_market_order(entry())
    tiny.on("POST", BALANCE, ok({"XXBT": {"balance": total, "hold_trade": "0"}}))

    report = await kraken.place_oco_order(stop_for())

    assert report.protecting == D("0.0084")
    assert len(tiny.sent("POST", CLOSED)) == searches


async def test_an_order_found_in_the_history_brings_its_ended_stops_with_it(
    kraken: KrakenClient, tiny: TinyVenue
) -> None:
    """After a crash: the entry was filled and stopped out. One search tells both."""
    stop = close_order("0.0084", "0.0084", "closed", trades=["T2"])
    tiny.on("POST", CLOSED, ended(entry=bought("0.0084", "T1"), s1=stop))

    found = await kraken.find_order(ref(OrderKind.ENTRY))
    report = await kraken.place_oco_order(stop_for())

    assert found is not None
    assert (report.status, report.filled, report.venue_order_ids) == (OrderStatus.FILLED, D("0.0084"), (txid("s1"),))
    assert private(tiny) == [OPEN, CLOSED, OPEN]


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


async def test_an_order_just_sought_in_vain_is_not_sought_again_at_once(kraken: KrakenClient, tiny: TinyVenue) -> None:
    """It may still appear, so that a second look proves no more than the first."""
    tiny.on("POST", ADD, ok({}))
    with pytest.raises(OrderOutcomeUnknown):
        await kraken.place_market_order(entry())
    assert await kraken.find_order(ref(OrderKind.ENTRY)) is None
    tiny.seen.clear()

    with pytest.raises(ExchangeUnavailable, match="may still appear"):
        await kraken.find_order(ref(OrderKind.ENTRY))

    assert private(tiny) == []


def test_an_order_that_was_missing_after_its_deadline_is_gone_for_good() -> None:
    """Until it is written once more: then it may show up again."""
    clock = HandClock()
    absences = Absences(clock, fence_s=10.0)
    absences.written("order")
    absences.missed("order", clock.at_s + 9)
    early = absences.is_gone("order")
    absences.missed("order", clock.at_s + 10.1)
    late = absences.is_gone("order")
    absences.written("order")

    assert (early, late, absences.is_gone("order")) == (False, True, False)


def test_an_order_of_an_earlier_process_is_gone_once_it_was_missing_for_as_long() -> None:
    clock = HandClock()
    absences = Absences(clock, fence_s=10.0)
    absences.missed("order", clock.at_s)

    assert not absences.may_appear("order")
    assert not absences.is_gone("order")
    absences.missed("order", clock.at_s + 10.1)
    assert absences.is_gone("order")


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

    with pytest.raises(RateLimited):
        await counter.room(1.0, 0.0)
    with looking():
        await counter.room(12.0, 0.0)
    counter.covered()
    await counter.room(6.0, 0.0)
