"""Entries that bring their protection: a pair of orders that the venue itself places once the entry has filled."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.domain.money import floor_to
from helix_core.domain.order import OrderStatus
from helix_core.domain.signal import Action
from helix_core.sandbox.admission import admit_bracket, admit_pending
from helix_core.sandbox.faults import CLOSE
from helix_core.sandbox.orders import ExpiryReason, NewOrder, OrderList, OrderType
from helix_core.sandbox.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from helix_core.sandbox.account import Account
    from helix_core.sandbox.faults import Faults
    from helix_core.sandbox.intake import Intake
    from helix_core.sandbox.ledger import Ledger
    from helix_core.sandbox.market import Listing
    from helix_core.sandbox.matching import Matching
    from helix_core.sandbox.orders import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """A template: the stop and the limit order that sell all that an entry receives, once it has filled whole."""

    stop_price: Decimal
    limit_price: Decimal
    stop_client_id: str | None = None
    limit_client_id: str | None = None
    list_client_id: str | None = None

    def legs(self, symbol: str, quantity: Decimal) -> tuple[NewOrder, NewOrder]:
        """The pair over `quantity`, the stop first."""
        stop = NewOrder(
            symbol=symbol,
            side=Action.SELL,
            type=OrderType.STOP_LOSS,
            quantity=quantity,
            stop_price=self.stop_price,
            client_id=self.stop_client_id,
        )
        limit = NewOrder(
            symbol=symbol,
            side=Action.SELL,
            type=OrderType.LIMIT_MAKER,
            quantity=quantity,
            price=self.limit_price,
            client_id=self.limit_client_id,
        )
        return stop, limit


class Brackets:
    """Places the pairs. What an entry received is locked for its pair at once; the market's rules are asked later."""

    def __init__(
        self,
        listing: Callable[[str], Listing],
        account: Account,
        ledger: Ledger,
        matching: Matching,
        intake: Intake,
        faults: Faults,
    ) -> None:
        """Work on this account and write to this ledger."""
        self._listing, self._account, self._ledger = listing, account, ledger
        self._matching, self._intake, self._faults = matching, intake, faults

    def check(self, entry: NewOrder, bracket: Bracket) -> None:
        """Raise Refused where the names are taken, or the pair could never stand. Its other rules are asked later."""
        names = (entry.client_id, bracket.stop_client_id, bracket.limit_client_id)
        prices = (bracket.stop_price, bracket.limit_price)
        admit_bracket(names, prices, bracket.list_client_id, self._listing(entry.symbol), self._ledger)

    def attach(self, entry: Order, bracket: Bracket, free_before: Decimal) -> OrderList:
        """Write the pair down for an entry that has ended: pending where it filled whole, else expired.

        `free_before` is how much of the coin was free before the entry: enough of it pays the fee, so that all that
        was bought is left for the pair.
        """
        assert entry.list_id is not None, "an entry with a bracket is in a list"
        market, filled = self._listing(entry.symbol).market, entry.status is OrderStatus.FILLED
        received = self._received(entry, market.base, free_before)
        quantity = floor_to(received, market.lot_step) if filled else Decimal(0)
        legs = [
            self._intake.accept(leg, quantity, entry.list_id, pending=True)
            for leg in bracket.legs(entry.symbol, quantity)
        ]
        if quantity:
            self._account.hold(legs[0].holder, market.base, quantity)
        pair = OrderList(
            list_id=entry.list_id,
            client_id=bracket.list_client_id or self._intake.new_client_id(),
            symbol=entry.symbol,
            order_ids=(legs[0].order_id, legs[1].order_id),
            created_at=entry.created_at,
            entry_id=entry.order_id,
        )
        self._ledger.add_list(pair)
        if not filled:
            self._end(pair, ExpiryReason.ENTRY_UNFILLED)
        return pair

    def place(self, pair: OrderList) -> None:
        """Put a pending pair to work, or let it expire where the market's rules or a fault forbid it."""
        legs = [leg for leg in self._ledger.legs(pair) if leg.open and leg.pending]
        if not legs:
            return
        if self._admitted(legs[0], legs[1]):
            for leg in legs:
                self._matching.admit(leg)
            return
        self._account.release(legs[0].holder)
        self._end(pair, ExpiryReason.NOT_ADMITTED)

    def _admitted(self, stop: Order, limit: Order) -> bool:
        try:
            admit_pending(stop, limit, self._listing(stop.symbol), self._ledger)
        except Refused:
            return False
        return self._faults.strike(CLOSE, stop.symbol, {}) is None

    def _received(self, entry: Order, base: str, free_before: Decimal) -> Decimal:
        fills = self._ledger.executions_of(entry.order_id)
        fee = sum((fill.fee for fill in fills if fill.fee_currency == base), Decimal(0))
        return entry.executed if free_before >= fee else entry.executed - fee

    def _end(self, pair: OrderList, reason: ExpiryReason) -> None:
        for leg in self._ledger.legs(pair):
            self._matching.end(leg, OrderStatus.EXPIRED, reason)
