"""Whole trades against Helix's own local Binance, proven to the last digit."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from helix_core import (
    Holding,
    OrderRefused,
    OrderStatus,
    StopWouldTrigger,
)
from helix_core.sandbox import Fault, FaultKind, FeeCoin, Fees, Sandbox, prove
from tests.drivers.local_binance import BOUGHT, buy_and_protect, exit_of, net, ref, stop_for
from tests.drivers.specimens import SYMBOL, entry

if TYPE_CHECKING:
    from helix_binance.client import BinanceClient


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
