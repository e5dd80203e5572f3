"""The driver against Helix's own local Binance: whole trades, and every fault with the truth looked up afterwards."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from helix_binance.client import BinanceClient
from helix_binance.sandbox import sandbox
from helix_core import (
    ExchangeConfig,
    Holding,
    OrderOutcomeUnknown,
    OrderRef,
    OrderRefused,
    OrderReport,
    OrderStatus,
    StopWouldTrigger,
    TradingMode,
)
from helix_core.ccxt import Bounds
from helix_core.clock import SystemClock
from helix_core.sandbox import Fault, FaultKind, FeeCoin, Fees, Sandbox, prove, serving
from tests.drivers.specimens import SYMBOL, entry, leave, protect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from helix_core import ExitOrder, ProtectiveOrder

EXIT_ID = "f" * 32
BOUGHT = Decimal("0.0084")


class Impatient(BinanceClient):
    """The client with bounds short enough for a test."""

    bounds = Bounds(order_timeout_s=0.5, question_timeout_s=2.0, question_interval_s=0)


@pytest.fixture
def venue() -> Sandbox:
    return sandbox()


def driver_of(venue: Sandbox, url: str) -> BinanceClient:
    config = ExchangeConfig(
        name="binance",
        mode=TradingMode.LIVE,
        symbol=SYMBOL,
        clock=SystemClock(),
        api_key=SecretStr(venue.api_key),
        api_secret=SecretStr(venue.api_secret),
        base_url=url,
    )
    return Impatient(config)


@pytest.fixture
async def client(venue: Sandbox) -> AsyncIterator[BinanceClient]:
    async with serving(venue.app) as url:
        driver = driver_of(venue, url)
        await driver.connect()
        yield driver
        await driver.disconnect()


def ref(order: object) -> OrderRef:
    return OrderRef(client_order_id=order.client_order_id, kind=order.kind, symbol=SYMBOL)  # type: ignore[attr-defined]


def stop_for(quantity: Decimal, *, plain: bool = False) -> ProtectiveOrder:
    return replace(protect(plain=plain), client_order_id="a" * 32, quantity=quantity, held=quantity)


def exit_of(quantity: Decimal) -> ExitOrder:
    return replace(leave(), client_order_id=EXIT_ID, quantity=quantity, held=quantity)


def net(report: OrderReport) -> Decimal:
    assert report.fills is not None
    return report.filled - sum(fill.fee for fill in report.fills if fill.fee_currency == "BTC")


async def buy_and_protect(client: BinanceClient, *, plain: bool = False) -> tuple[Decimal, ProtectiveOrder]:
    """Hold 0.0084 BTC less the fee, with a stop for every lot of it."""
    held = net(await client.place_market_order(entry()))
    stop = stop_for((await client.instrument(SYMBOL)).lots(held), plain=plain)
    await client.place_oco_order(stop)
    return stop.quantity, stop


@pytest.mark.parametrize("plain", [False, True], ids=["pair", "alone"])
async def test_buy_protect_cancel_sell(client: BinanceClient, venue: Sandbox, plain: bool) -> None:
    """The fee is taken from the coins, so less is protected and sold than was bought."""
    quantity, stop = await buy_and_protect(client, plain=plain)

    standing = await client.find_order(ref(stop))
    orders = await client.open_orders(SYMBOL)
    cancelled = await client.cancel_order(ref(stop))
    sold = await client.place_market_order(exit_of(quantity))

    assert quantity == Decimal("0.00839")
    assert standing is not None
    assert (standing.status, standing.protecting) == (OrderStatus.OPEN, quantity)
    assert {order.stop_price for order in orders} == {stop.stop_price} | (set() if plain else {None})
    assert standing.venue_order_ids[0] == next(order.venue_order_id for order in orders if order.stop_price)
    assert (cancelled.status, cancelled.filled, cancelled.protecting) == (OrderStatus.CANCELED, 0, 0)
    assert (sold.status, sold.filled) == (OrderStatus.FILLED, quantity)
    assert await client.open_orders(SYMBOL) == ()
    prove(venue.venue)


async def test_coins_in_a_stop_are_still_held(client: BinanceClient) -> None:
    await buy_and_protect(client)

    (holding,) = await client.get_open_positions()

    assert holding == Holding(symbol=SYMBOL, quantity=Decimal("0.0083916"))
    assert (await client.get_balance()).of("BTC").locked == Decimal("0.00839")


async def test_a_stop_that_is_set_off_sells(client: BinanceClient, venue: Sandbox) -> None:
    quantity, stop = await buy_and_protect(client)
    venue.venue.set_price(Decimal("62900.00"))

    report = await client.find_order(ref(stop))
    assert report is not None
    fills = await client.get_fills(SYMBOL, report.venue_order_ids)

    assert (report.status, report.filled, report.protecting) == (OrderStatus.FILLED, quantity, 0)
    assert sum(fill.quantity for fill in fills) == quantity
    assert {fill.fee_currency for fill in fills} == {"USDT"}
    prove(venue.venue)


async def test_a_stop_that_sells_only_a_part_is_over(client: BinanceClient, venue: Sandbox) -> None:
    """A triggered stop is not a filled stop."""
    quantity, stop = await buy_and_protect(client)
    venue.faults.add(Fault(on=f"TRIGGER {SYMBOL}", kind=FaultKind.PARTIAL_FILL, fraction=Decimal("0.5")))
    venue.venue.set_price(Decimal("62900.00"))

    report = await client.find_order(ref(stop))

    assert report is not None
    assert report.status is OrderStatus.EXPIRED
    assert 0 < report.filled < quantity
    assert report.protecting == 0


async def test_a_cancel_that_comes_too_late_reports_the_sale(client: BinanceClient, venue: Sandbox) -> None:
    quantity, stop = await buy_and_protect(client)
    venue.venue.set_price(Decimal("62900.00"))

    report = await client.cancel_order(ref(stop))

    assert (report.status, report.filled) == (OrderStatus.FILLED, quantity)


async def test_a_stop_above_the_price_is_too_late(client: BinanceClient, venue: Sandbox) -> None:
    held = net(await client.place_market_order(entry()))
    venue.venue.set_price(Decimal("62900.00"))
    quantity = (await client.instrument(SYMBOL)).lots(held)

    for plain in (False, True):
        with pytest.raises(StopWouldTrigger):
            await client.place_oco_order(stop_for(quantity, plain=plain))

    assert await client.open_orders(SYMBOL) == ()


async def test_a_fee_paid_in_a_third_coin_leaves_all_coins(venue: Sandbox, client: BinanceClient) -> None:
    venue.venue.transfer("BNB", Decimal(1))
    venue.venue.fees = Fees(coin=FeeCoin(currency="BNB", price=Decimal(600)))

    report = await client.place_market_order(entry())

    assert net(report) == BOUGHT
    assert report.fills is not None
    assert {fill.fee_currency for fill in report.fills} == {"BNB"}


async def test_a_market_order_that_runs_out_of_book_keeps_what_it_got(client: BinanceClient, venue: Sandbox) -> None:
    venue.faults.add(Fault(on="POST /api/v3/order", kind=FaultKind.PARTIAL_FILL, fraction=Decimal("0.25")))

    report = await client.place_market_order(entry())

    assert (report.status, report.filled) == (OrderStatus.EXPIRED, Decimal("0.0021"))


async def test_more_than_the_account_has_is_refused(client: BinanceClient, venue: Sandbox) -> None:
    with pytest.raises(OrderRefused) as refused:
        await client.place_market_order(entry("0.5"))

    assert str(refused.value) == "Binance refused: -2010 Account has insufficient balance for requested action."
    prove(venue.venue)


@pytest.mark.parametrize("right", ["withdraw", "trade", "ip_restricted"])
async def test_the_rights_of_the_key_are_read(client: BinanceClient, venue: Sandbox, right: str) -> None:
    before = await client.key_permissions()
    setattr(venue.rights, right, not getattr(venue.rights, right))

    after = await client.key_permissions()

    assert (before.can_trade, before.can_withdraw, before.warnings) == (True, False, ())
    assert after.can_withdraw is (right == "withdraw")
    assert after.can_trade is (right != "trade")
    assert bool(after.warnings) is (right == "ip_restricted")


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
