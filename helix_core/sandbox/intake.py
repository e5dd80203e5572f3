"""Where orders come in at the simulated venue: what each would need, and its first entry in the ledger."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from helix_core.domain.money import floor_to
from helix_core.domain.signal import Action
from helix_core.sandbox.admission import admit
from helix_core.sandbox.orders import Order, OrderType, TimeInForce
from helix_core.sandbox.refusal import Reason, Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from helix_core.clock import Clock
    from helix_core.sandbox.account import Account
    from helix_core.sandbox.book import Level
    from helix_core.sandbox.ledger import Ledger
    from helix_core.sandbox.market import Listing
    from helix_core.sandbox.matching import Matching
    from helix_core.sandbox.orders import NewOrder


class Intake:
    """Plans orders, changing nothing, and then accepts them. Ids are counters from 1."""

    def __init__(
        self, listing: Callable[[str], Listing], account: Account, ledger: Ledger, matching: Matching, clock: Clock
    ) -> None:
        """Plan with these balances and prices; `listing` finds a market by its symbol."""
        self._listing, self._account, self._ledger = listing, account, ledger
        self._matching, self._clock = matching, clock
        self._order_ids, self._client_ids = count(1), count(1)

    def new_client_id(self) -> str:
        """An id for an order whose sender gave none."""
        return f"sandbox{next(self._client_ids):015d}"

    def plan(self, new: NewOrder, fill_ratio: Decimal | None) -> tuple[Decimal, list[Level]]:
        """The order's quantity and what it takes at once. Raises Refused unless all of it is allowed and paid for."""
        listing = self._listing(new.symbol)
        admit(new, listing, self._ledger)
        quantity = self._quantity(new, listing)
        levels: list[Level] = []
        if new.type in {OrderType.MARKET, OrderType.LIMIT}:
            wanted = quantity if fill_ratio is None else floor_to(quantity * fill_ratio, listing.market.lot_step)
            levels = listing.book.walk(new.side, listing.last, wanted, new.price)
        taken = sum(level.quantity for level in levels)
        if new.time_in_force is TimeInForce.FOK and taken < quantity:
            levels = []
        need = self._matching.cost(listing.market, new.side, levels)
        self._account.need(need.currency, need.amount)
        if new.type is not OrderType.MARKET:
            self.need_for([new], quantity)
        return quantity, levels

    @staticmethod
    def _quantity(new: NewOrder, listing: Listing) -> Decimal:
        if new.quantity is not None:
            return new.quantity
        assert new.quote_quantity is not None, "an order states its size"
        wanted = listing.book.quantity_for(new.side, listing.last, new.quote_quantity)
        quantity = floor_to(wanted, listing.market.lot_step)
        if quantity < listing.market.min_quantity:
            raise Refused(Reason.LOT_SIZE, f"{new.quote_quantity} is worth less than one lot")
        return quantity

    def need_for(self, legs: list[NewOrder], quantity: Decimal) -> None:
        """Raise Refused unless orders that may have to wait can be paid for in full."""
        market = self._listing(legs[0].symbol).market
        if legs[0].side is Action.SELL:
            self._account.need(market.base, quantity)
            return
        notional = quantity * max(leg.own_price for leg in legs if leg.own_price is not None)
        self._account.need(market.quote, notional + self._matching.fees.reserve(Action.BUY, notional))

    def accept(
        self,
        new: NewOrder,
        quantity: Decimal,
        list_id: int | None = None,
        parent_id: int | None = None,
        *,
        pending: bool = False,
    ) -> Order:
        """Give the order its ids and write it down."""
        now = self._clock.now()
        order = Order(
            order_id=next(self._order_ids),
            client_id=new.client_id or self.new_client_id(),
            symbol=new.symbol,
            side=new.side,
            type=new.type,
            quantity=quantity,
            quote_quantity=new.quote_quantity,
            price=new.price,
            stop_price=new.stop_price,
            time_in_force=new.time_in_force,
            list_id=list_id,
            created_at=now,
            updated_at=now,
            working_at=None if pending or new.stop_price is not None else now,
            close=new.close,
            parent_id=parent_id,
            fee_in_base=new.fee_in_base,
            pending=pending,
        )
        return self._ledger.add_order(order)
