"""The order desk: every order is journalled, sent once, and followed until its outcome is proven."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import structlog

from helix_core.domain.identifiers import client_order_id
from helix_core.domain.order import ApprovedOrder, OrderKind, OrderReport, ProtectiveOrder
from helix_core.engine import intents
from helix_core.engine.cancels import Cancels
from helix_core.engine.lookup import PATIENCE_S, PAUSES_S, AbsentSoFar, LookUp
from helix_core.engine.together import together
from helix_core.errors import (
    HALTED,
    NOT_PLACED,
    DataMissing,
    ExchangeError,
    ExchangeUnavailable,
    HelixError,
    Mismatch,
    OrderOutcomeUnknown,
    OrderRefused,
)
from helix_core.store import baseline, halts, journal
from helix_core.store.schema import JournalRow, JournalState

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlmodel.ext.asyncio.session import AsyncSession

    from helix_core.domain.market import Balances
    from helix_core.domain.order import AnyOrder, Fill
    from helix_core.engine.account import Account

log = structlog.get_logger(__name__)

_CALL_TIMEOUT_S = 30.0
_RETRY_PAUSES_S = (0.25, 0.5, 1.0)
_SILENCE_S = 1.0
"""After so long without an answer an order is looked up: waiting for the venue's time-out would take 20 s."""


class OrderDesk:
    """Sends orders and finds out what became of them. Never sends one again whose outcome is not known."""

    def __init__(self, account: Account) -> None:
        """Work for one account."""
        self._client, self._store = account.client, account.store
        self._market, self._clock, self._started_at = account.market, account.clock, account.started_at
        self._look_up = LookUp(account)
        self._cancels = Cancels(account, self._look_up)

    async def next_id(self, signal_row: int, kind: OrderKind) -> tuple[str, int]:
        """Client order id and attempt number for the next order of this kind that the signal causes."""
        async with self._store.read() as session:
            attempt, received_at = await journal.next_order(session, signal_row, kind)
        return client_order_id(signal_row, received_at, kind, attempt), attempt

    async def send(
        self,
        order: AnyOrder,
        *,
        signal_row: int,
        attempt: int,
        trade_id: int | None = None,
        base_before: Decimal | None = None,
        also: Callable[[AsyncSession], None] | None = None,
    ) -> OrderReport:
        """Journal the order, commit, send it, and return what the venue proves to have done with it.

        `also` is committed together with the journal. Raises OrderRefused when it is proven not to have been placed
        (after up to three more tries where the refusal is a passing one), OrderOutcomeUnknown when nothing is proven
        within a minute: the order then counts as filled until somebody finds out.
        """
        now = self._clock.now()
        row = intents.of(order, now, self._fence(now), signal_row=signal_row, attempt=attempt)
        row.trade_id, row.base_before = trade_id, base_before
        async with self._store.write() as session:
            await self._refuse_while_halted(session, row)
            await journal.add(session, row)
            if isinstance(order, ApprovedOrder) and order.bracket is not None:
                await journal.add(session, intents.stop_of(order, order.bracket, row))
            if also is not None:
                also(session)
        log.info("order_sent", order_kind=row.kind, client_order_id=row.client_order_id, quantity=str(row.quantity))
        return await self._send_until_known(order, row)

    async def send_again(self, order: ProtectiveOrder, row: JournalRow) -> OrderReport:
        """Send a stop once more under its own id, after AbsentSoFar. Raises as `send` does."""
        await self._mark_sent_again(row)
        return await self._send_until_known(order, row)

    async def _send_until_known(self, order: AnyOrder, row: JournalRow) -> OrderReport:
        deadline, pauses_s = self._clock.monotonic() + PATIENCE_S, list(_RETRY_PAUSES_S)
        while True:
            repeatable = self.may_repeat(row) and self._clock.monotonic() < deadline
            try:
                return await self._place_and_follow(order, row, repeatable=repeatable)
            except AbsentSoFar as absent:
                log.warning("stop_sent_again_under_its_id", client_order_id=row.client_order_id, problem=str(absent))
            except OrderRefused as refusal:
                if refusal.code in {NOT_PLACED, HALTED}:
                    raise
                if not refusal.transient or not pauses_s:
                    # What the venue refuses is the latest copy: an earlier one may still arrive.
                    state = JournalState.NOT_PLACED if self.sent_again(row) else JournalState.REFUSED
                    await self.mark(row, state, detail=str(refusal))
                    raise
                log.warning("order_not_placed_retrying", client_order_id=row.client_order_id, problem=str(refusal))
                await asyncio.sleep(pauses_s.pop(0))
            await self._mark_sent_again(row)

    def may_repeat(self, row: JournalRow) -> bool:
        """Whether a stop may be sent again under its own id.

        So it may where the venue takes no second one under the id of one that rests: a late first copy is refused then,
        and no position waits without a stop for the venue's deadline.
        """
        return row.kind == OrderKind.STOP.value and self._client.capabilities.one_open_order_per_id

    async def _place_and_follow(self, order: AnyOrder, row: JournalRow, *, repeatable: bool) -> OrderReport:
        """Send the order once, and follow it to its outcome. Raises AbsentSoFar only where it is `repeatable`."""
        async with together() as group:
            sent = group.create_task(self._place(order, row))
            await asyncio.wait({sent}, timeout=_SILENCE_S)
            outcome = sent.result() if sent.done() else await self._race(group, sent, row, repeatable=repeatable)
        if isinstance(outcome, HelixError):
            raise outcome
        if outcome is not None and (outcome.status.final or isinstance(order, ProtectiveOrder)):
            return outcome
        return await self.resolve(row, repeatable=repeatable)

    async def _place(self, order: AnyOrder, row: JournalRow) -> OrderReport | OrderRefused | None:
        """Send it. None: nobody knows whether it was placed."""
        try:
            async with asyncio.timeout(_CALL_TIMEOUT_S):
                if isinstance(order, ProtectiveOrder):
                    return await self._client.place_oco_order(order)
                if isinstance(order, ApprovedOrder) and order.bracket is not None:
                    return await self._client.place_entry_with_stop(order)
                return await self._client.place_market_order(order)
        except OrderRefused as refusal:
            return refusal
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the order may have been placed
            log.warning("order_outcome_unknown", client_order_id=row.client_order_id, problem=_words(error))
            await self.mark(row, JournalState.UNKNOWN, detail=_words(error))
            return None
        finally:
            self._market.balances.forget()

    async def _race(
        self,
        group: asyncio.TaskGroup,
        sent: asyncio.Task[OrderReport | OrderRefused | None],
        row: JournalRow,
        *,
        repeatable: bool,
    ) -> OrderReport | HelixError | None:
        """The venue is silent: look the order up while its answer is still awaited; what is proven first counts."""
        await self.mark(row, JournalState.UNKNOWN, detail="no answer yet")
        search = group.create_task(self._search(row, repeatable=repeatable))
        await asyncio.wait({sent, search}, return_when=asyncio.FIRST_COMPLETED)
        if sent.done() and (answer := sent.result()) is not None:
            search.cancel()
            return answer
        if not sent.done():
            sent.cancel()
        return await search

    async def _search(self, row: JournalRow, *, repeatable: bool) -> OrderReport | HelixError:
        try:
            return await self.resolve(row, repeatable=repeatable)
        except (ExchangeError, Mismatch) as error:
            return error

    async def resolve(
        self, row: JournalRow, *, patience_s: float = PATIENCE_S, repeatable: bool = False
    ) -> OrderReport:
        """Find out what became of an order already sent: see LookUp.resolve."""
        return await self._look_up.resolve(row, patience_s=patience_s, repeatable=repeatable)

    async def arrived(self, row: JournalRow) -> OrderReport | None:
        """Ask whether an order that was held absent is there after all: see LookUp.arrived."""
        return await self._look_up.arrived(row)

    def sent_again(self, row: JournalRow) -> bool:
        """Whether an order left more than once: its fence stands by the last time, `sent_at` by the first."""
        return row.fence_at - row.sent_at > timedelta(seconds=self._client.capabilities.order_fence_s)

    async def outwait_copies(self, row: JournalRow) -> None:
        """Before a stop is cancelled, let its fence pass where the venue would take a late copy of it.

        The copy would find its id free, and stand over coins of the owner's, or over none where stops lock none.
        """
        locked = self._client.capabilities.stops_lock_funds
        if self.sent_again(row) and (not locked or await self.owned() >= self._market.rules().lot_step):
            await self._cancels.outwait_copies(row)

    async def cancel(self, row: JournalRow) -> OrderReport:
        """Cancel a resting order and return only when the venue confirms that it is final: see Cancels.cancel."""
        await self.mark(row, JournalState.CANCELLING)
        return await self._cancels.cancel(row)

    async def fills(self, symbol: str, report: OrderReport, *, patience_s: float = PATIENCE_S) -> tuple[Fill, ...]:
        """Every execution behind a report, complete to the last digit.

        Asks the venue where the report does not carry them. Raises OrderOutcomeUnknown when they stay out for
        `patience_s`.
        """
        if report.fills is not None and sum(fill.quantity for fill in report.fills) == report.filled:
            return report.fills
        deadline = self._clock.monotonic() + patience_s
        for pause_s in (*PAUSES_S[:2], *(1.0,) * 60):
            try:
                async with asyncio.timeout(_CALL_TIMEOUT_S):
                    fills = await self._client.get_fills(symbol, report.venue_order_ids)
                if sum(fill.quantity for fill in fills) >= report.filled:
                    return fills
            except (HelixError, TimeoutError) as error:
                log.warning("fills_not_known", client_order_id=report.client_order_id, problem=_words(error))
            if self._clock.monotonic() + pause_s > deadline:
                break
            await asyncio.sleep(pause_s)
        raise OrderOutcomeUnknown(f"The venue does not tell the fills of order {report.client_order_id}.")

    async def mark(
        self, row: JournalRow, state: JournalState, *, report: OrderReport | None = None, detail: str | None = None
    ) -> None:
        """Commit an order's new state."""
        async with self._store.write() as session:
            await journal.mark(session, row.client_order_id, state, self._clock.now(), report=report, detail=detail)

    async def _mark_sent_again(self, row: JournalRow) -> None:
        """Commit that it leaves once more. Raises OrderRefused, marked, when a halt has come into force meanwhile."""
        try:
            async with self._store.write() as session:
                await self._refuse_while_halted(session, row)
                now = self._clock.now()
                again = await journal.mark(session, row.client_order_id, JournalState.SENT, now)
                again.fence_at = row.fence_at = self._fence(now)
                self._look_up.begin_anew(row)
        except OrderRefused as refusal:
            await self.mark(row, JournalState.REFUSED, detail=str(refusal))
            raise

    async def sellable(self, wanted: Decimal, *, covered: Decimal = Decimal(0), by: Balances | None = None) -> Decimal:
        """As much of `wanted` as lies free in the account now (or lay `by` these), floored to the lot step.

        What is the owner's (the baseline) is left out, and what `covered` by a stop of ours. Raises ExchangeError.
        """
        self._market.balances.forget()
        rules = self._market.rules()
        there = (await self.balances() if by is None else by).of(rules.base)
        mine = there.total - await self.owned() - covered
        return max(rules.lots(min(wanted, there.free, mine)), Decimal(0))

    async def present(self, wanted: Decimal) -> Decimal:
        """As much of `wanted` as is in the account, free or locked, and not the owner's, floored to the lot step.

        Raises ExchangeError.
        """
        rules = self._market.rules()
        there = (await self.balances()).of(rules.base)
        return max(rules.lots(min(wanted, there.total - await self.owned())), Decimal(0))

    async def balances(self) -> Balances:
        """What the account holds now. Raises ExchangeError: an answer that leaves it out is none."""
        try:
            return await self._client.get_balance()
        except DataMissing as missing:
            raise ExchangeUnavailable(str(missing)) from missing

    async def owned(self) -> Decimal:
        """Base units in the account that are not the bot's to sell."""
        async with self._store.read() as session:
            return await baseline.reserve(session, self._market.rules().base)

    async def _refuse_while_halted(self, session: AsyncSession, row: JournalRow) -> None:
        """An entry is committed only while no halt is in force; both are read and written in one transaction."""
        if row.kind == OrderKind.ENTRY.value:
            for halt in await halts.in_force(session, self._started_at):
                raise OrderRefused(f"Halt {halt.kind.value}: {halt.detail}.", code=HALTED)

    def _fence(self, sent_at: datetime) -> datetime:
        return sent_at + timedelta(seconds=self._client.capabilities.order_fence_s)


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__
