"""The list of the account's orders on Binance: day by day until the first one, then by id."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from helix_core import DataMissing, OrderStatus
from helix_core.clock import SystemClock
from tests.drivers.specimens import SYMBOL, order
from tests.drivers.tiny_venue import Reply, TinyVenue

if TYPE_CHECKING:
    from helix_binance.client import BinanceClient

ALL = "/api/v3/allOrders"
DAY_MS = 24 * 3600 * 1000


def listed(number: int, **changes: Any) -> dict[str, Any]:
    return order(f"human-{number}", orderId=number, time=1_780_000_000_000 + number, **changes)


async def test_a_day_is_asked_for_at_a_time_until_one_has_orders(binance: BinanceClient, tiny: TinyVenue) -> None:
    """Binance takes at most 24 hours between startTime and endTime; after the first order its ids lead on."""
    tiny.on("GET", ALL, Reply([]), Reply([]), Reply([listed(5)]), Reply([]))
    since = SystemClock().now() - timedelta(days=3)

    found = await binance.recent_orders(SYMBOL, since)

    *days, last = [seen.parameters for seen in tiny.sent("GET", ALL)]
    starts, ends = ([int(day[name]) for day in days] for name in ("startTime", "endTime"))
    assert starts[0] == int(since.timestamp() * 1000)
    assert starts[1:] == [end + 1 for end in ends[:-1]]
    assert {end - start for start, end in zip(starts, ends, strict=True)} == {DAY_MS - 1}
    assert (last["orderId"], "startTime" in last) == ("6", False)
    assert [past.venue_order_id for past in found] == ["5"]


async def test_without_any_order_the_whole_time_is_asked_for(binance: BinanceClient, tiny: TinyVenue) -> None:
    """Up to now, and a little beyond: the venue's clock may be ahead of ours."""
    tiny.on("GET", ALL, Reply([]))
    now = SystemClock().now()

    assert await binance.recent_orders(SYMBOL, now - timedelta(days=2)) == ()

    assert int(tiny.sent("GET", ALL)[-1].parameters["endTime"]) > now.timestamp() * 1000


async def test_a_full_page_is_followed_by_the_next(binance: BinanceClient, tiny: TinyVenue) -> None:
    pages = [[listed(number) for number in range(start, start + 1000)] for start in (1, 1001)]
    tiny.on("GET", ALL, *map(Reply, pages), Reply([listed(2001)]))

    found = await binance.recent_orders(SYMBOL, SystemClock().now())

    assert [past.venue_order_id for past in found] == [str(number) for number in range(1, 2002)]
    assert [seen.parameters.get("orderId") for seen in tiny.sent("GET", ALL)] == [None, "1001", "2001"]


async def test_what_happened_to_each_is_told(binance: BinanceClient, tiny: TinyVenue) -> None:
    """Filled, expired without a fill, and written down for later."""
    waiting = {name: value for name, value in listed(3, status="PENDING_NEW").items() if name != "origQty"}
    tiny.on("GET", ALL, Reply([listed(1), listed(2, status="EXPIRED"), waiting]), Reply([]))

    found = await binance.recent_orders(SYMBOL, SystemClock().now())

    assert [past.status for past in found] == [OrderStatus.FILLED, OrderStatus.EXPIRED, OrderStatus.OPEN]
    assert [bool(past.filled) for past in found] == [True, False, False]
    assert found[0].client_order_id == "human-1"
    assert found[0].at == datetime(2026, 5, 28, 20, 26, 40, 1000, UTC)


@pytest.mark.parametrize(
    "reply", [Reply({}), Reply([{"orderId": 1}]), Reply([{**order(), "side": "BUY", "time": None}])]
)
async def test_a_list_that_cannot_be_read_is_missing(binance: BinanceClient, tiny: TinyVenue, reply: Reply) -> None:
    tiny.on("GET", ALL, reply)

    with pytest.raises(DataMissing):
        await binance.recent_orders(SYMBOL, SystemClock().now())


async def test_orders_of_a_quarter_of_a_year_are_not_all_kept(binance: BinanceClient, tiny: TinyVenue) -> None:
    """Binance puts those without a fill away after 90 days: a list from then on would not be whole."""
    with pytest.raises(DataMissing, match="90 days"):
        await binance.recent_orders(SYMBOL, SystemClock().now() - timedelta(days=90))

    assert tiny.seen == []
