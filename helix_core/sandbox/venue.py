"""One account at one simulated spot venue, with no wire protocol: what a venue does, in plain calls."""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

from helix_core.clock import SystemClock
from helix_core.domain.money import floor_to
from helix_core.domain.order import OrderStatus
from helix_core.domain.signal import Action
from helix_core.sandbox.account import Account
from helix_core.sandbox.admission import admit_pair
from helix_core.sandbox.book import Book
from helix_core.sandbox.brackets import Bracket, Brackets
from helix_core.sandbox.faults import CLOSE, TRIGGER, Faults
from helix_core.sandbox.fees import Fees
from helix_core.sandbox.intake import Intake
from helix_core.sandbox.ledger import Cause, Ledger
from helix_core.sandbox.market import Listing
from helix_core.sandbox.matching import Matching
from helix_core.sandbox.orders import ExpiryReason, NewOrder, Order, OrderList, OrderType, TimeInForce
from helix_core.sandbox.refusal import Reason, Refused
from helix_core.sandbox.schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from helix_core.clock import Clock
    from helix_core.domain.market import Balance
    from helix_core.sandbox.ledger import Execution
    from helix_core.sandbox.market import Market


class Venue:
    """A spot venue that is exact to the last digit and the same on every run.

    Every call either does all it says or raises Refused and changes nothing. Ids are counters from 1.
    """

    def __init__(
        self,
        *,
        prices: Mapping[Market, Decimal],
        balances: Mapping[str, Decimal],
        fees: Fees | None = None,
        clock: Clock | None = None,
        faults: Faults | None = None,
    ) -> None:
        """Open with markets at their first prices, and the account's balances, all free.

        Raises Refused for a first price that is not on the tick.
        """
        self.clock = clock or SystemClock()
        self.faults = faults or Faults()
        self.ledger = Ledger(balances)
        self.account = Account(self.ledger, self.clock)
        self.matching = Matching(self.account, self.ledger, fees or Fees(), self.clock)
        self._listings = {market.symbol: _list(market, price) for market, price in prices.items()}
        self._schedule = Schedule()
        self._intake = Intake(self.listing, self.account, self.ledger, self.matching, self.clock)
        self._brackets = Brackets(self.listing, self.account, self.ledger, self.matching, self._intake, self.faults)
        self._list_ids = count(1)

    @property
    def fees(self) -> Fees:
        """What fills cost from now on. Can be replaced at any time."""
        return self.matching.fees

    @fees.setter
    def fees(self, fees: Fees) -> None:
        self.matching.fees = fees

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every pair that is listed, in CCXT form."""
        return tuple(self._listings)

    def listing(self, symbol: str | None = None) -> Listing:
        """The market as it stands; None means the first. Raises Refused for an unknown one."""
        name = symbol or next(iter(self._listings))
        if name not in self._listings:
            raise Refused(Reason.UNKNOWN_SYMBOL, name)
        return self._listings[name]

    def balances(self) -> dict[str, Balance]:
        """Free and locked by currency."""
        return self.account.balances()

    def new_client_id(self) -> str:
        """An id for an order whose sender gave none."""
        return self._intake.new_client_id()

    def try_out(self, new: NewOrder) -> None:
        """Check an order as `place` does, without placing it. Raises Refused."""
        self._intake.plan(new, None)

    def place(self, new: NewOrder, fill_ratio: Decimal | None = None) -> Order:
        """Accept an order, fill what can be filled at once, and let the rest wait or expire.

        `fill_ratio` cuts the book short: a MARKET order fills that part of its quantity and expires. When the order
        carries a close, each of its fills places one.
        """
        self.catch_up()
        order = self._put(new, fill_ratio)
        self._close(order, ())
        return order

    def _put(
        self,
        new: NewOrder,
        fill_ratio: Decimal | None = None,
        *,
        list_id: int | None = None,
        parent_id: int | None = None,
    ) -> Order:
        quantity, levels = self._intake.plan(new, fill_ratio)
        listing = self.listing(new.symbol)
        accepted = self._intake.accept(new, quantity, list_id, parent_id)
        order = self.matching.take(listing.market, accepted, levels)
        if not order.open:
            return order
        if order.triggers_at(listing.last):
            return self._trigger(listing, order)
        if order.type is OrderType.MARKET:
            return self.matching.end(order, OrderStatus.EXPIRED, ExpiryReason.NO_LIQUIDITY)
        if order.time_in_force is not TimeInForce.GTC:
            fill_or_kill = order.time_in_force is TimeInForce.FOK
            reason = ExpiryReason.FOK_UNFILLED if fill_or_kill else ExpiryReason.IOC_REMAINDER
            return self.matching.end(order, OrderStatus.EXPIRED, reason)
        held = self.matching.reserve(listing.market, [order])
        self.account.hold(order.holder, held.currency, held.amount)
        return order

    def place_oco(self, stop: NewOrder, limit: NewOrder, list_client_id: str | None = None) -> OrderList:
        """Accept a stop and a limit order over the same quantity; the coins are locked once."""
        self.catch_up()
        listing = self.listing(stop.symbol)
        admit_pair(stop, limit, list_client_id, listing, self.ledger)
        assert stop.quantity is not None, "a stop states its quantity"
        assert limit.quantity == stop.quantity, "both legs are over the same quantity"
        self._intake.need_for([stop, limit], stop.quantity)
        list_id = next(self._list_ids)
        legs = [self._intake.accept(leg, stop.quantity, list_id) for leg in (stop, limit)]
        held = self.matching.reserve(listing.market, legs)
        self.account.hold(legs[0].holder, held.currency, held.amount)
        pair = OrderList(
            list_id=list_id,
            client_id=list_client_id or self.new_client_id(),
            symbol=stop.symbol,
            order_ids=(legs[0].order_id, legs[1].order_id),
            created_at=legs[0].created_at,
        )
        return self.ledger.add_list(pair)

    def place_bracket(
        self, entry: NewOrder, bracket: Bracket, fill_ratio: Decimal | None = None, at: datetime | None = None
    ) -> OrderList:
        """Accept a limit buy that fills at once or not at all, with the pair that its fill places.

        The pair goes to the market `at` that time (None: now), where its rules are asked; until then it is pending.
        """
        self.catch_up()
        assert entry.side is Action.BUY, "what is bought is what the pair sells"
        assert entry.time_in_force is not TimeInForce.GTC, "an entry that waits is not simulated"
        self._brackets.check(entry, bracket)
        self._intake.plan(entry, fill_ratio)
        free_before = self.account.free(self.listing(entry.symbol).market.base)
        order = self._put(entry, fill_ratio, list_id=next(self._list_ids))
        pair = self._brackets.attach(order, bracket, free_before)
        if at is None:
            self._brackets.place(pair)
        else:
            self._schedule.place(pair.list_id, at)
        return pair

    def cancel(self, order_id: int) -> tuple[Order, ...]:
        """Cancel an open order, and with one leg of a pair the whole pair. Returns what was cancelled."""
        self.catch_up()
        return self._cancel(order_id)

    def cancel_later(self, order_id: int, at: datetime) -> None:
        """Accept the cancel of an open order and carry it out `at` that time: until then the order can fill."""
        self.catch_up()
        self._open_order(order_id)
        self._schedule.cancel(order_id, at)

    def cancel_all_at(self, at: datetime | None) -> None:
        """Cancel everything that is open at that time, or with None call such a cancel off."""
        self.catch_up()
        self._schedule.cancel_all(at)

    def catch_up(self) -> None:
        """Carry out what fell due since the last call. Every call that changes something does this first."""
        now = self.clock.now()
        for list_id in self._schedule.due_lists(now):
            pair = self.ledger.order_list(list_id)
            assert pair is not None, "a pair stays in the ledger"
            self._brackets.place(pair)
        due = set(self._schedule.due_orders(now))
        all_due = self._schedule.due_all(now)
        for order in (order for symbol in self.symbols for order in self.ledger.open_orders(symbol)):
            still = self.ledger.order(order.order_id)
            if still is not None and still.open and (all_due or order.order_id in due):
                self._cancel(order.order_id)

    def _cancel(self, order_id: int) -> tuple[Order, ...]:
        order = self._open_order(order_id)
        self.account.release(order.holder)
        return tuple(self.matching.end(leg, OrderStatus.CANCELED) for leg in self._open_legs(order))

    def _open_order(self, order_id: int) -> Order:
        order = self.ledger.order(order_id)
        if order is None or not order.open:
            raise Refused(Reason.UNKNOWN_ORDER, f"no open order {order_id}")
        return order

    def set_price(self, price: Decimal, symbol: str | None = None) -> tuple[Order, ...]:
        """Move the market in one step and return the orders that this set to work, as they ended.

        A stop it reaches is sold into the book as it stands *then*, a gap and all; a limit order fills at its price.
        """
        self.catch_up()
        listing = self.listing(symbol)
        listing.trade_at(price)
        worked = []
        for seen in self.ledger.open_orders(listing.market.symbol):
            order = self.ledger.order(seen.order_id)
            assert order is not None, "an order stays in the ledger"
            before = self.ledger.executions_of(order.order_id)
            if order.triggers_at(price):
                worked.append(self._trigger(listing, order))
            elif order.touched_at(price):
                self._leave(order)
                worked.append(self.matching.touch(listing.market, order))
            self._close(order, before)
        return tuple(worked)

    def transfer(self, currency: str, amount: Decimal) -> None:
        """Deposit `amount`, or withdraw it when it is negative. Raises Refused for more than is free."""
        self.account.move(currency, amount, Cause.TRANSFER, "owner")

    def _close(self, order: Order, before: tuple[Execution, ...]) -> None:
        """Place one close order for each fill after those `before`, if the order carries a close.

        Nobody is told of one that is refused, be it by a fault, the market's rules or for want of funds.
        """
        if order.close is None:
            return
        for fill in self.ledger.executions_of(order.order_id)[len(before) :]:
            new = NewOrder(
                symbol=order.symbol,
                side=Action.SELL if order.side is Action.BUY else Action.BUY,
                type=order.close.type,
                quantity=fill.quantity,
                price=order.close.price,
                stop_price=order.close.stop_price,
            )
            if self.faults.strike(CLOSE, order.symbol, {}) is None:
                with suppress(Refused):
                    self._put(new, parent_id=order.order_id)

    def _trigger(self, listing: Listing, order: Order) -> Order:
        """Sell (or buy) at market what a stop asked for.

        What the book cannot give expires: a triggered stop is not always a filled one.
        """
        self._leave(order)
        order = self.matching.start(order)
        fault = self.faults.strike(TRIGGER, order.symbol, {})
        ratio = None if fault is None else fault.fraction
        wanted = order.quantity if ratio is None else floor_to(order.quantity * ratio, listing.market.lot_step)
        levels = listing.book.walk(order.side, listing.last, wanted)
        need = self.matching.cost(listing.market, order.side, levels)
        if need.amount > self.account.free(need.currency):
            return self.matching.end(order, OrderStatus.EXPIRED, ExpiryReason.NO_FUNDS)
        order = self.matching.take(listing.market, order, levels)
        return self.matching.end(order, OrderStatus.EXPIRED, ExpiryReason.NO_LIQUIDITY) if order.open else order

    def _leave(self, order: Order) -> None:
        """Free what the order holds; the other leg of its pair expires."""
        self.account.release(order.holder)
        for leg in self._open_legs(order):
            if leg.order_id != order.order_id:
                self.matching.end(leg, OrderStatus.EXPIRED, ExpiryReason.SIBLING_TRIGGERED)

    def _open_legs(self, order: Order) -> tuple[Order, ...]:
        pair = None if order.list_id is None else self.ledger.order_list(order.list_id)
        return (order,) if pair is None else tuple(leg for leg in self.ledger.legs(pair) if leg.open)


def _list(market: Market, price: Decimal) -> Listing:
    listing = Listing(market=market, last=price, book=Book(tick=market.price_tick))
    listing.trade_at(price)
    return listing
