"""Whole trades against Helix's own local Kraken, with both of its rate limiters on, proven to the last digit."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from helix_core import (
    ExchangeConfig,
    OrderKind,
    OrderOutcomeUnknown,
    OrderRef,
    OrderRefused,
    OrderStatus,
    StopWouldTrigger,
    TradingMode,
)
from helix_core.ccxt import Bounds
from helix_core.clock import SystemClock
from helix_core.sandbox import Fault, FaultKind, Sandbox, prove, serving
from helix_kraken.client import KrakenClient
from helix_kraken.sandbox import sandbox
from tests.drivers.kraken_venue import ADD, CANCEL, stop_for
from tests.drivers.specimens import CID, SYMBOL, entry, leave

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from helix_core import OrderReport, ProtectiveOrder

D = Decimal
BOUGHT = D("0.0084")


class Impatient(KrakenClient):
    """The client with bounds short enough for a test; the counter is the real one."""

    bounds = Bounds(order_timeout_s=0.5, question_timeout_s=2.0, question_interval_s=0)


@pytest.fixture
def kraken_sandbox() -> Sandbox:
    """A local Kraken whose book has levels so thin that an entry takes five of them."""
    venue = sandbox()
    listing = venue.venue.listing(SYMBOL)
    listing.book = replace(listing.book, level_quantity=D("0.00168"))
    return venue


@pytest.fixture
async def trader(kraken_sandbox: Sandbox) -> AsyncIterator[KrakenClient]:
    async with serving(kraken_sandbox.app) as url:
        client = driver_of(kraken_sandbox, url)
        await client.connect()
        yield client
        await client.disconnect()


def driver_of(venue: Sandbox, url: str) -> KrakenClient:
    config = ExchangeConfig(
        name="kraken",
        mode=TradingMode.LIVE,
        symbol=SYMBOL,
        clock=SystemClock(),
        api_key=SecretStr(venue.api_key),
        api_secret=SecretStr(venue.api_secret),
        base_url=url,
    )
    return Impatient(config)


async def buy_and_protect(client: KrakenClient) -> tuple[OrderReport, ProtectiveOrder, OrderReport]:
    bought = await client.place_market_order(entry())
    stop = stop_for(entry_order_id=bought.venue_order_ids[0])
    return bought, stop, await client.place_oco_order(stop)


def ref_of(stop: ProtectiveOrder, report: OrderReport | None = None) -> OrderRef:
    """The stop as the journal knows it; without a report, as after a crash."""
    return OrderRef(
        client_order_id=stop.client_order_id,
        kind=OrderKind.STOP,
        symbol=SYMBOL,
        venue_order_ids=report.venue_order_ids if report else (),
        entry_order_id=stop.entry_order_id,
    )


async def test_buy_in_five_pieces_then_sell(trader: KrakenClient, kraken_sandbox: Sandbox) -> None:
    """Five fills, five stops, five cancels, one sale."""
    bought, stop, covered = await buy_and_protect(trader)
    resting = {order.venue_order_id for order in await trader.open_orders(SYMBOL)}
    cancelled = await trader.cancel_order(ref_of(stop, covered))
    sold = await trader.place_market_order(replace(leave(), client_order_id="c" * 32))

    assert (bought.status, bought.filled, len(bought.fills or ())) == (OrderStatus.FILLED, BOUGHT, 5)
    assert {fill.fee_currency for fill in bought.fills or ()} == {"USDT"}
    assert (covered.protecting, covered.stop_price, len(covered.venue_order_ids)) == (BOUGHT, D("62926.3"), 5)
    assert resting == set(covered.venue_order_ids)
    assert (cancelled.status, cancelled.filled, cancelled.protecting) == (OrderStatus.CANCELED, 0, 0)
    assert (sold.status, sold.filled) == (OrderStatus.FILLED, BOUGHT)
    assert await trader.open_orders(SYMBOL) == ()
    prove(kraken_sandbox.venue)


async def test_a_stop_out_sells_all_five(trader: KrakenClient, kraken_sandbox: Sandbox) -> None:
    _, stop, covered = await buy_and_protect(trader)
    kraken_sandbox.venue.set_price(D("62000.0"))

    report = await trader.find_order(ref_of(stop, covered))
    assert report is not None
    fills = await trader.get_fills(SYMBOL, report.venue_order_ids)

    assert (report.status, report.filled, report.protecting) == (OrderStatus.FILLED, BOUGHT, 0)
    assert sum(fill.quantity for fill in fills) == BOUGHT
    prove(kraken_sandbox.venue)


async def test_a_close_order_that_kraken_dropped_is_made_good(trader: KrakenClient, kraken_sandbox: Sandbox) -> None:
    """Two of five stops were never placed, and nobody was told: one stop of ours takes their place."""
    dropped = Fault(on=f"CLOSE {SYMBOL}", kind=FaultKind.REFUSED, code="x", msg="x", times=2)
    kraken_sandbox.faults.add(dropped)

    _, stop, covered = await buy_and_protect(trader)
    kraken_sandbox.venue.set_price(D("62000.0"))
    after = await trader.find_order(ref_of(stop, covered))

    assert (covered.protecting, len(covered.venue_order_ids)) == (BOUGHT, 4)
    assert after is not None
    assert (after.status, after.filled) == (OrderStatus.FILLED, BOUGHT)
    prove(kraken_sandbox.venue)


@pytest.mark.parametrize("known", [True, False], ids=["known", "after a crash"])
async def test_a_cancel_waits_until_pending_is_over(
    trader: KrakenClient, kraken_sandbox: Sandbox, *, known: bool
) -> None:
    _, stop, covered = await buy_and_protect(trader)
    kraken_sandbox.faults.add(Fault(on=f"POST {CANCEL}", kind=FaultKind.PENDING, delay_s=0.4, times=None))

    report = await trader.cancel_order(ref_of(stop, covered if known else None))

    assert report.status is OrderStatus.CANCELED
    assert list(kraken_sandbox.venue.ledger.open_orders(SYMBOL)) == []


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": FaultKind.LOST_REQUEST},
        {"kind": FaultKind.LOST_ANSWER},
        {"kind": FaultKind.CUT_BODY},
        {"kind": FaultKind.HTTP_5XX, "status": 520},
        {"kind": FaultKind.HTTP_5XX, "status": 504, "done": True},
        {"kind": FaultKind.UNKNOWN_EXECUTION},
        {"kind": FaultKind.UNKNOWN_EXECUTION, "done": True},
    ],
    ids=lambda fault: " ".join(map(str, fault.values())),
)
async def test_an_entry_of_unknown_outcome_is_found_or_proven_absent(
    trader: KrakenClient, kraken_sandbox: Sandbox, fault: dict[str, object]
) -> None:
    struck = Fault(on=f"POST {ADD}", **fault)  # type: ignore[arg-type]
    kraken_sandbox.faults.add(struck)

    with pytest.raises(OrderOutcomeUnknown):
        await trader.place_market_order(entry())
    found = await trader.find_order(OrderRef(client_order_id=CID, kind=OrderKind.ENTRY, symbol=SYMBOL))

    assert kraken_sandbox.count("POST", ADD) == 1
    assert (found is not None) is struck.happens


async def test_a_partly_filled_entry_is_protected_for_what_it_bought(
    trader: KrakenClient, kraken_sandbox: Sandbox
) -> None:
    kraken_sandbox.faults.add(Fault(on=f"POST {ADD}", kind=FaultKind.PARTIAL_FILL, fraction=D("0.5")))

    bought = await trader.place_market_order(entry())
    stop = stop_for(str(bought.filled), bought.venue_order_ids[0])
    covered = await trader.place_oco_order(stop)

    assert bought.filled == BOUGHT / 2
    assert bought.status is OrderStatus.CANCELED
    assert covered.protecting == bought.filled
    assert kraken_sandbox.count("POST", ADD) == 1


async def test_refusals_are_the_venue_s_own(trader: KrakenClient) -> None:
    with pytest.raises(OrderRefused, match="EOrder Insufficient funds"):
        await trader.place_market_order(leave("5"))


async def test_a_stop_that_comes_too_late_is_told(trader: KrakenClient, kraken_sandbox: Sandbox) -> None:
    kraken_sandbox.venue.set_price(D("62000.0"))

    with pytest.raises(StopWouldTrigger):
        await trader.place_oco_order(stop_for(entry_order_id=None))

    assert kraken_sandbox.count("POST", ADD) == 0


async def test_the_key_s_rights_are_read(trader: KrakenClient, kraken_sandbox: Sandbox) -> None:
    fine = await trader.key_permissions()
    kraken_sandbox.rights.withdraw = True
    rich = await trader.key_permissions()

    assert (fine.can_trade, fine.can_withdraw) == (True, False)
    assert rich.can_withdraw
    assert "withdraw" in rich.detail


async def test_rules_prices_and_balances(trader: KrakenClient) -> None:
    rules = await trader.instrument(SYMBOL)
    ticker = await trader.get_ticker(SYMBOL)
    book = await trader.order_book(SYMBOL)
    balances = await trader.get_balance()

    assert (rules.native_id, rules.taker_fee, rules.price_tick) == ("XBTUSDT", D("0.004"), D("0.1"))
    assert ticker.ask == book.asks[0].price
    assert book.bids[0].quantity == D("0.00168")
    assert balances.of("USDT").free == 10_000
    assert abs(await trader.clock_offset_s()) < 1.5
