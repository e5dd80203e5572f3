"""Stops that Kraken made itself, one for each fill, and the one that Helix adds where they fall short."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from helix_core import OrderOutcomeUnknown, OrderRefused, OrderStatus, StopWouldTrigger
from tests.drivers.kraken_venue import (
    ADD,
    CANCEL,
    CLOSED,
    OPEN,
    OWN,
    QUERY,
    STOP_ID,
    bought,
    close_order,
    ended,
    ok,
    opened,
    order,
    own_stop,
    queried,
    refusal,
    stop_for,
    stop_ref,
    txid,
)

if TYPE_CHECKING:
    from helix_kraken.client import KrakenClient
    from tests.drivers.tiny_venue import TinyVenue

D = Decimal
FIVE = {f"s{number}": close_order("0.00168") for number in range(1, 6)}
FIVE_IDS = tuple(txid(name) for name in FIVE)


async def test_five_stops_of_five_fills_are_added_up_and_nothing_is_placed(
    kraken: KrakenClient, tiny: TinyVenue
) -> None:
    """Somebody else's stop, and a stop of another entry, do not count."""
    strangers = {"s8": close_order("1", refid="OOTHER-AAAAA-BBBBBB"), "s9": order("1", cl_ord_id=None)}
    tiny.on("POST", OPEN, opened(**FIVE, **strangers))

    report = await kraken.place_oco_order(stop_for())

    assert (report.status, report.protecting, report.filled) == (OrderStatus.OPEN, D("0.0084"), D(0))
    assert (report.venue_order_ids, report.stop_price) == (FIVE_IDS, D("62926.3"))
    assert tiny.sent("POST", ADD) == []


async def test_stops_that_show_up_late_are_waited_for(kraken: KrakenClient, tiny: TinyVenue) -> None:
    tiny.on("POST", OPEN, opened(s1=close_order("0.00168")), opened(**FIVE))
    tiny.on("POST", QUERY, queried(entry=bought(age_s=1)))

    report = await kraken.place_oco_order(stop_for())

    assert report.protecting == D("0.0084")
    assert tiny.sent("POST", ADD) == []


async def test_a_shortfall_gets_a_stop_of_our_own(kraken: KrakenClient, tiny: TinyVenue) -> None:
    """Of what was bought, living stops hold 0.006: only the rest is sold by ours."""
    tiny.on("POST", OPEN, opened(s1=close_order("0.004"), s2=close_order("0.002")))
    tiny.on("POST", QUERY, queried(entry=bought()))
    tiny.on("POST", ADD, ok({"txid": [OWN]}))

    report = await kraken.place_oco_order(stop_for())

    (sent,) = tiny.sent("POST", ADD)
    assert (sent.parameters["volume"], sent.parameters["cl_ord_id"]) == ("0.0024", STOP_ID)
    assert (sent.parameters["ordertype"], sent.parameters["price"]) == ("stop-loss", "62926.3")
    assert report.protecting == D("0.0084")
    assert set(report.venue_order_ids) == {txid("s1"), txid("s2"), OWN}


async def test_what_stops_have_sold_already_is_not_covered_again(kraken: KrakenClient, tiny: TinyVenue) -> None:
    """The core may not have booked it yet; a stop over it would sell somebody else's coins."""
    tiny.on("POST", OPEN, opened())
    tiny.on("POST", QUERY, queried(entry=bought()))
    tiny.on(
        "POST", CLOSED, ended(s1=close_order("0.0080", "0.0080", "closed"), s2=close_order("0.0004", status="canceled"))
    )
    tiny.on("POST", ADD, ok({"txid": [OWN]}))

    report = await kraken.place_oco_order(stop_for())

    assert tiny.sent("POST", ADD)[0].parameters["volume"] == "0.0004"
    assert (report.filled, report.protecting) == (D("0.0080"), D("0.0004"))


async def test_a_shortfall_too_small_for_an_order_is_reported_as_it_is(kraken: KrakenClient, tiny: TinyVenue) -> None:
    tiny.on("POST", OPEN, opened(s1=close_order("0.00839")))
    tiny.on("POST", QUERY, queried(entry=bought()))

    report = await kraken.place_oco_order(stop_for())

    assert report.protecting == D("0.00839")
    assert tiny.sent("POST", ADD) == []


async def test_a_refused_shortfall_leaves_no_stop_behind(kraken: KrakenClient, tiny: TinyVenue) -> None:
    """To the core "refused" means that nothing protects: it sells next, and a living stop would sell once more."""
    tiny.on("POST", OPEN, opened(s1=close_order("0.006")))
    tiny.on("POST", QUERY, queried(entry=bought()), queried(s1=close_order("0.006", status="canceled")))
    tiny.on("POST", ADD, refusal("EOrder:Insufficient funds"))

    with pytest.raises(OrderRefused, match="Insufficient funds"):
        await kraken.place_oco_order(stop_for())

    assert [seen.parameters["txid"] for seen in tiny.sent("POST", CANCEL)] == [txid("s1")]


async def test_stops_that_cannot_be_seen_are_a_passing_refusal(kraken: KrakenClient, tiny: TinyVenue) -> None:
    """Nothing was sent, which needs no look-up; and a passing refusal never lets the coins be sold."""
    tiny.on("POST", OPEN, refusal("EService:Unavailable"))

    with pytest.raises(OrderRefused, match="cannot be seen") as refused:
        await kraken.place_oco_order(stop_for())

    assert refused.value.transient
    assert tiny.sent("POST", ADD) == []


async def test_a_stop_below_which_the_price_has_fallen_is_not_sent(kraken: KrakenClient, tiny: TinyVenue) -> None:
    """Kraken would take it and sell at once."""
    prices = {"a": ["62926.3", "1", "1"], "b": ["62926.2", "1", "1"], "c": ["62926.3", "0.1"]}
    tiny.on("GET", "/0/public/Ticker", ok({"XBTUSDT": prices}))

    with pytest.raises(StopWouldTrigger):
        await kraken.place_oco_order(stop_for(entry_order_id=None))

    assert tiny.sent("POST", ADD) == []


async def test_a_stop_lives_while_one_of_its_orders_does(kraken: KrakenClient, tiny: TinyVenue) -> None:
    own = own_stop("0.0044", "0.0044", "closed")
    tiny.on("POST", OPEN, opened(s1=close_order("0.004", "0.001")))
    tiny.on("POST", QUERY, queried(entry=bought(), s1=close_order("0.004", "0.001"), own=own))

    report = await kraken.find_order(stop_ref(txid("s1"), OWN))

    assert report is not None
    assert (report.status, report.filled, report.protecting) == (OrderStatus.OPEN, D("0.0054"), D("0.003"))
    assert set(report.venue_order_ids) == {txid("s1"), OWN}


@pytest.mark.parametrize(
    ("second", "status", "filled"),
    [
        (close_order("0.004", "0.004", "closed"), OrderStatus.FILLED, "0.0084"),
        (close_order("0.004", "0.001", "canceled"), OrderStatus.CANCELED, "0.0054"),
        (close_order("0.004", "0.001", "expired"), OrderStatus.EXPIRED, "0.0054"),
        (close_order("0.004", status="a word of next year"), OrderStatus.UNKNOWN, "0.0044"),
    ],
)
async def test_a_stop_is_over_as_its_worst_order_is(
    kraken: KrakenClient, tiny: TinyVenue, second: dict[str, object], status: OrderStatus, filled: str
) -> None:
    tiny.on("POST", QUERY, queried(entry=bought(), s1=close_order("0.0044", "0.0044", "closed"), s2=second))

    report = await kraken.find_order(stop_ref(txid("s1"), txid("s2")))

    assert report is not None
    assert (report.status, report.filled, report.protecting) == (status, D(filled), D(0))


async def test_after_a_crash_the_entry_s_own_stops_are_found(kraken: KrakenClient, tiny: TinyVenue) -> None:
    """The answer was lost, but they cover all that was bought: there was nothing for us to place."""
    tiny.on("POST", OPEN, opened(**FIVE))
    tiny.on("POST", QUERY, queried(entry=bought()))

    report = await kraken.find_order(stop_ref())

    assert report is not None
    assert report.protecting == D("0.0084")


async def test_a_stop_of_our_own_that_has_not_shown_up_is_absent(kraken: KrakenClient, tiny: TinyVenue) -> None:
    """The entry's stops leave a part open, so ours was needed: while it is missing, nothing is settled."""
    tiny.on("POST", OPEN, opened(s1=close_order("0.004")))
    tiny.on("POST", QUERY, queried(entry=bought()))

    assert await kraken.find_order(stop_ref()) is None


async def test_a_lost_stop_of_our_own_is_found_in_the_history(kraken: KrakenClient, tiny: TinyVenue) -> None:
    tiny.on("POST", QUERY, queried(entry=bought()))
    tiny.on("POST", CLOSED, ended(own=own_stop("0.0084", "0.0084", "closed")))

    report = await kraken.find_order(stop_ref())

    assert report is not None
    assert (report.status, report.venue_order_ids) == (OrderStatus.FILLED, (OWN,))


async def test_a_cancel_is_over_when_every_stop_is(kraken: KrakenClient, tiny: TinyVenue) -> None:
    """ "pending" is taken for what it is: the stop still lives. One that filled meanwhile is in the report."""
    tiny.on("POST", CANCEL, ok({"count": 1, "pending": True}), refusal("EOrder:Unknown order"))
    sold = close_order("0.004", "0.004", "closed")
    tiny.on(
        "POST",
        QUERY,
        queried(s1=close_order("0.0044"), s2=sold),
        queried(s1=close_order("0.0044", status="pending"), s2=sold),
        queried(s1=close_order("0.0044", status="canceled"), s2=sold),
        queried(entry=bought()),
    )

    report = await kraken.cancel_order(stop_ref(txid("s1"), txid("s2")))

    assert [seen.path for seen in tiny.seen if seen.path in (OPEN, QUERY, CANCEL)] == [CANCEL, CANCEL, *[QUERY] * 4]
    assert (report.status, report.filled, report.protecting) == (OrderStatus.FILLED, D("0.004"), D(0))
    assert report.venue_order_ids == (txid("s2"),)


@pytest.mark.parametrize(
    "reply", [ok({"count": 1, "pending": True}), refusal("EService:Timeout"), refusal("EOrder:Unknown order"), ok({})]
)
async def test_a_cancel_that_is_not_confirmed_is_unknown(kraken: KrakenClient, tiny: TinyVenue, reply: object) -> None:
    tiny.on("POST", OPEN, opened(s1=close_order("0.0084")))
    tiny.on("POST", QUERY, queried(s1=close_order("0.0084")))
    tiny.on("POST", CANCEL, reply)  # type: ignore[arg-type]

    with pytest.raises(OrderOutcomeUnknown):
        await kraken.cancel_order(stop_ref(txid("s1")))


async def test_a_refused_cancel_is_judged_by_its_own_answer(kraken: KrakenClient, tiny: TinyVenue) -> None:
    """An "unknown order" heard before must not make a stop seem gone that lives on."""
    tiny.on("POST", QUERY, refusal("EOrder:Unknown order"), queried(s1=close_order("0.0084")))
    tiny.on("POST", OPEN, opened(), opened(s1=close_order("0.0084")))
    await kraken.find_order(stop_ref(entry_order_id=None))
    tiny.on("POST", CANCEL, refusal("EOrder:Rate limit exceeded"))

    with pytest.raises(OrderRefused, match="Rate limit"):
        await kraken.cancel_order(stop_ref(txid("s1")))


async def test_a_cancel_waits_for_a_stop_that_may_still_appear(kraken: KrakenClient, tiny: TinyVenue) -> None:
    """The others are cancelled; but nothing may be sold while ours is not proven absent."""
    tiny.on("POST", OPEN, opened(s1=close_order("0.004")))
    tiny.on("POST", QUERY, queried(entry=bought()), queried(s1=close_order("0.004", status="canceled")))

    with pytest.raises(OrderOutcomeUnknown, match="not shown up"):
        await kraken.cancel_order(stop_ref())

    assert len(tiny.sent("POST", CANCEL)) == 1


async def test_a_stop_placed_by_an_earlier_attempt_still_counts(kraken: KrakenClient, tiny: TinyVenue) -> None:
    """It has another client id by now; Kraken's id is remembered with the entry."""
    tiny.on("POST", QUERY, queried(entry=bought(), own=own_stop("0.0084", cl_ord_id="b" * 32)))
    tiny.on("POST", OPEN, opened(own=own_stop("0.0084", cl_ord_id="b" * 32)))
    await kraken.find_order(stop_ref(OWN))

    report = await kraken.place_oco_order(stop_for())

    assert (report.protecting, report.venue_order_ids) == (D("0.0084"), (OWN,))
    assert tiny.sent("POST", ADD) == []


async def test_the_history_since_the_entry_is_read_page_by_page(kraken: KrakenClient, tiny: TinyVenue) -> None:
    page = {f"x{number}": close_order("1", refid=None) for number in range(50)}
    tiny.on("POST", QUERY, queried(entry=bought()))
    tiny.on(
        "POST",
        CLOSED,
        ok({"closed": {f"OX{name}": row for name, row in page.items()}, "count": 51}),
        ok({"closed": {OWN: own_stop("0.0084", "0.0084", "closed")}, "count": 51}),
    )

    report = await kraken.find_order(stop_ref())

    assert report is not None
    assert report.venue_order_ids == (OWN,)
    assert [seen.parameters["ofs"] for seen in tiny.sent("POST", CLOSED)] == ["0", "50"]
