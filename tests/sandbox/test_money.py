"""Whatever is done to the venue, its money is right to the last digit."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helix_core import Action, InvariantBroken
from helix_core.sandbox import (
    Book,
    Fault,
    FaultKind,
    FeeCoin,
    Fees,
    Market,
    NewOrder,
    OrderType,
    Refused,
    TimeInForce,
    Venue,
    prove,
)

SYMBOL = "BTC/USDT"
TICK, STEP = Decimal("0.01"), Decimal("0.00001")
MARKET = Market(
    symbol=SYMBOL,
    native_id="BTCUSDT",
    price_tick=TICK,
    lot_step=STEP,
    min_quantity=STEP,
    max_quantity=Decimal(9000),
    max_market_quantity=Decimal(100),
    min_notional=Decimal(5),
)

prices = st.integers(40_000, 80_000).map(lambda cents: Decimal(cents) + TICK * (cents % 7))
quantities = st.integers(1, 40_000).map(lambda lots: STEP * lots)
sides = st.sampled_from(Action)
ratios = st.one_of(st.none(), st.sampled_from([Decimal(0), Decimal("0.333"), Decimal("0.9")]))
ids = st.one_of(st.none(), st.sampled_from(["a", "b", "c"]))

orders = st.one_of(
    st.builds(NewOrder, symbol=st.just(SYMBOL), side=sides, type=st.just(OrderType.MARKET), quantity=quantities),
    st.builds(
        NewOrder,
        symbol=st.just(SYMBOL),
        side=sides,
        type=st.just(OrderType.MARKET),
        quote_quantity=st.integers(1, 20_000).map(Decimal),
    ),
    st.builds(
        NewOrder,
        symbol=st.just(SYMBOL),
        side=sides,
        type=st.just(OrderType.LIMIT),
        quantity=quantities,
        price=prices,
        time_in_force=st.sampled_from(TimeInForce),
        client_id=ids,
    ),
    st.builds(
        NewOrder,
        symbol=st.just(SYMBOL),
        side=sides,
        type=st.just(OrderType.LIMIT_MAKER),
        quantity=quantities,
        price=prices,
    ),
    st.builds(
        NewOrder,
        symbol=st.just(SYMBOL),
        side=sides,
        type=st.just(OrderType.STOP_LOSS),
        quantity=quantities,
        stop_price=prices,
        client_id=ids,
    ),
)
operations = st.one_of(
    st.tuples(st.just("place"), orders, ratios),
    st.tuples(st.just("pair"), sides, quantities, prices, prices),
    st.tuples(st.just("cancel"), st.integers(1, 30)),
    st.tuples(st.just("price"), prices),
    st.tuples(st.just("transfer"), st.sampled_from(["BTC", "USDT", "BNB"]), st.integers(-3, 3).map(Decimal)),
    st.tuples(st.just("thin"), ratios),
)
fee_schedules = st.builds(
    Fees,
    taker=st.sampled_from([Decimal("0.001"), Decimal("0.00075"), Decimal(0)]),
    maker=st.sampled_from([Decimal("0.001"), Decimal("0.0025")]),
    buys_pay_in_quote=st.booleans(),
    coin=st.one_of(st.none(), st.just(FeeCoin(currency="BNB", price=Decimal("612.34")))),
)


def carry_out(venue: Venue, operation: tuple[Any, ...]) -> None:
    match operation:
        case ("place", order, ratio):
            venue.place(order, ratio)
        case ("pair", side, quantity, stop, limit):
            common = {"symbol": SYMBOL, "side": side, "quantity": quantity}
            venue.place_oco(
                NewOrder(type=OrderType.STOP_LOSS, stop_price=stop, **common),
                NewOrder(type=OrderType.LIMIT_MAKER, price=limit, **common),
            )
        case ("cancel", order_id):
            venue.cancel(order_id)
        case ("price", price):
            venue.set_price(price)
        case ("transfer", currency, amount):
            venue.transfer(currency, amount)
        case ("thin", ratio):
            if ratio is not None:
                venue.faults.add(Fault(on=f"TRIGGER {SYMBOL}", kind=FaultKind.PARTIAL_FILL, fraction=ratio))


def opened(fees: Fees, levels: int) -> Venue:
    held = {"BTC": Decimal("0.2"), "USDT": Decimal(15_000), "BNB": Decimal("0.01")}
    venue = Venue(prices={MARKET: Decimal("60000.00")}, balances=held, fees=fees)
    venue.listing().book = Book(tick=TICK, level_quantity=Decimal("0.07"), levels=levels)
    return venue


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(fee_schedules, st.integers(1, 12), st.lists(operations, max_size=30))
def test_money_is_conserved_after_every_step(fees, levels, steps):
    """Balances equal initial + transfers + fills - fees, never below zero, and locked equals what open orders hold."""
    venue = opened(fees, levels)

    for step in steps:
        before = (venue.balances(), venue.ledger.versions)
        try:
            carry_out(venue, step)
        except Refused:
            assert (venue.balances(), venue.ledger.versions) == before, "a refusal changes nothing"
        prove(venue)


@settings(max_examples=60, deadline=None)
@given(fee_schedules, st.lists(operations, max_size=20))
def test_movements_add_up_to_the_balances(fees, steps):
    """The movements in the ledger are the whole story of every balance."""
    venue = opened(fees, 5)
    for step in steps:
        with contextlib.suppress(Refused):
            carry_out(venue, step)

    for currency, balance in venue.balances().items():
        moved = [movement for movement in venue.ledger.movements if movement.currency == currency]
        assert venue.ledger.initial[currency] + sum(movement.free for movement in moved) == balance.free
        assert sum(movement.locked for movement in moved) == balance.locked


@settings(max_examples=40, deadline=None)
@given(st.lists(operations, max_size=15))
def test_same_steps_give_the_same_books(steps):
    """Nothing is left to chance: two venues that see the same steps end alike, ids and all."""
    venues = [opened(Fees(), 5), opened(Fees(), 5)]
    for venue in venues:
        for step in steps:
            with contextlib.suppress(Refused):
                carry_out(venue, step)

    first, second = ([(o.order_id, o.client_id, o.status, o.executed) for o in v.ledger.orders] for v in venues)
    assert first == second
    assert venues[0].balances() == venues[1].balances()


def test_proof_finds_a_missing_satoshi():
    """The proof itself can fail: one satoshi taken behind the ledger's back is found."""
    venue = opened(Fees(), 5)
    venue.account._free["BTC"] -= Decimal("1E-8")

    with pytest.raises(InvariantBroken, match="BTC"):
        prove(venue)


def test_history_of_an_order_is_kept():
    """Every state of an order stays in the ledger as it was."""
    venue = opened(Fees(), 12)
    sell: dict[str, Any] = {"symbol": SYMBOL, "side": Action.SELL, "quantity": Decimal("0.1")}
    venue.place(NewOrder(type=OrderType.STOP_LOSS, stop_price=Decimal(59_000), **sell))

    venue.set_price(Decimal(58_000))

    states = [(order.status, order.executed) for order in venue.ledger.versions]
    assert states == [
        ("open", Decimal(0)),
        ("open", Decimal(0)),
        ("open", Decimal("0.07")),
        ("filled", Decimal("0.10")),
    ]
    assert venue.ledger.executions_of(1)[0].price == Decimal("57999.99")
