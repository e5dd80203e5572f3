"""The list of the account's orders on Kraken: the open ones first, then the ended ones page by page."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from helix_core import DataMissing, OrderStatus
from helix_core.clock import SystemClock
from tests.drivers.kraken_venue import (
    CLOSED,
    OPEN,
    QUERY,
    bought,
    close_order,
    ended,
    ok,
    opened,
    order,
    queried,
)
from tests.drivers.specimens import CID, SYMBOL, ref

if TYPE_CHECKING:
    from helix_kraken.client import KrakenClient
    from tests.drivers.tiny_venue import TinyVenue

HOUR = timedelta(hours=1)


def hour_ago():
    return SystemClock().now() - HOUR


async def test_open_and_ended_orders_are_one_list(kraken: KrakenClient, tiny: TinyVenue) -> None:
    """Each once, the oldest first; what was taken before, and what belongs to another pair, is left out."""
    stop = close_order("0.0084", age_s=30)
    older, other = order("1", "0", "canceled", age_s=7200), bought(descr={"pair": "ETHUSDT"})
    never_filled = order("2", "0", "canceled", cl_ord_id=None, age_s=10)
    tiny.on("POST", OPEN, opened(entry=order(age_s=60), s1=stop))
    tiny.on("POST", CLOSED, ended(entry=bought(age_s=60), s2=older, s3=other, s4=never_filled))

    found = await kraken.recent_orders(SYMBOL, hour_ago())

    assert [(past.status, past.filled, past.client_order_id) for past in found] == [
        (OrderStatus.FILLED, Decimal("0.0084"), CID),
        (OrderStatus.OPEN, Decimal(0), ""),
        (OrderStatus.CANCELED, Decimal(0), ""),
    ]


async def test_a_list_without_a_count_goes_on_until_a_page_is_not_full(kraken: KrakenClient, tiny: TinyVenue) -> None:
    full = {f"OX{number}": bought() for number in range(50)}
    tiny.on("POST", CLOSED, ok({"closed": full}), ok({"closed": {"OX50": bought()}}))

    found = await kraken.recent_orders(SYMBOL, hour_ago())

    assert len(found) == 51
    assert [seen.parameters["ofs"] for seen in tiny.sent("POST", CLOSED)] == ["0", "50"]


async def test_more_than_is_read_in_one_go_is_missing(kraken: KrakenClient, tiny: TinyVenue) -> None:
    full = {f"OX{number}": bought() for number in range(50)}
    tiny.on("POST", CLOSED, ok({"closed": full, "count": 5000}))

    with pytest.raises(DataMissing, match="more than 200 orders"):
        await kraken.recent_orders(SYMBOL, hour_ago())


@pytest.mark.parametrize(("stated", "read"), [("64210.51234", Decimal("64210.51234")), ("0", None), (None, None)])
async def test_the_price_is_the_venues_average(
    kraken: KrakenClient, tiny: TinyVenue, stated: str | None, read: Decimal | None
) -> None:
    """A price that is not stated is not known, and does not make the order unreadable."""
    row = bought() if stated is None else bought(price=stated)
    tiny.on("POST", OPEN, opened())
    tiny.on("POST", CLOSED, ended(entry=row))
    tiny.on("POST", QUERY, queried(entry=row))

    report = await kraken.find_order(ref())

    assert report is not None
    assert (report.status, report.average_price) == (OrderStatus.FILLED, read)
