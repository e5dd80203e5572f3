"""Every fault of the local Binance, and the truth looked up afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helix_core import (
    OrderOutcomeUnknown,
    OrderRefused,
    OrderStatus,
)
from helix_core.sandbox import Fault, FaultKind, Sandbox, prove, serving
from tests.drivers.local_binance import BOUGHT, buy_and_protect, driver_of, net, ref, stop_for
from tests.drivers.specimens import SYMBOL, entry

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from helix_binance.client import BinanceClient


UNKNOWN = [
    {"kind": FaultKind.LOST_REQUEST},
    {"kind": FaultKind.LOST_ANSWER},
    {"kind": FaultKind.CUT_BODY},
    {"kind": FaultKind.DELAY, "delay_s": 0.8},
    {"kind": FaultKind.DELAY, "delay_s": 0.8, "done": True},
    *({"kind": FaultKind.HTTP_5XX, "status": status, "done": done} for status in (503, 523) for done in (False, True)),
    {"kind": FaultKind.RATE_LIMITED, "retry_after_s": 0},
    {"kind": FaultKind.RATE_LIMITED, "retry_after_s": 0, "status": 418},
    {"kind": FaultKind.UNKNOWN_EXECUTION},
    {"kind": FaultKind.UNKNOWN_EXECUTION, "done": True},
    {"kind": FaultKind.REFUSED, "code": -2010, "msg": "Duplicate order sent."},
    {"kind": FaultKind.REFUSED, "code": -2015, "msg": "Invalid API-key, IP, or permissions for action."},
]


def fault_name(fault: dict[str, object]) -> str:
    return " ".join(str(value) for value in fault.values())


async def outcome_unknown(act: Awaitable[object]) -> None:
    with pytest.raises(OrderOutcomeUnknown):
        await act


@pytest.mark.parametrize("fault", UNKNOWN, ids=fault_name)
async def test_an_entry_of_unknown_outcome_is_found_or_proven_absent(
    client: BinanceClient, venue: Sandbox, fault: dict[str, object]
) -> None:
    struck = Fault(on="POST /api/v3/order", **fault)  # type: ignore[arg-type]
    venue.faults.add(struck)

    await outcome_unknown(client.place_market_order(entry()))

    found = await client.find_order(ref(entry()))
    assert venue.count("POST", "/api/v3/order") == 1
    assert (found is not None) is struck.happens
    if found is not None:
        fills = await client.get_fills(SYMBOL, found.venue_order_ids)
        assert (found.status, found.filled) == (OrderStatus.FILLED, BOUGHT)
        assert sum(fill.quantity for fill in fills) == BOUGHT
    prove(venue.venue)


@pytest.mark.parametrize("fault", UNKNOWN[:5], ids=fault_name)
async def test_a_stop_of_unknown_outcome_is_found_or_proven_absent(
    client: BinanceClient, venue: Sandbox, fault: dict[str, object]
) -> None:
    held = net(await client.place_market_order(entry()))
    stop = stop_for((await client.instrument(SYMBOL)).lots(held))
    struck = Fault(on="POST /api/v3/orderList/oco", **fault)  # type: ignore[arg-type]
    venue.faults.add(struck)

    await outcome_unknown(client.place_oco_order(stop))

    found = await client.find_order(ref(stop))
    assert venue.count("POST", "/api/v3/orderList/oco") == 1
    assert (found.protecting if found else 0) == (stop.quantity if struck.happens else 0)


@pytest.mark.parametrize("fault", UNKNOWN[:5], ids=fault_name)
async def test_a_cancel_of_unknown_outcome_is_looked_up(
    client: BinanceClient, venue: Sandbox, fault: dict[str, object]
) -> None:
    _, stop = await buy_and_protect(client)
    struck = Fault(on="DELETE /api/v3/orderList", **fault)  # type: ignore[arg-type]
    venue.faults.add(struck)

    await outcome_unknown(client.cancel_order(ref(stop)))

    found = await client.find_order(ref(stop))
    assert found is not None
    assert found.status is (OrderStatus.CANCELED if struck.happens else OrderStatus.OPEN)
    assert venue.count("DELETE", "/api/v3/orderList") == 1


async def test_a_cancel_the_venue_has_not_finished_is_waited_for(client: BinanceClient, venue: Sandbox) -> None:
    _, stop = await buy_and_protect(client)
    venue.faults.add(Fault(on="GET /api/v3/order", kind=FaultKind.INVISIBLE, times=2))

    report = await client.cancel_order(ref(stop))

    assert report.status is OrderStatus.CANCELED


async def test_an_order_that_does_not_show_yet_is_none_now_and_found_later(
    client: BinanceClient, venue: Sandbox
) -> None:
    await client.place_market_order(entry())
    venue.faults.add(Fault(on="GET /api/v3/order", kind=FaultKind.INVISIBLE))

    assert await client.find_order(ref(entry())) is None
    assert await client.find_order(ref(entry())) is not None


async def test_a_connection_to_a_venue_that_is_gone_sends_nothing(venue: Sandbox) -> None:
    async with serving(venue.app) as url:
        driver = driver_of(venue, url)
        await driver.connect()

    with pytest.raises(OrderRefused, match="nothing was sent") as refused:
        await driver.place_market_order(entry())

    await driver.disconnect()
    assert refused.value.transient
    assert venue.count("POST", "/api/v3/order") == 0
