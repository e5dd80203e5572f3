"""A search of the ended orders counts four: it is left out wherever something cheaper tells as much."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from helix_core import (
    ExchangeUnavailable,
    OrderKind,
    OrderOutcomeUnknown,
    OrderRefused,
    OrderStatus,
)
from tests.drivers.kraken_venue import (
    ADD,
    BALANCE,
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
    refusal,
    stop_for,
    stop_ref,
    trade,
    txid,
)
from tests.drivers.specimens import SYMBOL, entry, ref
from tests.drivers.test_kraken_thrift import CANCELLED, private

if TYPE_CHECKING:
    from helix_kraken.client import KrakenClient
    from tests.drivers.tiny_venue import TinyVenue

D = Decimal


@pytest.mark.parametrize(
    ("low", "close", "age_s", "searches"),
    [
        ("62926.4", "close position @ stop loss 62926.3", 60, 0),
        ("62926.3", "close position @ stop loss 62926.3", 60, 1),
        ("62926.4", "close position @ stop loss 62926.3", 90_000, 1),
        ("62926.4", "close position @ stop loss 62926.3 -> limit 62900.0", 60, 1),
        (None, "close position @ stop loss 62926.3", 60, 1),
    ],
)
async def test_a_market_that_never_traded_there_shows_that_no_stop_of_the_entry_has_sold(
    kraken: KrakenClient, tiny: TinyVenue, low: str | None, close: str, age_s: float, searches: int
) -> None:
    """Kraken made no stop. The price is public: the history is searched only where it may have reached one."""
    prices = {"a": ["64210.5", "1", "1"], "b": ["64210.4", "1", "1"], "c": ["64210.5", "0.1"]}
    tiny.on("GET", "/0/public/Ticker", ok({"XBTUSDT": prices if low is None else prices | {"l": ["64000.0", low]}}))
    tiny.on("POST", QUERY, queried(entry=bought(age_s=age_s, descr={"close": close})))
    tiny.on("POST", ADD, ok({"txid": [OWN]}))

    report = await kraken.place_oco_order(stop_for())

    assert report.protecting == D("0.0084")
    assert len(tiny.sent("POST", CLOSED)) == searches


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


async def test_what_was_searched_once_is_not_searched_for_the_next_stop(kraken: KrakenClient, tiny: TinyVenue) -> None:
    """Kraken made no stop, and the first of Helix's own was refused."""
    tiny.on("POST", QUERY, queried(entry=bought()))
    tiny.on("POST", ADD, refusal("EOrder:Insufficient funds"), ok({"txid": [OWN]}))
    with pytest.raises(OrderRefused):
        await kraken.place_oco_order(stop_for())
    tiny.seen.clear()

    await kraken.place_oco_order(replace(stop_for(), client_order_id="b" * 32))

    assert private(tiny) == [ADD]


@pytest.mark.parametrize(("sought_before", "searches"), [(False, 0), (True, 1)])
async def test_a_stop_that_was_never_sent_is_not_searched_for(
    kraken: KrakenClient, tiny: TinyVenue, sought_before: bool, searches: int
) -> None:
    """The entry's own stop covered all, then somebody cancelled it. An earlier process may have sent what is sought."""
    tiny.on("POST", OPEN, opened(s1=close_order("0.0084")))
    tiny.on("POST", QUERY, queried(entry=bought()))
    if sought_before:
        await kraken.find_order(stop_ref(entry_order_id=None))
        tiny.seen.clear()
    await kraken.place_oco_order(stop_for())
    tiny.on("POST", OPEN, opened())
    tiny.on("POST", QUERY, queried(s1=CANCELLED), queried(entry=bought()))
    await kraken.open_orders(SYMBOL)

    found = await kraken.find_order(stop_ref())

    assert found is None
    assert len(tiny.sent("POST", CLOSED)) == searches


async def test_stops_that_sold_all_but_dust_are_told_before_the_dust_is_covered(
    kraken: KrakenClient, tiny: TinyVenue
) -> None:
    """What is left is less than Kraken takes. The core must learn of the sale; to cover the dust itself is refused."""
    tiny.on("POST", QUERY, queried(entry=bought(), s1=close_order("0.0084", "0.00837", "canceled", trades=["T2"])))
    tiny.on("POST", ADD, refusal("EOrder:Order minimum not met"))
    await kraken.find_order(stop_ref(txid("s1")))

    report = await kraken.place_oco_order(stop_for())
    asked = tiny.sent("POST", ADD)
    with pytest.raises(OrderRefused):
        await kraken.place_oco_order(stop_for("0.00003"))

    assert (report.filled, report.protecting, asked) == (D("0.00837"), D(0), [])


async def test_an_entry_is_known_by_the_stop_that_it_made(kraken: KrakenClient, tiny: TinyVenue) -> None:
    """Its answer was lost. A question for each of two costs half of a search of the ended orders."""
    tiny.on("POST", OPEN, opened(s1=close_order("0.0084"), s2=close_order("0.1", refid="OOTHER-AAAAA-BBBBBB")))
    tiny.on("POST", QUERY, queried(entry=bought()))

    found = await kraken.find_order(ref(OrderKind.ENTRY))
    await kraken.place_oco_order(stop_for())

    assert found is not None
    assert (found.status, found.venue_order_ids) == (OrderStatus.FILLED, (ENTRY,))
    assert private(tiny) == [OPEN, QUERY]


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
    assert private(tiny) == [OPEN, CLOSED]


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
