"""The two records of what happened, side by side: the venue's ledger, and the bot's database. Nothing else is read."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from helix_core.domain.identifiers import ORDER_ID_PREFIX
from helix_core.domain.signal import Action
from helix_core.sandbox.ledger import Cause

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from helix_core.sandbox import Sandbox
    from helix_core.sandbox.ledger import Execution, Ledger
    from helix_core.sandbox.market import Market
    from helix_core.sandbox.orders import Order

_ID_LENGTH = 32
_BY_HAND = "manual-"
ZERO = Decimal(0)
_STOP_RATIO = Decimal("0.95")
"""Where a stop rests, at least: what it sells must be worth the venue's least there, not only at the market's price."""


@dataclass(frozen=True, slots=True)
class Held:
    """Base coins at one moment: `own` were bought by Helix's orders, `others` lie beside them (negative: taken)."""

    at: datetime
    own: Decimal
    others: Decimal


class Books:
    """Both records, read once. Times are aware UTC, amounts Decimal."""

    def __init__(self, sandbox: Sandbox, database: sqlite3.Connection) -> None:
        """Read `database`; its row factory is left as it was."""
        self.sandbox = sandbox
        self.ledger: Ledger = sandbox.venue.ledger
        self.market: Market = sandbox.venue.listing().market
        self.signals = _rows(
            database,
            "SELECT signals.*, inbox.action AS wish, inbox.trade_id, inbox.done_at FROM signals"
            " JOIN inbox ON inbox.signal_row = signals.id ORDER BY signals.id",
        )
        self.journal = {row["client_order_id"]: row for row in _rows(database, "SELECT * FROM journal")}
        self.fills = _rows(database, "SELECT * FROM fills")
        self.trades = _rows(database, "SELECT * FROM trades ORDER BY id")
        self.results = _rows(database, "SELECT * FROM results")
        self.halts = _rows(database, "SELECT * FROM halts ORDER BY id")
        self.baselines = _rows(database, "SELECT value FROM meta WHERE key LIKE 'baseline %'")
        self.notices = _rows(database, "SELECT * FROM outbox ORDER BY id")

    @property
    def halts_in_force(self) -> list[sqlite3.Row]:
        """Halts that nobody has ended."""
        return [halt for halt in self.halts if halt["cleared_at"] is None]

    @cached_property
    def own_orders(self) -> Mapping[int, str]:
        """Venue ids of Helix's orders, and what journalled order each belongs to.

        An order that a fill of Helix's entry placed belongs to that entry.
        """
        own: dict[int, str] = {}
        for order in self.ledger.orders:
            if order.client_id.startswith(ORDER_ID_PREFIX):
                own[order.order_id] = order.client_id[:_ID_LENGTH]
            elif order.parent_id in own:
                own[order.order_id] = own[order.parent_id]
        return own | self._sold_by_hand

    @cached_property
    def _sold_by_hand(self) -> dict[int, str]:
        """Sales of a human that `helix reconcile` booked as the end of a trade: they count as the trade's own."""
        booked = {row["fill_id"]: row["client_order_id"] for row in self.fills}
        by_hand = {name: order for name, order in booked.items() if order.startswith(_BY_HAND)}
        if not by_hand:
            return {}
        fills = {self.sandbox.fill_name(fill.execution_id): fill.order_id for fill in self.ledger.executions}
        return {fills[name]: order for name, order in by_hand.items() if name in fills}

    def belongs_to(self, order_id: int) -> int | None:
        """The trade an order belongs to; None for a stranger's, and for one whose entry is not known to be filled."""
        row = self.journal.get(self.own_orders.get(order_id, ""))
        return None if row is None else row["trade_id"]

    @cached_property
    def own_executions(self) -> tuple[Execution, ...]:
        """What Helix's orders bought and sold, oldest first."""
        return tuple(fill for fill in self.ledger.executions if fill.order_id in self.own_orders)

    def resting(self) -> list[Order]:
        """Helix's orders that rest at the venue."""
        orders = self.ledger.open_orders(self.sandbox.symbol)
        return [order for order in orders if order.order_id in self.own_orders]

    def base_of(self, fill: Execution) -> Decimal:
        """What a fill added to the base coin, its fee taken off."""
        gained = fill.quantity if fill.side is Action.BUY else -fill.quantity
        return gained - (fill.fee if fill.fee_currency == self.market.base else ZERO)

    def coins_by_trade(self) -> Mapping[int | None, Decimal]:
        """Base coins that each trade still has, by the venue's executions."""
        coins: defaultdict[int | None, Decimal] = defaultdict(Decimal)
        for fill in self.own_executions:
            coins[self.belongs_to(fill.order_id)] += self.base_of(fill)
        return coins

    def held(self, price: Decimal) -> Decimal:
        """What Helix has to protect: the coins of its trades, without what the venue would let no trade sell."""
        open_trades = {trade["id"] for trade in self.trades if trade["status"] == "open"}
        coins = self.coins_by_trade().items()
        return sum((some for trade, some in coins if trade in open_trades or not self.is_dust(some, price)), ZERO)

    @cached_property
    def fees_of_pairs(self) -> Decimal:
        """Fees in coins of entries whose stop the venue sized: it may take them from the owner's coins instead."""
        entries = {order.order_id for order in self.ledger.orders if order.list_id is not None}
        return sum(
            (
                fill.fee
                for fill in self.own_executions
                if fill.side is Action.BUY and fill.fee_currency == self.market.base and fill.order_id in entries
            ),
            ZERO,
        )

    def holdings(self) -> Iterator[Held]:
        """Helix's coins and the rest of the account's, after every change, oldest first."""
        changes = [(fill.at, number, self._change(fill)) for number, fill in enumerate(self.ledger.executions)]
        moved = [
            (movement.at, -1, (ZERO, movement.free))
            for movement in self.ledger.movements
            if movement.cause is Cause.TRANSFER and movement.currency == self.market.base
        ]
        own, others = ZERO, self.ledger.initial.get(self.market.base, ZERO)
        for at, _, (mine, theirs) in sorted(changes + moved, key=lambda change: change[:2]):
            own, others = own + mine, others + theirs
            yield Held(at, own, others)

    @cached_property
    def declared(self) -> Decimal:
        """Base coins that the owner called theirs: the bot must leave so many in the account."""
        return sum((max(Decimal(row["value"].split()[0]), ZERO) for row in self.baselines), ZERO)

    def taken(self) -> Iterator[tuple[datetime, Decimal]]:
        """After every change: how many coins humans have away of those that should be beside Helix's, or are Helix's.

        Coins have no names: of a declared baseline that shrank, the bot cannot know whose were sold. What a human buys
        is not Helix's, even where coins of Helix's are gone.
        """
        most = away = ZERO
        for held in self.holdings():
            most, away = max(most, held.others), max(away, -held.others)
            yield held.at, max(away, min(self.declared, most) - held.others)

    def _change(self, fill: Execution) -> tuple[Decimal, Decimal]:
        change = self.base_of(fill)
        return (change, ZERO) if fill.order_id in self.own_orders else (ZERO, change)

    def is_dust(self, quantity: Decimal, price: Decimal) -> bool:
        """True when the venue would take no stop over `quantity` while the market is at `price`: it rests below it."""
        lots = quantity // self.market.lot_step * self.market.lot_step
        return lots < self.market.min_quantity or lots * price * _STOP_RATIO < self.market.min_notional


def moment(stored: str) -> datetime:
    """A time as the database keeps it."""
    return datetime.fromisoformat(stored).replace(tzinfo=UTC)


def _rows(database: sqlite3.Connection, query: str) -> list[sqlite3.Row]:
    cursor = database.cursor()
    cursor.row_factory = sqlite3.Row
    return cursor.execute(query).fetchall()
