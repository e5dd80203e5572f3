"""Whatever is done to a venue with Kraken's rules, its money is right to the last digit."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helix_core import Action
from helix_core.sandbox import (
    CLOSE,
    TRIGGER,
    Book,
    Close,
    Fault,
    FaultKind,
    NewOrder,
    OrderType,
    Refused,
    TimeInForce,
    prove,
)
from helix_kraken.sandbox import sandbox

from .conftest import SYMBOL, MovingClock

TICK, LOT = Decimal("0.1"), Decimal("1E-8")
WAITING = [OrderType.STOP_LOSS, OrderType.TAKE_PROFIT]

prices = st.integers(590_000, 650_000).map(lambda ticks: TICK * ticks)
quantities = st.integers(4_000, 20_000_000).map(lambda lots: LOT * lots)
sides = st.sampled_from(Action)
closes = st.one_of(
    st.none(),
    st.builds(Close, type=st.sampled_from(WAITING), stop_price=prices),
    st.builds(Close, type=st.just(OrderType.LIMIT), price=prices),
)
common = {"symbol": st.just(SYMBOL), "side": sides, "close": closes, "fee_in_base": st.booleans()}
orders = st.one_of(
    st.builds(NewOrder, type=st.just(OrderType.MARKET), quantity=quantities, **common),
    st.builds(NewOrder, type=st.just(OrderType.MARKET), quote_quantity=st.integers(1, 20_000).map(Decimal), **common),
    st.builds(
        NewOrder,
        type=st.just(OrderType.LIMIT),
        quantity=quantities,
        price=prices,
        time_in_force=st.sampled_from(TimeInForce),
        **common,
    ),
    st.builds(NewOrder, type=st.sampled_from(WAITING), quantity=quantities, stop_price=prices, **common),
)
faults = st.sampled_from(
    [
        Fault(on=f"{CLOSE} {SYMBOL}", kind=FaultKind.REFUSED, code="EOrder", msg=""),
        Fault(on=f"{TRIGGER} {SYMBOL}", kind=FaultKind.PARTIAL_FILL, fraction=Decimal("0.4")),
    ]
)
steps = st.one_of(
    st.tuples(st.just("place"), orders),
    st.tuples(st.just("price"), prices),
    st.tuples(st.just("cancel"), st.integers(1, 30)),
    st.tuples(st.just("cancel later"), st.integers(1, 30)),
    st.tuples(st.just("cancel all later"), st.none()),
    st.tuples(st.just("wait"), st.integers(1, 5)),
    st.tuples(st.just("fault"), faults),
)


def carry_out(venue, step):
    match step:
        case ("place", order):
            venue.place(order)
        case ("price", price):
            venue.set_price(price)
        case ("cancel", order_id):
            venue.cancel(order_id)
        case ("cancel later", order_id):
            venue.cancel_later(order_id, venue.clock.now() + timedelta(seconds=3))
        case ("cancel all later", None):
            venue.cancel_all_at(venue.clock.now() + timedelta(seconds=3))
        case ("wait", seconds):
            venue.clock.skip(seconds)
        case ("fault", fault):
            venue.faults.add(fault)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, max_size=30), st.integers(1, 12))
def test_money_is_conserved_after_every_step(taken, levels):
    """With close orders for each fill, late cancels, fees in either currency and gaps, a refusal changes nothing."""
    held = {"BTC": Decimal("0.2"), "USDT": Decimal(15_000)}
    venue = sandbox(balances=held, price=Decimal(62_000), clock=MovingClock()).venue
    venue.listing().book = Book(tick=TICK, level_quantity=Decimal("0.03"), levels=levels)

    for step in taken:
        venue.catch_up()
        before = (venue.balances(), venue.ledger.versions)
        try:
            carry_out(venue, step)
        except Refused:
            assert (venue.balances(), venue.ledger.versions) == before
        prove(venue)


@settings(max_examples=60, deadline=None)
@given(quantities, closes.filter(lambda close: close is not None and close.type is OrderType.STOP_LOSS))
def test_every_fill_has_its_own_close(quantity, close):
    """As many close orders as fills, each of one fill's size, except for those below the minimum."""
    venue = sandbox(balances={"USDT": Decimal(50_000)}, price=Decimal(62_000), clock=MovingClock()).venue
    rules = venue.listing().market
    venue.listing().book = Book(tick=TICK, level_quantity=Decimal("0.03"))

    try:
        entry = venue.place(
            NewOrder(symbol=SYMBOL, side=Action.BUY, type=OrderType.MARKET, quantity=quantity, close=close)
        )
    except Refused:
        assert quantity < rules.min_quantity
        return

    fills = [fill.quantity for fill in venue.ledger.executions_of(entry.order_id)]
    placed = [order.quantity for order in venue.ledger.orders if order.parent_id == entry.order_id]
    assert placed == [fill for fill in fills if fill >= rules.min_quantity]
    prove(venue)
