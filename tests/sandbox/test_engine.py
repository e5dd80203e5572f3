"""What only the engine shows: the buying side, the caps of a market, and orders that cannot be."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import pytest

from helix_binance.sandbox import sandbox
from helix_core import Action
from helix_core.sandbox import (
    ExpiryReason,
    Fault,
    FaultKind,
    Fees,
    NewOrder,
    OrderType,
    Reason,
    Refused,
    Venue,
    prove,
)

SYMBOL = "BTC/USDT"
BUY: dict[str, Any] = {"symbol": SYMBOL, "side": Action.BUY, "quantity": Decimal("0.1")}


@pytest.fixture
def venue() -> Venue:
    return sandbox(balances={"USDT": Decimal(20_000)}, price=Decimal(60_000)).venue


def stop(price: int, **changes: Any) -> NewOrder:
    return NewOrder(**{**BUY, "type": OrderType.STOP_LOSS, "stop_price": Decimal(price), **changes})


def limit(price: int, **changes: Any) -> NewOrder:
    return NewOrder(**{**BUY, "type": OrderType.LIMIT_MAKER, "price": Decimal(price), **changes})


def test_buy_stop_is_set_off_by_a_rise(venue):
    """A stop on the buying side waits with quote locked and buys at the ask of that moment."""
    venue.place(stop(65_000))
    held = venue.account.locked("USDT")

    (order,) = venue.set_price(Decimal(65_500))

    assert held == 6_500
    assert (order.status, order.quote_executed) == ("filled", Decimal(6_550))
    prove(venue)


def test_buy_stop_that_cannot_be_paid_for_expires(venue):
    """A gap makes the purchase dearer than the account: nothing is bought on credit."""
    venue.place(stop(65_000, quantity=Decimal("0.3")))

    (order,) = venue.set_price(Decimal(70_000))

    assert (order.status, order.expiry_reason, order.executed) == ("expired", ExpiryReason.NO_FUNDS, 0)
    assert venue.account.free("USDT") == 20_000


def test_pair_on_the_buying_side_locks_the_dearer_leg(venue):
    """Only one leg can fill, so the dearer one is what must be there."""
    venue.place_oco(stop(65_000), limit(55_000))
    held = venue.account.locked("USDT")

    (order,) = venue.set_price(Decimal(54_000))

    assert held == 6_500
    assert (order.type, order.quote_executed) == (OrderType.LIMIT_MAKER, Decimal(5_500))
    prove(venue)


def test_quote_fee_of_a_buy_must_be_there_too(venue):
    """Where buys pay in quote, price and fee together may not exceed what is free."""
    venue.fees = Fees(buys_pay_in_quote=True)
    venue.transfer("USDT", Decimal(-14_000))

    with pytest.raises(Refused) as refusal:
        venue.place(NewOrder(type=OrderType.MARKET, **BUY))
    venue.transfer("USDT", Decimal(6))
    venue.place(NewOrder(type=OrderType.MARKET, **BUY))

    assert refusal.value.reason is Reason.INSUFFICIENT_FUNDS
    assert (venue.account.free("USDT"), venue.account.free("BTC")) == (0, Decimal("0.1"))
    prove(venue)


@pytest.mark.parametrize(
    ("cap", "reason"),
    [
        ("max_orders", Reason.TOO_MANY_ORDERS),
        ("max_stops", Reason.TOO_MANY_STOPS),
        ("max_lists", Reason.TOO_MANY_LISTS),
    ],
)
def test_market_caps_its_open_orders(venue, cap, reason):
    """Orders, stops and pairs each have a cap of their own."""
    venue.place_oco(stop(65_000), limit(55_000))
    in_use = {"max_orders": 2, "max_stops": 1, "max_lists": 1}
    venue.listing().market = replace(venue.listing().market, **{cap: in_use[cap]})

    with pytest.raises(Refused) as refusal:
        venue.place_oco(stop(66_000), limit(54_000))

    assert refusal.value.reason is reason


def test_amount_worth_less_than_a_lot_buys_nothing(venue):
    """An order by cost that does not pay for one lot is refused."""
    venue.set_price(Decimal(990_000))

    with pytest.raises(Refused) as refusal:
        venue.place(
            NewOrder(symbol=SYMBOL, side=Action.BUY, type=OrderType.MARKET, quote_quantity=Decimal(6)),
        )

    assert refusal.value.reason is Reason.LOT_SIZE


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"side": "BUY"}, TypeError),
        ({"type": "STOP_LOSS"}, TypeError),
        ({"quantity": None}, ValueError),
        ({"quote_quantity": Decimal(10)}, ValueError),
    ],
)
def test_order_that_cannot_be_understood_does_not_exist(changes, error):
    """A plain word for a side would be taken for the other side, so it is no order at all."""
    with pytest.raises(error):
        stop(65_000, **changes)


def test_unknown_pair_is_refused(venue):
    """Nothing is listed but what was given."""
    with pytest.raises(Refused) as refusal:
        venue.place(stop(65_000, symbol="ETH/USDT"))

    assert refusal.value.reason is Reason.UNKNOWN_SYMBOL


async def test_hanging_up_without_a_connection_is_an_error_of_its_own():
    """Driven without a socket, a lost answer still reaches the client as a broken connection."""
    box = sandbox()
    box.faults.add(Fault(on="GET /api/v3/ping", kind=FaultKind.LOST_ANSWER))

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=box.app), base_url="http://sandbox", verify=False
    ) as http:
        with pytest.raises(ConnectionResetError):
            await http.get("/api/v3/ping")


async def test_json_bodies_are_logged_by_field():
    """A venue that speaks JSON can be matched by parameters as well."""
    box = sandbox()

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=box.app), base_url="http://sandbox", verify=False
    ) as http:
        await http.post("/api/v3/order?symbol=BTCUSDT", json={"side": "BUY", "quantity": 1})
        await http.post("/api/v3/order", content=b"{broken")

    assert [dict(request.parameters) for request in box.requests] == [
        {"side": "BUY", "quantity": "1", "symbol": "BTCUSDT"},
        {},
    ]
