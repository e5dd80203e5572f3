"""The simulated venue under any steps: no money is lost or invented, and no order breaks the venue's own rules.

Everything else in this repository is proven against this venue, so the venue is proven first.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from helix_core import Action
from helix_core.sandbox import (
    TRIGGER,
    Fault,
    FaultKind,
    FeeCoin,
    Fees,
    Market,
    NewOrder,
    OrderType,
    Reason,
    Refused,
    TimeInForce,
    Venue,
    prove,
)
from tests.stateful.depth import depth
from tests.stateful.hand_clock import HandClock
from tests.stateful.venue_book import Expectation, locked

if TYPE_CHECKING:
    from collections.abc import Callable

    from helix_core.sandbox import Order

TICK, LOT = Decimal("0.01"), Decimal("0.001")
BALANCES = {"USDT": Decimal(3_000), "BTC": Decimal(20), "ETH": Decimal(5), "BNB": Decimal("0.01")}
SYMBOLS = ("BTC/USDT", "ETH/USDT")

symbols = st.sampled_from(SYMBOLS)
sides = st.sampled_from(Action)
client_ids = st.sampled_from(["a", "b", "c", "d", None])
quantities = st.integers(1, 9_000).map(lambda lots: lots * LOT)
prices = st.integers(8_000, 12_000).map(lambda ticks: ticks * TICK)
ratios = st.sampled_from([None, None, Decimal(0), Decimal("0.4"), Decimal("0.999")])
coins = st.sampled_from([None, FeeCoin(currency="BNB", price=Decimal(600))])
rates = st.sampled_from([Decimal(0), Decimal("0.001"), Decimal("0.0026")])
all_fees = st.builds(Fees, taker=rates, maker=rates, buys_pay_in_quote=st.booleans(), coin=coins)


def market(symbol: str, *, at_once: bool) -> Market:
    return Market(
        symbol=symbol,
        native_id=symbol,
        price_tick=TICK,
        lot_step=LOT,
        min_quantity=LOT,
        max_quantity=Decimal(1_000),
        max_market_quantity=Decimal(8),
        min_notional=Decimal(1),
        max_orders=8,
        max_stops=4,
        max_lists=3,
        stops_go_off_at_once=at_once,
    )


class VenueMachine(RuleBasedStateMachine):
    """Somebody trades, the market moves, money comes and goes; no step knows what comes of the one before."""

    venue: Venue

    @initialize(fees=all_fees, at_once=st.booleans())
    def open(self, fees: Fees, at_once: bool) -> None:
        self.clock, self.fees = HandClock(), fees
        listed = {market(symbol, at_once=at_once): Decimal(100) for symbol in SYMBOLS}
        self.venue = Venue(prices=listed, balances=BALANCES, fees=fees, clock=self.clock)
        self.expected = Expectation(BALANCES)

    def attempt(self, act: Callable[[], Any]) -> Any:
        """What the venue did, or the reason why it did nothing: then nothing has changed."""
        self.venue.catch_up()
        before = self.everything()
        try:
            return act()
        except Refused as refused:
            reason = refused.reason
        assert self.everything() == before, f"refused for {reason}, and yet something changed"
        return reason

    def everything(self) -> tuple[object, ...]:
        ledger = self.venue.ledger
        return (self.venue.balances(), ledger.versions, ledger.executions, len(ledger.movements), ledger.lists)

    def open_orders(self) -> list[Order]:
        return [order for symbol in SYMBOLS for order in self.venue.ledger.open_orders(symbol)]

    def place(self, new: NewOrder, fill_ratio: Decimal | None = None) -> None:
        taken = {order.client_id for order in self.venue.ledger.open_orders(new.symbol)}
        answer = self.attempt(lambda: self.venue.place(new, fill_ratio))
        if answer is Reason.DUPLICATE_ID:
            assert new.client_id in taken, "an id is refused only while an open order carries it"
        elif not isinstance(answer, Reason):
            assert new.client_id is None or new.client_id not in taken, "an id is unique among open orders"

    @rule(symbol=symbols, side=sides, quantity=quantities, client_id=client_ids, ratio=ratios)
    def market_order(self, symbol, side, quantity, client_id, ratio) -> None:
        size = {"quantity": quantity}
        self.place(NewOrder(symbol=symbol, side=side, type=OrderType.MARKET, client_id=client_id, **size), ratio)

    @rule(symbol=symbols, side=sides, quote=st.integers(1, 900).map(Decimal), in_base=st.booleans())
    def market_order_for_quote(self, symbol, side, quote, in_base) -> None:
        self.place(NewOrder(symbol=symbol, side=side, type=OrderType.MARKET, quote_quantity=quote, fee_in_base=in_base))

    @rule(
        symbol=symbols,
        side=sides,
        quantity=quantities,
        price=prices,
        kind=st.sampled_from([OrderType.LIMIT, OrderType.LIMIT_MAKER]),
        force=st.sampled_from(TimeInForce),
        client_id=client_ids,
    )
    def limit_order(self, symbol, side, quantity, price, kind, force, client_id) -> None:
        self.place(
            NewOrder(
                symbol=symbol,
                side=side,
                type=kind,
                quantity=quantity,
                price=price,
                time_in_force=force if kind is OrderType.LIMIT else TimeInForce.GTC,
                client_id=client_id,
            )
        )

    @rule(
        symbol=symbols,
        side=sides,
        quantity=quantities,
        price=prices,
        kind=st.sampled_from([OrderType.STOP_LOSS, OrderType.TAKE_PROFIT]),
        client_id=client_ids,
    )
    def stop(self, symbol, side, quantity, price, kind, client_id) -> None:
        self.place(
            NewOrder(symbol=symbol, side=side, type=kind, quantity=quantity, stop_price=price, client_id=client_id)
        )

    @rule(
        symbol=symbols, side=sides, quantity=quantities, low=prices, high=prices, ids=st.tuples(client_ids, client_ids)
    )
    def pair(self, symbol, side, quantity, low, high, ids) -> None:
        low, high = sorted((low, high))
        below, above = (low, high) if side is Action.SELL else (high, low)
        leg = {"symbol": symbol, "side": side, "quantity": quantity}
        stop = NewOrder(**leg, type=OrderType.STOP_LOSS, stop_price=below, client_id=ids[0])
        limit = NewOrder(**leg, type=OrderType.LIMIT_MAKER, price=above, client_id=ids[1])
        self.attempt(lambda: self.venue.place_oco(stop, limit, list_client_id=ids[0]))

    @rule(symbol=symbols, price=prices)
    def price(self, symbol, price) -> None:
        waiting = {
            order.order_id for order in self.open_orders() if order.symbol == symbol and order.triggers_at(price)
        }
        worked = self.attempt(lambda: self.venue.set_price(price, symbol))
        assert waiting <= {order.order_id for order in worked} | self.ended_siblings(worked)

    def ended_siblings(self, worked: tuple[Order, ...]) -> set[int]:
        lists = {order.list_id for order in worked} - {None}
        return {order.order_id for order in self.venue.ledger.orders if order.list_id in lists}

    @precondition(lambda self: self.open_orders())
    @rule(data=st.data(), later_s=st.sampled_from([None, 5]))
    def cancel(self, data, later_s) -> None:
        order = data.draw(st.sampled_from(self.open_orders()))
        if later_s is None:
            self.attempt(lambda: self.venue.cancel(order.order_id))
        else:
            at = self.clock.now() + timedelta(seconds=later_s)
            self.attempt(lambda: self.venue.cancel_later(order.order_id, at))

    @rule(order_id=st.integers(1, 30))
    def cancel_by_number(self, order_id) -> None:
        known = self.venue.ledger.order(order_id)
        answer = self.attempt(lambda: self.venue.cancel(order_id))
        if known is None or not known.open:
            assert answer is Reason.UNKNOWN_ORDER

    @rule(seconds=st.sampled_from([1, 5, 60]), all_of_them=st.booleans())
    def wait(self, seconds, all_of_them) -> None:
        if all_of_them:
            self.venue.cancel_all_at(self.clock.now() + timedelta(seconds=2))
        self.clock.pass_(seconds)
        self.venue.catch_up()
        assert not all_of_them or seconds == 1 or not self.open_orders()

    @rule(currency=st.sampled_from(sorted(BALANCES)), amount=st.integers(-3_000, 1_000).map(Decimal))
    def transfer(self, currency, amount) -> None:
        if self.attempt(lambda: self.venue.transfer(currency, amount)) is None:
            self.expected.transfer(currency, amount)

    @rule(symbol=symbols, fraction=st.sampled_from([Decimal(0), Decimal("0.4")]))
    def next_stop_fills_in_part(self, symbol, fraction) -> None:
        self.venue.faults.clear()
        self.venue.faults.add(Fault(on=f"{TRIGGER} {symbol}", kind=FaultKind.PARTIAL_FILL, fraction=fraction))

    @precondition(lambda self: not self.open_orders())
    @rule(fees=all_fees)
    def new_fees(self, fees) -> None:
        """Only while nothing rests: a resting buy has locked what the fees were when it came."""
        self.fees = self.venue.fees = fees

    @invariant()
    def the_money_is_right_to_the_last_digit(self) -> None:
        prove(self.venue)
        self.expected.book(self.venue.ledger.executions, self.fees)
        needed = locked(self.open_orders(), self.fees)
        for currency, balance in self.venue.balances().items():
            assert balance.total == self.expected.totals[currency]
            assert balance.locked == needed[currency]
            assert balance.free >= 0

    @invariant()
    def ids_are_unique_among_open_orders(self) -> None:
        for symbol in SYMBOLS:
            ids = [order.client_id for order in self.venue.ledger.open_orders(symbol)]
            assert len(ids) == len(set(ids))

    @invariant()
    def never_both_legs_of_a_pair_fill(self) -> None:
        for pair in self.venue.ledger.lists:
            legs = self.venue.ledger.legs(pair)
            assert sum(leg.executed > 0 for leg in legs) <= 1
            assert len({leg.open for leg in legs}) == 1, "a pair ends as one"

    @invariant()
    def no_stop_rests_beyond_the_last_price(self) -> None:
        for order in self.open_orders():
            assert not order.triggers_at(self.venue.listing(order.symbol).last)

    @invariant()
    def an_order_is_what_its_fills_are(self) -> None:
        for order in self.venue.ledger.orders:
            fills = self.venue.ledger.executions_of(order.order_id)
            assert order.executed == sum(fill.quantity for fill in fills) <= order.quantity
            assert order.quote_executed == sum(fill.notional for fill in fills)
            assert (order.status == "filled") is (order.executed == order.quantity)


TestVenue = VenueMachine.TestCase
TestVenue.settings = depth(examples=25, steps=25)
