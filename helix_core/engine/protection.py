"""Protection: what a trade holds is covered by a living stop on the venue, or it is sold."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import structlog

from helix_core.domain.halt import HaltKind
from helix_core.domain.notice import NoticeKind
from helix_core.domain.order import OrderKind, OrderReport
from helix_core.engine import breaker
from helix_core.engine.gaps import Gaps
from helix_core.engine.ledger import BY_BREAKER, BY_STOP
from helix_core.engine.lookup import AbsentSoFar
from helix_core.engine.together import together
from helix_core.errors import NOT_PLACED, InvariantBroken, Mismatch, OrderOutcomeUnknown, OrderRefused, StopWouldTrigger
from helix_core.notify import messages
from helix_core.store import journal, outbox
from helix_core.store.schema import JournalState, TradeRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

    from helix_core.contracts.exchange import OpenOrder
    from helix_core.domain.market import Balances
    from helix_core.domain.order import Fill
    from helix_core.engine.account import Account
    from helix_core.engine.ledger import Ending, Ledger
    from helix_core.engine.orders import OrderDesk
    from helix_core.engine.seller import Seller
    from helix_core.engine.stops import Stops
    from helix_core.store.schema import JournalRow

log = structlog.get_logger(__name__)

_MOST_TRIES = 5
_GLANCE_S = 3.0
"""How long a look at a stop may take: the worker comes back to it every other second, and has signals to end."""


class Protection:
    """Keeps stops alive. `guarded` names the venue's ids of the stops that must be resting right now.

    `short` are the trades whose stop covers less than they hold, as a human took coins: they may come back.
    """

    def __init__(self, account: Account, desk: OrderDesk, ledger: Ledger, seller: Seller, stops: Stops) -> None:
        """Guard one account."""
        self._stops = stops
        self._desk, self._ledger, self._seller = desk, ledger, seller
        self._market, self._store = account.market, account.store
        self._clock = account.clock
        self._attaches = account.client.capabilities.entry_carries_stop
        self._tried: set[int] = set()
        self._gaps = Gaps(account)
        self.guarded: dict[int, tuple[str, ...]] = {}
        self.short: set[int] = set()

    def without_stop_s(self, trade_ids: Iterable[int]) -> float:
        """Of these open trades the longest time without a stop that goes on now; 0 while all are covered."""
        return self._gaps.running_s(trade_ids)

    def compare(self, guarded: Mapping[int, tuple[str, ...]], resting: Iterable[OpenOrder]) -> list[int]:
        """Compare what was `guarded` when the venue was asked with what rests; return the trades whose stop is gone."""
        there = {order.venue_order_id for order in resting}
        whole = {trade_id for trade_id, stop in guarded.items() if there.issuperset(stop)}
        for trade_id in whole:
            self._gaps.seen(trade_id)
        return [one for one, stop in guarded.items() if one not in whole and self.guarded.get(one) == stop]

    async def ensure(self, trade: TradeRow) -> bool:
        """Make sure that all the trade holds is covered by a living stop. Also the whole of its recovery.

        Returns True when it is covered, False when the trade turned out to be closed, or had to be sold because no stop
        could be put. Raises OrderOutcomeUnknown when nobody knows, Mismatch when the account cannot be the trade's.
        """
        for _ in range(_MOST_TRIES):
            covered = await self._attempt(trade)
            if covered is not None:
                return covered
        raise OrderOutcomeUnknown(f"The stop of trade {trade.id} is another each time that it is looked at.")

    async def _attempt(self, trade: TradeRow) -> bool | None:
        """As `ensure`; None when something turned up meanwhile, so that all is to be looked at anew."""
        assert trade.id is not None
        gone = self.guarded.pop(trade.id, None) is not None and not self._attaches
        async with self._store.read() as session:
            exit_ = await journal.standing(session, trade.id, OrderKind.EXIT)
            row = await journal.standing(session, trade.id, OrderKind.STOP)
        if exit_ is not None:
            await self._seller.settle(trade.id, exit_)
        async with together() as group:
            looked = group.create_task(self._market.balances.look()) if gone else None
            alive = False if row is None else await self._still_alive(trade.id, row)
            if alive and looked is not None:
                looked.cancel()
        if alive:
            return True
        if alive is None and await self._stop_of(trade.id) is not None:
            return None  # the one before it, which covered a part, is to be asked what it has sold
        if await self.adopt_late(trade) or await self._seller.adopt_late(trade.id):
            return None
        position = await self._ledger.position(trade.id)
        self._gaps.open(trade.id, position.opened_at if trade.stop_loss_price is None else None)
        held = self._market.rules().lots(position.held)
        if held > 0 and (trade.stop_loss_price is not None or trade.id in self._tried):
            held = await self._still_there(trade.id, held, by=None if looked is None else looked.result())
        if held <= 0 or self._ledger.is_dust(held, self._stops.price(position.entry_price)):
            await self.close(trade, await self._ledger.ending(trade.id))
            return False
        self._tried.add(trade.id)
        return await self._arm(trade, await self._signal_of(trade.id), held)

    async def _still_there(
        self, trade_id: int, held: Decimal, *, refused: bool = False, by: Balances | None = None
    ) -> Decimal:
        """What of `held` is there to be covered. Raises Mismatch when it is nothing: somebody else sold it.

        On a venue that attaches stops to the entry, living ones may hold part of it: there all that is in the account
        counts, and it is only asked for once a stop was `refused`. The balance that was asked for while the stop was
        looked at is enough where all lies free `by` it; it may be from before the stop was over.
        """
        if self._attaches and not refused:
            return held
        if by is not None and await self._desk.sellable(held, by=by) >= held:
            return held
        there = await (self._desk.present(held) if self._attaches else self._desk.sellable(held))
        if there < held:
            log.warning("coins_are_missing", trade_id=trade_id, held=str(held), there=str(there))
            detail = f"Trade {trade_id} holds {held}, of which {there} is in the account"
            async with self._store.write() as session:
                await breaker.halt(session, HaltKind.RECONCILE, detail, self._clock.now())
            if self._ledger.is_dust(there, self._stops.price((await self._ledger.position(trade_id)).entry_price)):
                raise Mismatch(f"{detail}.")
        return there

    async def held(self, trade_id: int) -> Decimal:
        """Base units the trade holds, by its fills."""
        return await self._ledger.held(trade_id)

    async def lift(self, trade: TradeRow) -> None:
        """Cancel the trade's stop and return when it is final, with every fill it made booked.

        Raises OrderOutcomeUnknown when the venue does not confirm: then the stop may still be alive, and nothing of
        the trade may be sold.
        """
        assert trade.id is not None
        self.guarded.pop(trade.id, None)
        row = await self._stop_of(trade.id)
        if row is None:
            return
        await self._desk.outwait_copies(row)
        await self._book(trade.id, row, await self._desk.cancel(row))

    async def _still_alive(self, trade_id: int, row: JournalRow) -> bool | None:
        """Ask the venue about a stop that should be resting, and book what it has filled.

        False when it is over, or no longer covers all that is held; None when it was never placed.
        """
        try:
            report = await self._desk.resolve(row, patience_s=_GLANCE_S, repeatable=self._desk.may_repeat(row))
        except AbsentSoFar:
            report = await self._stops.put_again(row)
        except OrderRefused:
            return None
        if report.protecting <= 0:
            if not report.status.final:
                raise OrderOutcomeUnknown(f"The venue calls stop {row.client_order_id} {report.raw_status!r}.")
            await self._book(trade_id, row, report)
            return False
        await self._ledger.record(trade_id, row.client_order_id, report, await self._fills(row, report), over=False)
        uncovered = await self._ledger.held(trade_id) - report.protecting
        if report.filled and -uncovered >= self._market.rules().lot_step:  # a copy came after the first was set off
            await self._book(trade_id, row, await self._desk.cancel(row))
            return False
        if (
            uncovered >= self._market.rules().lot_step
            and await self._desk.sellable(uncovered, covered=report.protecting) > 0
        ):
            if not self._attaches:
                await self._book(trade_id, row, await self._desk.cancel(row))
            return False
        await self._covered(trade_id, report)
        return True

    async def _book(self, trade_id: int, row: JournalRow, report: OrderReport) -> None:
        await self._ledger.record(trade_id, row.client_order_id, report, await self._fills(row, report))

    async def _fills(self, row: JournalRow, report: OrderReport) -> tuple[Fill, ...]:
        return await self._desk.fills(row.symbol, report) if report.filled else ()

    async def _arm(self, trade: TradeRow, signal_row: int, held: Decimal) -> bool | None:
        """Put a stop: the pair, else a plain one, else sell, halt and raise the alarm. Returns as `_attempt`."""
        assert trade.id is not None
        plain, problem = False, ""
        for _ in range(_MOST_TRIES):
            try:
                return await self._stands(trade, await self._stops.put(trade.id, signal_row, held, plain=plain))
            except StopWouldTrigger as refusal:
                log.warning("stop_already_crossed", trade_id=trade.id, problem=str(refusal))
                await self._seller.sell_all(trade, signal_row, present=held)
                await self.close(trade, BY_STOP)
                return False
            except OrderRefused as refusal:
                if refusal.transient:
                    raise  # the venue could not be reached, which is no reason to sell: it is tried again at once
                problem = str(refusal)
                log.warning("stop_not_placed", trade_id=trade.id, plain=plain, problem=problem)
                if refusal.code == NOT_PLACED:
                    continue
                if await self.adopt_late(trade):
                    return None
                async with together() as group:
                    group.create_task(self._market.instrument.refresh())  # its rules may have changed
                    looked = group.create_task(self._still_there(trade.id, held, refused=True))
                there = looked.result()
                if plain and there >= held:
                    break
                plain, held = plain or there >= held, there
        await self._give_up(trade, signal_row, problem)
        return False

    async def adopt_late(self, trade: TradeRow) -> bool:
        """Take over a stop that was held never to have been placed, and arrived after all. True when there was one."""
        assert trade.id is not None
        async with self._store.read() as session:
            missing = await journal.not_placed(session, trade.id, OrderKind.STOP)
        for row in missing:
            report = await self._desk.arrived(row)
            if report is not None and (report.protecting > 0 or report.filled > 0):
                log.warning("late_stop_adopted", trade_id=trade.id, client_order_id=row.client_order_id)
                await self._desk.mark(row, JournalState.LIVE, report=report)
                return True
        return False

    async def _stands(self, trade: TradeRow, report: OrderReport) -> bool | None:
        """Keep what a stop covers that was just put, and what stops that came with the entry had sold by then."""
        assert trade.id is not None
        if report.protecting <= 0:
            return None
        await self._covered(trade.id, report)
        if report.filled > 0 and (row := await self._stop_of(trade.id)) is not None:
            fills = await self._fills(row, report)
            await self._ledger.record(trade.id, row.client_order_id, report, fills, over=False)
        if trade.stop_loss_price is not None:
            await self._tell_rearmed(trade.id)
        return True

    async def _covered(self, trade_id: int, report: OrderReport) -> None:
        """A stop that covers the trade rests: have it watched, and keep where it rests and how long there was none."""
        async with self._store.write() as session:
            row = await journal.standing(session, trade_id, OrderKind.STOP)
            if row is None or row.stop_price is None:
                raise InvariantBroken(f"trade {trade_id} is covered by no journalled stop")
            trade = await session.get_one(TradeRow, trade_id)
            trade.stop_loss_price = float(row.stop_price)
            session.add(trade)
            self._gaps.covered(session, trade_id)
        self.guarded[trade_id] = report.resting or report.venue_order_ids
        is_short = await self._ledger.held(trade_id) - report.protecting >= self._market.rules().lot_step
        (self.short.add if is_short else self.short.discard)(trade_id)

    async def close(self, trade: TradeRow, ending: Ending) -> None:
        """End a trade that holds nothing any more."""
        assert trade.id is not None
        await self._ledger.close(trade, ending, also=partial(self._gaps.over, trade_id=trade.id))
        self._tried.discard(trade.id)

    async def _give_up(self, trade: TradeRow, signal_row: int, problem: str) -> None:
        """No stop can be put: halt first, so that it is in force whatever the sale does; then sell."""
        now = self._clock.now()
        async with self._store.write() as session:
            await breaker.halt(
                session, HaltKind.MANUAL, f"No stop could be placed for trade {trade.id}: {problem}", now
            )
        await self._seller.sell_all(trade, signal_row)
        await self.close(trade, BY_BREAKER)

    async def _tell_rearmed(self, trade_id: int) -> None:
        row = await self._stop_of(trade_id)
        assert row is not None, "it was just given a stop"
        assert row.stop_price is not None, "a stop has a price"
        text = messages.stop_rearmed(instrument=self._market.rules(), quantity=row.quantity, stop_price=row.stop_price)
        async with self._store.write() as session:
            outbox.owe(session, NoticeKind.STOP_REARMED, text, self._clock.now())

    async def _signal_of(self, trade_id: int) -> int:
        async with self._store.read() as session:
            row = await journal.of_trade(session, trade_id, OrderKind.ENTRY)
        if row is None:
            raise InvariantBroken(f"trade {trade_id} has no journalled entry")
        return row.signal_row

    async def _stop_of(self, trade_id: int) -> JournalRow | None:
        async with self._store.read() as session:
            return await journal.standing(session, trade_id, OrderKind.STOP)
