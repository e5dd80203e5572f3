"""Findings: how the account and the database differ, in sentences with their numbers. Nothing here asks or changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from helix_core.domain.identifiers import OWN_ORDER
from helix_core.domain.money import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

    from helix_core.contracts.exchange import OpenOrder
    from helix_core.domain.market import Instrument
    from helix_core.store.books import Books, Unsettled
    from helix_core.store.schema import JournalRow

_RUN = "run helix reconcile on the host"
_MOST_NAMED = 2


class FindingKind(StrEnum):
    """What does not agree."""

    NO_BASELINE = "no_baseline"
    UNEXPLAINED_COINS = "unexplained_coins"
    MISSING_COINS = "missing_coins"
    FOREIGN_ORDERS = "foreign_orders"
    LATE_ORDER = "late_order"
    ORPHAN_STOP = "orphan_stop"
    UNKNOWN_ORDER = "unknown_order"
    UNBOOKED = "unbooked"
    RESET = "reset"
    NOT_TRADING = "not_trading"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference: a sentence, the numbers behind it, and what the owner can do.

    `subject` is what it is about (a coin, a trade, an order). `halts`: entries stop until a human has decided.
    `passing`: it is about to be settled by a running bot, and no matter for a human yet. `orders` are the client order
    ids, `trade_ids` the trades, that a decision on it would be about.
    """

    kind: FindingKind
    subject: str
    sentence: str
    remedy: str
    numbers: Mapping[str, str] = field(default_factory=dict)
    halts: bool = True
    passing: bool = False
    orders: tuple[str, ...] = ()
    trade_ids: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        """The same for the same difference, however often it is seen."""
        return f"{self.kind.value} {self.subject}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The account beside the books: `total` base units at the venue, and every finding. `orders` rest there."""

    rules: Instrument
    total: Decimal
    books: Books
    orders: tuple[tuple[str, Decimal], ...]
    findings: tuple[Finding, ...]

    @property
    def difference(self) -> Decimal:
        """Base units that are there less those that should be."""
        return self.total - self.books.expected

    @property
    def clean(self) -> bool:
        """True when there is nothing to decide and nothing under way."""
        return not any(finding.halts or finding.passing for finding in self.findings)

    def same_as(self, other: Comparison) -> bool:
        """True when nothing that a decision rests on has changed."""
        mine, theirs = ({finding.key for finding in one.findings} for one in (self, other))
        return (self.total, self.books, self.orders, mine) == (other.total, other.books, other.orders, theirs)


def coins(books: Books, total: Decimal, tolerance: Decimal, base: str) -> Finding | None:
    """Coins that are there and should not be, or the other way round; None within the tolerance."""
    extra = total - books.expected
    if abs(extra) <= tolerance:
        return None
    numbers = {"at_venue": plain(total), "open_trades": plain(books.held), "difference": plain(extra)}
    trade_ids = tuple(trade.trade_id for trade in books.trades)
    if extra < 0:
        return Finding(
            kind=FindingKind.MISSING_COINS,
            subject=base,
            sentence=f"{plain(-extra)} {base} are missing: the account holds {plain(total)}, the books say "
            f"{plain(books.expected)}, {plain(books.held)} of it in open trades. Somebody sold or withdrew them",
            remedy=f"{_RUN} and say what became of them",
            numbers=numbers,
            trade_ids=trade_ids,
        )
    if books.owned is None:
        return Finding(
            kind=FindingKind.NO_BASELINE,
            subject=base,
            sentence=f"First start on this account: it holds {plain(total)} {base}, {plain(extra)} of which no trade "
            "explains",
            remedy="if they are yours, run helix reconcile --accept-baseline on the host: Helix then never sells them",
            numbers=numbers,
        )
    return Finding(
        kind=FindingKind.UNEXPLAINED_COINS,
        subject=base,
        sentence=f"{plain(extra)} {base} are in the account that nothing explains: it holds {plain(total)}, the books "
        f"say {plain(books.expected)}. An orphan position, a purchase by hand or a deposit",
        remedy=f"{_RUN}: accept them as yours, or sell them by hand",
        numbers=numbers,
    )


def foreign(client_order_ids: Iterable[str]) -> Finding | None:
    """Orders with Helix's mark that the journal does not know."""
    ids = tuple(sorted(set(client_order_ids)))
    if not ids:
        return None
    named = ", ".join(ids[:_MOST_NAMED]) + (", ..." if len(ids) > _MOST_NAMED else "")
    return Finding(
        kind=FindingKind.FOREIGN_ORDERS,
        subject="journal",
        sentence=f"The venue has {len(ids)} order(s) with Helix's mark that this database does not know ({named}). "
        "The database was lost or restored from a backup, or a second Helix trades on this account",
        remedy=f"stop any second Helix, then {_RUN}",
        numbers={"orders": str(len(ids))},
        orders=ids,
    )


def late(client_order_id: str, filled: Decimal) -> Finding:
    """An order that was proven absent, and is there."""
    return Finding(
        kind=FindingKind.LATE_ORDER,
        subject=client_order_id,
        sentence=f"Order {client_order_id} was held never to have been placed, and the venue has it, "
        f"{plain(filled)} filled",
        remedy=f"look at it on the venue's page, sell or cancel what you do not want, then {_RUN}",
        numbers={"filled": plain(filled)},
        orders=(client_order_id,),
    )


def orphan_stop(client_order_id: str, order_id: str, quantity: Decimal) -> Finding:
    """A stop of ours that rests although Helix has no use for it any more."""
    return Finding(
        kind=FindingKind.ORPHAN_STOP,
        subject=client_order_id,
        sentence=f"Stop {client_order_id} still rests at the venue over {plain(quantity)} (order {order_id}) although "
        "it, or its trade, is over: it would sell coins that are not Helix's",
        remedy=f"cancel it on the venue's page, then {_RUN}",
        numbers={"quantity": plain(quantity)},
    )


def unknown_order(order: Unsettled, age_s: float, patience_s: float) -> Finding:
    """An order whose outcome nobody knows."""
    return Finding(
        kind=FindingKind.UNKNOWN_ORDER,
        subject=order.client_order_id,
        sentence=f"Nobody knows for {age_s:.0f} s what became of {order.kind.value} order {order.client_order_id}; "
        "coins cannot be judged before",
        remedy=f"a running Helix goes on looking it up; if it does not end, {_RUN}",
        numbers={"age_s": f"{age_s:.0f}"},
        passing=age_s < patience_s,
        orders=(order.client_order_id,),
    )


def unbooked(trade_id: int, filled: Decimal) -> Finding:
    """A stop that has sold, which the books do not show yet."""
    return Finding(
        kind=FindingKind.UNBOOKED,
        subject=f"trade {trade_id}",
        sentence=f"The stop of trade {trade_id} has sold {plain(filled)}, which is not booked yet",
        remedy="a running Helix books it by itself: start it with helix run",
        numbers={"filled": plain(filled)},
        halts=False,
        passing=True,
        trade_ids=(trade_id,),
    )


def reset(books: Books, total: Decimal, base: str) -> Finding:
    """The venue knows nothing of what was open."""
    ids = tuple(trade.trade_id for trade in books.trades)
    return Finding(
        kind=FindingKind.RESET,
        subject=base,
        sentence=f"The venue knows neither the entries nor the stops of trade(s) {', '.join(map(str, ids))}, and holds "
        f"{plain(total)} {base} where the books say {plain(books.expected)}. It looks like the reset of a testnet, or "
        "like the key of another account",
        remedy=f"set the key back, or {_RUN} and adopt the reset",
        numbers={"at_venue": plain(total), "open_trades": plain(books.held)},
        trade_ids=ids,
    )


def not_trading(books: Books, symbol: str, why: str) -> Finding:
    """The pair of an open position cannot be traded."""
    held = ", ".join(f"trade {trade.trade_id} holds {plain(trade.quantity)}" for trade in books.trades)
    return Finding(
        kind=FindingKind.NOT_TRADING,
        subject=symbol,
        sentence=f"{symbol} {why}, and a position is open: {held}. Its stop may not work, and nothing can be sold",
        remedy="read the venue's announcements; if it was delisted, withdraw or convert the coins there",
        numbers={"open_trades": plain(books.held)},
        halts=False,
        trade_ids=tuple(trade.trade_id for trade in books.trades),
    )


def left_behind(resting: tuple[OpenOrder, ...], over: Mapping[str, JournalRow]) -> list[Finding]:
    """Resting orders that belong to a row of `over`, by our id or the venue's; one finding for each row."""
    by_venue_id = {order_id: core for core, row in over.items() for order_id in row.venue_order_ids.split()}
    found: dict[str, Finding] = {}
    for order in resting:
        match = OWN_ORDER.fullmatch(order.client_order_id)
        core = match[1] if match else by_venue_id.get(order.venue_order_id, "")
        if core in over and core not in found:
            found[core] = orphan_stop(core, order.venue_order_id, order.remaining)
    return list(found.values())
