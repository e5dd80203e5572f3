"""Wrong policies, kept on purpose: a harness that does not find them proves nothing.

Each puts one deliberate mistake into a running Helix. The first four are those that public bots are known for. This is
the one place in the project that patches its own code: that is what a mutant is.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from helix_core.domain.halt import HaltKind
from helix_core.domain.order import OrderReport, OrderStatus, ProtectiveOrder
from helix_core.engine import breaker, ledger
from helix_core.engine.ledger import Ledger
from helix_core.engine.lookup import LookUp
from helix_core.engine.orders import OrderDesk
from helix_core.engine.protection import Protection
from helix_core.engine.stops import Stops
from helix_core.engine.watch import StopWatch
from helix_core.engine.worker import Worker
from helix_core.errors import NOT_PLACED, ExchangeError, HelixError, OrderOutcomeUnknown, OrderRefused
from helix_core.sim.ways import carries_stops, ways
from helix_core.store import baseline, halts, inbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ERRORS_THAT_COUNT = 3


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake, and where it is put. `also`: further places, where Helix is guarded twice against the same mistake.

    `where_stops_come_along`: it harms on venues that take the stop with the entry, else on the others.
    """

    name: str
    mistake: str
    where: tuple[object, str]
    wrong: Callable[[Any], Any]
    where_stops_come_along: bool = False
    also: tuple[tuple[object, str, Callable[[Any], Any]], ...] = ()

    @property
    def way(self) -> tuple[str, str]:
        """Venue and entry style on which it is looked for."""
        return next(way for way in ways() if carries_stops(way[0]) is self.where_stops_come_along)

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Helix makes the mistake for as long as the block lasts."""
        with ExitStack() as stack:
            for target, attribute, wrong in ((*self.where, self.wrong), *self.also):
                stack.enter_context(patch.object(target, attribute, wrong(getattr(target, attribute))))
            yield


def _row_after_answer(send: Any) -> Any:
    async def wrong(self: OrderDesk, order: Any, **more: Any) -> Any:
        answer: list[Any] = []
        try:
            answer.append(await _place(self, order))
        except Exception as error:  # noqa: BLE001 - the mistake keeps it for later
            answer.append(error)

        async def remembered(_self: OrderDesk, _order: Any, _row: Any, **_: Any) -> Any:
            if isinstance(answer[0], Exception):
                raise answer[0]
            return answer[0]

        with patch.object(OrderDesk, "_place_and_follow", remembered):
            return await send(self, order, **more)

    return wrong


async def _place(desk: OrderDesk, order: Any) -> OrderReport:
    client = desk._client  # noqa: SLF001 - a mutant is inside
    if isinstance(order, ProtectiveOrder):
        return await client.place_oco_order(order)
    return await client.place_market_order(order)


def _failed_after_errors(resolve: Any) -> Any:
    async def wrong(self: LookUp, row: Any, **more: Any) -> Any:
        errors = 0

        async def counting(_: Any) -> Any:
            nonlocal errors
            report = await LookUp.glance(self, row)
            errors += isinstance(report, HelixError)
            if errors >= _ERRORS_THAT_COUNT:
                await self._mark_absent(row)
                raise OrderRefused("three errors: it cannot have been placed", code=NOT_PLACED)
            return report

        with patch.object(self, "glance", counting, create=True):
            return await resolve(self, row, **more)

    return wrong


def _resent(_place_and_follow: Any) -> Any:
    async def wrong(self: OrderDesk, order: Any, row: Any, **more: Any) -> Any:
        try:
            return await _place(self, order)
        except OrderOutcomeUnknown:
            return await _place_and_follow(self, order, row, **more)

    return wrong


def _stop_forgotten(put: Any) -> Any:
    async def wrong(self: Stops, trade_id: int, signal_row: int, quantity: Decimal, **more: Any) -> OrderReport:
        try:
            report: OrderReport = await put(self, trade_id, signal_row, quantity, **more)
        except ExchangeError:
            return OrderReport(
                client_order_id="forgotten",
                status=OrderStatus.OPEN,
                filled=Decimal(0),
                venue_order_ids=(),
                raw_status="assumed",
                protecting=quantity,
            )
        return report

    return wrong


def _forgets_halts(recover: Any) -> Any:
    async def wrong(self: Worker) -> None:
        async with self._store.write() as session:
            await halts.clear(session, frozenset(HaltKind), "the start", self._clock.now())
        await recover(self)

    return wrong


def _sends_while_halted(_refuse: Any) -> Any:
    async def wrong(*_: Any) -> None:
        return None

    return wrong


def _nothing_unfinished(_unfinished: Any) -> Any:
    async def wrong(_session: Any) -> list[Any]:
        return []

    return wrong


def _never_repeats(append_all: Any) -> Any:
    async def wrong(session: Any, arrivals: Any, _window_s: int) -> Any:
        return await append_all(session, arrivals, 0)

    return wrong


def _never_seen(_seen_before: Any) -> Any:
    async def wrong(*_: Any) -> bool:
        return False

    return wrong


def _cancel_assumed(cancel: Any) -> Any:
    async def wrong(self: OrderDesk, row: Any) -> OrderReport:
        try:
            return await asyncio.wait_for(cancel(self, row), 0.5)
        except (HelixError, TimeoutError):
            return OrderReport(
                client_order_id=row.client_order_id,
                status=OrderStatus.CANCELED,
                filled=Decimal(0),
                venue_order_ids=tuple(row.venue_order_ids.split()),
                raw_status="assumed",
                protecting=Decimal(0),
            )

    return wrong


def _no_cancel(_lift: Any) -> Any:
    async def wrong(_self: Protection, _trade: Any) -> None:
        return None

    return wrong


def _fee_ignored(fold: Any) -> Any:
    def wrong(fills: Any, instrument: Any) -> Any:
        position = fold(fills, instrument)
        return replace(position, held=position.bought - position.sold)

    return wrong


def _never_looks(_run: Any) -> Any:
    async def wrong(_self: StopWatch) -> None:
        await asyncio.Event().wait()

    return wrong


def _never_halts(halt: Any) -> Any:
    async def wrong(session: Any, kind: HaltKind, detail: str, now: Any, **by: str) -> bool:
        return kind is not HaltKind.RECONCILE and bool(await halt(session, kind, detail, now, **by))

    return wrong


def _sells_everything(held: Any) -> Any:
    async def wrong(self: Ledger, trade_id: int) -> Any:
        rules = self._market.rules()
        found = await held(self, trade_id)
        balances = self._market.balances.latest
        return found if balances is None or found <= 0 else max(found, rules.lots(balances.of(rules.base).total))

    return wrong


def _nothing_is_the_owners(_reserve: Any) -> Any:
    async def wrong(*_: Any) -> Decimal:
        return Decimal(0)

    return wrong


def _absent_at_once(_before_the_fence: Any) -> Any:
    async def wrong(*_: Any) -> tuple[bool, bool]:
        return True, True

    return wrong


def _first_fill_only(record: Any) -> Any:
    async def wrong(self: Ledger, *args: Any, **more: Any) -> None:
        trade_id, client_order_id, report, fills = args
        await record(self, trade_id, client_order_id, report, fills[:1], **more)

    return wrong


MUTANTS = (
    Mutant(
        "row-after-answer", "the journal is written after the venue's answer", (OrderDesk, "send"), _row_after_answer
    ),
    Mutant(
        "failed-after-k-errors",
        "three failed look-ups count as proof that an order was not placed",
        (LookUp, "resolve"),
        _failed_after_errors,
    ),
    Mutant("resend-on-timeout", "an order without an answer is sent again", (OrderDesk, "_place_and_follow"), _resent),
    Mutant("stop-forgotten", "an error while placing the stop is passed over", (Stops, "put"), _stop_forgotten),
    Mutant("absent-at-once", "one look-up without a result is proof", (LookUp, "_before_the_fence"), _absent_at_once),
    Mutant("halts-cleared-at-start", "a restart ends every halt", (Worker, "recover"), _forgets_halts),
    Mutant(
        "halt-not-checked-at-commit",
        "a halt that comes between judging and sending is not seen",
        (OrderDesk, "_refuse_while_halted"),
        _sends_while_halted,
    ),
    Mutant(
        "inbox-forgotten", "signals stored before a crash are not taken up", (inbox, "unfinished"), _nothing_unfinished
    ),
    Mutant(
        "no-dedup",
        "an alert that is sent twice counts twice",
        (inbox, "append_all"),
        _never_repeats,
        also=((inbox, "seen_before", _never_seen),),
    ),
    Mutant("cancel-assumed", "a cancel that is not confirmed counts as done", (OrderDesk, "cancel"), _cancel_assumed),
    Mutant("sold-under-the-stop", "the stop is not cancelled before the sale", (Protection, "lift"), _no_cancel, True),
    Mutant("fee-ignored", "a fee taken in coins is still counted as held", (ledger, "fold"), _fee_ignored),
    Mutant("watch-asleep", "nobody looks whether the stops still rest", (StopWatch, "run"), _never_looks),
    Mutant("mismatch-passed-over", "no mismatch ever halts", (breaker, "halt"), _never_halts),
    Mutant(
        "owner's-coins-sold",
        "everything in the account is taken for Helix's",
        (Ledger, "held"),
        _sells_everything,
        also=((baseline, "reserve", _nothing_is_the_owners),),
    ),
    Mutant("one-fill-kept", "only the first fill of an order is booked", (Ledger, "record"), _first_fill_only),
)


def named(name: str) -> Mutant:
    """The mutant of that name. Raises KeyError."""
    return {mutant.name: mutant for mutant in MUTANTS}[name]
