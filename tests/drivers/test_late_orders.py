"""Orders that arrive late: the venue's own limits (recvWindow, deadline) decide, to the millisecond."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

import pytest
from pydantic import SecretStr

from helix_binance.client import BinanceClient
from helix_binance.sandbox import sandbox as local_binance
from helix_core import Clock, ExchangeConfig, OrderOutcomeUnknown, OrderRefused, OrderStatus, TradingMode
from helix_core.ccxt import Bounds
from helix_core.clock import SystemClock
from helix_core.sandbox import Fault, FaultKind, serving
from helix_kraken.client import KrakenClient
from helix_kraken.counter import RestLimit
from helix_kraken.sandbox import sandbox as local_kraken
from tests.drivers.specimens import SYMBOL, entry, ref

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from helix_core import ExchangeClient
    from helix_core.sandbox import Sandbox

WINDOW_MS, DEADLINE_MS, SOONEST_MS = 5000, 5000, 2000


class Frozen(Clock):
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()


class Hasty(BinanceClient):
    """Gives up before its request has arrived; its requests are good for a fifth of a second."""

    bounds = Bounds(order_timeout_s=0.1, question_timeout_s=2.0, question_interval_s=0)
    venue_options: ClassVar[Mapping[str, object]] = {**BinanceClient.venue_options, "recvWindow": 200}


class Unlimited(KrakenClient):
    bounds = Bounds(order_timeout_s=2.0, question_timeout_s=2.0, question_interval_s=0)
    rest_limit = RestLimit(most=1000, per_s=1000)


def client_of(
    driver: Callable[[ExchangeConfig], ExchangeClient], venue: Sandbox, url: str, clock: Clock
) -> ExchangeClient:
    config = ExchangeConfig(
        name="late",
        mode=TradingMode.LIVE,
        symbol=SYMBOL,
        clock=clock,
        api_key=SecretStr(venue.api_key),
        api_secret=SecretStr(venue.api_secret),
        base_url=url,
    )
    return driver(config)


@pytest.mark.parametrize("late_ms", [0, WINDOW_MS - 1, WINDOW_MS, WINDOW_MS + 1])
async def test_binance_takes_an_order_within_its_window_and_not_a_millisecond_later(late_ms: int) -> None:
    await arrives(BinanceClient, local_binance, late_ms, taken=late_ms <= WINDOW_MS)


@pytest.mark.parametrize("late_ms", [0, DEADLINE_MS - SOONEST_MS, DEADLINE_MS - 1, DEADLINE_MS, DEADLINE_MS + 1])
async def test_kraken_takes_no_order_after_its_deadline(late_ms: int) -> None:
    """Kraken wants two seconds between arrival and deadline, so the last of them are lost too."""
    taken = late_ms <= DEADLINE_MS - SOONEST_MS
    await arrives(Unlimited, lambda clock: local_kraken(limits=False, clock=clock), late_ms, taken=taken)


async def arrives(
    driver: Callable[[ExchangeConfig], ExchangeClient], make: Callable[..., Sandbox], late_ms: int, *, taken: bool
) -> None:
    """Send an order that the venue's clock sees so much later than it was signed."""
    ours, theirs = Frozen(), Frozen()
    venue = make(clock=theirs)
    async with serving(venue.app) as url:
        client = client_of(driver, venue, url, ours)
        await client.connect()
        theirs.at += timedelta(milliseconds=late_ms)
        try:
            report = await client.place_market_order(entry())
        except (OrderRefused, OrderOutcomeUnknown):
            placed = False
        else:
            placed = report.filled > 0 or report.status is OrderStatus.OPEN
        await client.disconnect()

    assert placed is taken
    assert (sum(fill.quantity for fill in venue.venue.ledger.executions) == Decimal("0.0084")) is taken


@pytest.mark.parametrize(("arrives_after_s", "taken"), [(0.15, True), (0.4, False)])
async def test_an_order_that_arrives_after_we_gave_up_is_unknown_and_found_if_it_was_in_time(
    arrives_after_s: float, taken: bool
) -> None:
    """In both cases the caller hears "unknown": only the look-up after the fence tells which it was."""
    venue = local_binance()
    venue.faults.add(Fault(on="POST /api/v3/order", kind=FaultKind.DELAY, delay_s=arrives_after_s))
    async with serving(venue.app) as url:
        client = client_of(Hasty, venue, url, SystemClock())
        await client.connect()
        with pytest.raises(OrderOutcomeUnknown):
            await client.place_market_order(entry())
        early = await client.find_order(ref())
        await asyncio.sleep(arrives_after_s)
        found = await client.find_order(ref())
        await client.disconnect()

    assert early is None
    assert (found is not None) is taken
    assert len(venue.venue.ledger.executions) == int(taken)
