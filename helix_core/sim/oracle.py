"""The oracle: reads the venue's ledger and the database, and says which promise was broken.

    oracle.check(stage, accepted=["signal-id", ...]) -> list[Violation]        # a Stage that has come to rest
    oracle.judge(Books(sandbox, connection), accepted=[...]) -> list[Violation]   # the same without a stage

`accepted` names the signal_id of every alert that was answered with 200, 202 or 409, as often as it was. Both expect
the bot at rest: the venue answers, nothing is on the wire, and what was to be settled had its time (see `quiet`).
Humans at the venue are seen in its ledger: what the oracle asks of Helix takes them into account. The invariants I1 to
I12 are those of docs/proof.md.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.domain.halt import HaltKind
from helix_core.domain.order import OrderKind
from helix_core.domain.signal import Action
from helix_core.errors import InvariantBroken
from helix_core.sandbox.proof import prove
from helix_core.sim.books import ZERO, Books, moment
from helix_core.store.schema import UNSETTLED, JournalState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from helix_core.sandbox.ledger import Execution
    from helix_core.sim.stage import Stage

_ALARMS = {"order_unknown", "orphan", "error"}
_ENDED_BY_NOBODY = {JournalState.REFUSED, JournalState.NOT_PLACED}


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken promise: `rule` is its invariant, `detail` what was found."""

    rule: str
    detail: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.rule}: {self.detail}"


def check(stage: Stage, *, accepted: Sequence[str] = (), dedup_window_s: int = 60) -> list[Violation]:
    """Judge a stage that has come to rest: every broken promise, none twice."""
    return judge(Books(stage.sandbox, stage.database()), accepted=accepted, dedup_window_s=dedup_window_s)


def judge(books: Books, *, accepted: Sequence[str] = (), dedup_window_s: int = 60) -> list[Violation]:
    """Judge two records: every broken promise, none twice."""
    found = [
        *_no_orphans(books),
        *_at_most_once(books, dedup_window_s),
        *_nothing_lost(books, accepted),
        *_protected(books),
        *_settled(books),
        *_foreseen(books),
        *_noticed(books),
        *_money(books),
    ]
    return list(dict.fromkeys(found))


def quiet(books: Books) -> bool:
    """Whether nothing is left to wait for: every signal ended, every order settled, everything that is held covered.

    What has halted with an alarm for a human counts as ended only after the bot has had its time.
    """
    if any(row["done_at"] is None for row in books.signals):
        return False
    if any(row["state"] in UNSETTLED for row in books.journal.values()):
        return False
    left = (*_protected(books), *_no_orphans(books), *_noticed(books), *_fills_agree(books), *_ends(books))
    return not left


def _no_orphans(books: Books) -> Iterator[Violation]:
    """I1: every coin and every order at the venue that came from Helix belongs to an open trade. Dust apart."""
    open_trades = {trade["id"] for trade in books.trades if trade["status"] == "open"}
    price, missing = books.sandbox.venue.listing().last, _taken(books)
    for trade_id, coins in books.coins_by_trade().items():
        if trade_id not in open_trades and not books.is_dust(coins - missing, price):
            whose = "no trade" if trade_id is None else f"trade {trade_id}, which is over"
            yield Violation("I1", f"{coins} {books.market.base} belong to {whose}")
    for order in books.resting():
        row = books.journal.get(books.own_orders[order.order_id])
        if row is None or (row["trade_id"] not in open_trades):
            yield Violation("I1", f"order {order.client_id} ({order.type} {order.remaining}) rests for no open trade")
    least = min((held.own for held in books.holdings()), default=ZERO)
    if least < -books.fees_of_pairs:
        yield Violation("I1", f"Helix sold {-least} {books.market.base} that it never bought")


def _at_most_once(books: Books, window_s: int) -> Iterator[Violation]:
    """I2: of each signal at most one entry ever fills, and of equal signals within the window at most one."""
    filled: defaultdict[int, set[str]] = defaultdict(set)
    times = {row["id"]: (row["signal_id"], moment(row["received_at"])) for row in books.signals}
    for fill in books.own_executions:
        name = books.own_orders[fill.order_id]
        row = books.journal.get(name)
        if fill.side is Action.BUY and row is not None:
            order = books.ledger.order(fill.order_id)
            filled[row["signal_row"]].add(f"{name}/{None if order is None else order.order_id}")
    for signal_row, orders in filled.items():
        if len(orders) > 1:
            yield Violation("I2", f"signal {signal_row} bought {len(orders)} times: {sorted(orders)}")
    bought = sorted(times[row] for row in filled if row in times)
    for (name, at), (again, later) in itertools.pairwise(bought):
        if name == again and (later - at).total_seconds() < window_s:
            yield Violation("I2", f"signal_id {name} bought twice within {window_s} s")


def _nothing_lost(books: Books, accepted: Sequence[str]) -> Iterator[Violation]:
    """I2: a signal whose sender was told that it is stored is stored, and has an end."""
    stored = Counter(row["signal_id"] for row in books.signals)
    for signal_id, times in Counter(accepted).items():
        if stored[signal_id] < times:
            yield Violation("I2", f"signal {signal_id} was accepted {times} times and is stored {stored[signal_id]}")
    for row in books.signals:
        if row["done_at"] is None or row["action"] is None:
            yield Violation("I2", f"signal {row['id']} ({row['wish']}) never came to an end")
    yield from _ends(books)


def _ends(books: Books) -> Iterator[Violation]:
    """I2: what a signal's sender can read of its end is what happened."""
    bought = {
        row["signal_row"]
        for fill in books.own_executions
        if fill.side is Action.BUY and (row := books.journal.get(books.own_orders[fill.order_id])) is not None
    }
    for row in books.signals:
        if row["done_at"] is None or row["wish"] != Action.BUY.value:
            continue
        if (row["action"] == "accepted") is not (row["id"] in bought):
            did = "bought" if row["id"] in bought else "bought nothing"
            yield Violation("I2", f"signal {row['id']} {did} and ended {row['action']} ({row['rejection_reason']})")


def _protected(books: Books) -> Iterator[Violation]:
    """I3, I7: what Helix holds is covered by its living stops, up to a lot step; halted or not."""
    price = books.sandbox.venue.listing().last
    own = books.held(price)
    stops = [order for order in books.resting() if order.stop_price is not None]
    covered = sum((order.remaining for order in stops), ZERO)
    naked = own - _taken(books) - covered
    if not books.is_dust(naked, price) and naked >= books.market.lot_step:
        yield Violation("I3", f"{naked} of {own} {books.market.base} is under no stop")
    if covered > own + books.fees_of_pairs:
        yield Violation("I3", f"stops over {covered} rest, and {own} {books.market.base} are held")


def _settled(books: Books) -> Iterator[Violation]:
    """I6: nothing is left unknown without a halt and an alarm, and nothing called absent is at the venue."""
    halted, alarmed = bool(books.halts_in_force), any(row["kind"] in _ALARMS for row in books.notices)
    at_venue: defaultdict[str, list[str]] = defaultdict(list)
    for order in books.ledger.orders:
        if order.order_id in books.own_orders:
            at_venue[books.own_orders[order.order_id]].append(f"{order.type} {order.status.value} {order.executed}")
    for name, row in books.journal.items():
        if row["state"] in UNSETTLED and not (halted and alarmed):
            yield Violation("I6", f"{row['kind']} {name} is left {row['state']}, halt {halted}, alarm {alarmed}")
        if row["state"] == JournalState.DONE and not at_venue[name] and row["kind"] != OrderKind.STOP.value:
            yield Violation("I6", f"{row['kind']} {name} is done, and the venue never had it")
    for name in at_venue.keys() - books.journal.keys():
        yield Violation("I4", f"the venue has order {name}, which was never journalled")


def _foreseen(books: Books) -> Iterator[Violation]:
    """No path of the code is left to the net under it."""
    for halt in books.halts:
        if halt["detail"].startswith("unexpected"):
            yield Violation("unforeseen", halt["detail"])


def _noticed(books: Books) -> Iterator[Violation]:
    """I1: coins that a human took are noticed."""
    if _taken(books) > books.market.lot_step and not books.is_dust(_taken(books), books.sandbox.venue.listing().last):
        kinds = {halt["kind"] for halt in books.halts}
        if HaltKind.RECONCILE.value not in kinds:
            yield Violation("I1", f"a human took {_taken(books)} {books.market.base}, and no reconcile halt was raised")


def _money(books: Books) -> Iterator[Violation]:
    """I11: fills, results and balances agree to the last digit."""
    yield from _fills_agree(books)
    by_trade: defaultdict[int, Decimal] = defaultdict(Decimal)
    for fill in books.own_executions:
        trade_id = books.belongs_to(fill.order_id)
        if trade_id is not None:
            by_trade[trade_id] += _quote_of(books, fill)
    for row in books.results:
        if Decimal(row["pnl"]) != by_trade[row["trade_id"]]:
            earned = by_trade[row["trade_id"]]
            yield Violation("I11", f"trade {row['trade_id']} earned {earned}, booked {row['pnl']}")
    try:
        prove(books.sandbox.venue)
    except InvariantBroken as error:
        yield Violation("I11", f"the venue's own books: {error}")


def _fills_agree(books: Books) -> Iterator[Violation]:
    name = books.sandbox.fill_name
    venue = {
        (name(fill.execution_id), fill.side.value, fill.price, fill.quantity, fill.fee, fill.fee_currency)
        for fill in books.own_executions
    }
    kept = {
        (
            row["fill_id"],
            row["side"],
            Decimal(row["price"]),
            Decimal(row["quantity"]),
            Decimal(row["fee"]),
            row["fee_currency"],
        )
        for row in books.fills
    }
    for fill in sorted(venue - kept, key=str):
        yield Violation("I11", f"fill {_words(fill)} is not in the database")
    for fill in sorted(kept - venue, key=str):
        yield Violation("I11", f"fill {_words(fill)} is not in the venue's ledger")


def _quote_of(books: Books, fill: Execution) -> Decimal:
    came = fill.notional if fill.side is Action.SELL else -fill.notional
    return came - (fill.fee if fill.fee_currency == books.market.quote else ZERO)


def _taken(books: Books) -> Decimal:
    """How many coins humans have away by now: see Books.taken."""
    return max((some for _, some in list(books.taken())[-1:]), default=ZERO)


def _words(fill: tuple[object, ...]) -> str:
    return " ".join(str(part) for part in fill)
