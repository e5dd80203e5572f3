"""The one worker that owns money: takes stored signals one at a time, and looks after what they left behind.

Everybody else only wakes it. What it does after a crash is what it does all the time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

import structlog

from helix_core.domain.halt import HaltKind
from helix_core.domain.notice import NoticeKind
from helix_core.domain.order import OrderKind
from helix_core.domain.signal import Action
from helix_core.engine import breaker
from helix_core.engine.outcome import Outcome, OutcomeStatus, Rejection
from helix_core.errors import DataMissing, ExchangeError, Mismatch, OrderOutcomeUnknown, OrderRefused, StoreError
from helix_core.notify import messages
from helix_core.store import inbox, journal, outbox, trades

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from helix_core.engine.account import Account
    from helix_core.engine.entry import Entry
    from helix_core.engine.exit import Exit
    from helix_core.engine.protection import Protection
    from helix_core.engine.snapshot import Snapshots
    from helix_core.store.inbox import StoredSignal
    from helix_core.store.schema import JournalRow, TradeRow

log = structlog.get_logger(__name__)

CAPACITY = 100
_TICK_S = 2.0
_RESUME_PATIENCE_S = 60.0
_GLANCE_S = 2.0
_QUARANTINE_S = 30.0
_ALARM_AFTER_S = 10.0


class Worker:
    """Ends every signal, and keeps every open trade covered."""

    def __init__(
        self,
        account: Account,
        *,
        entry: Entry,
        exit_: Exit,
        protection: Protection,
        snapshots: Snapshots,
        auto_resume: bool,
        told: Callable[[], None],
    ) -> None:
        """Own one account. `told` is called whenever a message for the owner may have been stored."""
        self._auto_resume = auto_resume
        self._entry, self._exit, self._protection, self._snapshots = entry, exit_, protection, snapshots
        self._market, self._store = account.market, account.store
        self._limits, self._clock, self._told = account.limits, account.clock, told
        self._waiting: deque[tuple[StoredSignal, asyncio.Future[Outcome] | None]] = deque()
        self._suspects: set[int] = set()
        self._quarantine: dict[int, float] = {}
        self._unseen: dict[int, float] = {}
        self._alarmed: set[int] = set()
        self._opened_on: date | None = None
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def full(self) -> bool:
        """True when no further signal may be put in the queue."""
        return len(self._waiting) >= CAPACITY

    def put(self, stored: StoredSignal, outcome: asyncio.Future[Outcome] | None) -> None:
        """Let the worker have a stored signal; `outcome` gets its end."""
        self._waiting.append((stored, outcome))
        self._wake.set()

    def suspect(self, trade_id: int) -> None:
        """Ask the worker to look at a trade whose stop seems gone."""
        self._suspects.add(trade_id)
        self._wake.set()

    async def idle(self) -> None:
        """Return when nothing is under way."""
        await self._idle.wait()

    async def recover(self) -> None:
        """Bring everything an earlier run left behind to a known state.

        What cannot be settled halts entries and is looked at again, it does not keep the bot from starting. Raises
        ExchangeError while the venue does not answer at all.
        """
        await self._look_after_entries(_RESUME_PATIENCE_S)
        await self._look_after_trades()
        async with self._store.read() as session:
            unfinished = await inbox.unfinished(session)
        for stored in unfinished:
            self.put(stored, None)
        log.info("recovered", unfinished_signals=len(unfinished))

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            woken = await self._sleep()
            self._idle.clear()
            try:
                await self._round(tick=not woken)
            finally:
                self._idle.set()

    async def _sleep(self) -> bool:
        """Wait for work, at most one tick. True when somebody woke the worker."""
        try:
            async with asyncio.timeout(_TICK_S):
                await self._wake.wait()
        except TimeoutError:
            return False
        self._wake.clear()
        return True

    async def _round(self, *, tick: bool) -> None:
        while self._waiting:
            stored, outcome = self._waiting.popleft()
            ended = await self._end(stored)
            if outcome is not None and not outcome.done():
                outcome.set_result(ended)
            self._told()
            await self._look(tick=False)
        await self._look(tick=tick)

    async def _look(self, *, tick: bool) -> None:
        """Look after what is open: all of it at a tick, else only what has been suspected."""
        try:
            if tick:
                await self.open_day()
                await self._look_after_entries(_GLANCE_S)
            if tick or self._suspects:
                await self._look_after_trades()
        except (ExchangeError, DataMissing) as error:
            log.warning("worker_cannot_look", problem=str(error))
        self._told()

    async def _end(self, stored: StoredSignal) -> Outcome:
        """Handle one signal to its end, whatever happens. Raises StoreError when the end cannot be written down."""
        wish = stored.signal
        log.info("signal_taken", signal=stored.row, signal_id=wish.signal_id, action=wish.action.value)
        try:
            return await self._handle(stored)
        except Rejection as rejection:
            return await self._reject(stored, rejection)
        except StoreError:
            raise
        except Exception as error:
            log.exception("signal_failed", signal=stored.row)
            await self._alarm(error)
            return await self._reject(stored, Rejection("internal_error", f"{type(error).__name__}: see the log."))

    async def _handle(self, stored: StoredSignal) -> Outcome:
        async with self._store.read() as session:
            begun = await journal.of_signal(session, stored.row, OrderKind.ENTRY)
        if begun is not None and stored.signal.action is Action.BUY:
            return await self._entry.resume(stored, begun, patience_s=_RESUME_PATIENCE_S)
        self._refuse_unless_timely(stored)
        if self._opened_on != self._clock.now().date():
            await self.open_day()
        if stored.signal.action is Action.SELL:
            return await self._exit.close(stored)
        return await self._entry.open(stored)

    def _refuse_unless_timely(self, stored: StoredSignal) -> None:
        said = stored.signal.timestamp or stored.received_at
        age_s = (self._clock.now() - min(said, stored.received_at)).total_seconds()
        ahead_s = (said - stored.received_at).total_seconds()
        most = self._limits.max_signal_age_s
        if age_s > most:
            raise Rejection("signal_too_old", f"The signal is {age_s:.0f} s old; at most {most} s are allowed.")
        if ahead_s > most:
            raise Rejection("signal_too_old", f"The signal's timestamp is {ahead_s:.0f} s in the future.")

    async def _reject(self, stored: StoredSignal, rejection: Rejection) -> Outcome:
        now = self._clock.now()
        async with self._store.write() as session:
            await inbox.finish(session, stored.row, now, reason=rejection.reason, detail=rejection.detail)
            text = messages.signal_rejected(rejection.reason, rejection.detail)
            outbox.owe(session, NoticeKind.SIGNAL_REJECTED, text, now)
        log.info("signal_rejected", signal=stored.row, reason=rejection.reason, detail=rejection.detail)
        return Outcome(
            status=OutcomeStatus.REJECTED,
            row=stored.row,
            signal_id=stored.signal.signal_id,
            reason=rejection.reason,
            detail=rejection.detail,
        )

    async def _alarm(self, error: Exception) -> None:
        """Something went wrong that nobody foresaw: stop entries until a human has looked."""
        now = self._clock.now()
        async with self._store.write() as session:
            await breaker.halt(session, HaltKind.MANUAL, f"unexpected {type(error).__name__}, see the log", now)
            outbox.owe(session, NoticeKind.ERROR, messages.failure(error), now)

    async def _look_after_entries(self, patience_s: float) -> None:
        """Entries whose outcome is not known: look again, and adopt what is found."""
        async with self._store.read() as session:
            rows = await journal.unsettled(session, OrderKind.ENTRY)
        for row in rows:
            try:
                await self._entry.resume(await self._stored(row), row, patience_s=patience_s)
            except Rejection as rejection:
                log.info("entry_looked_up", client_order_id=row.client_order_id, reason=rejection.reason)
            except Mismatch as mismatch:
                async with self._store.write() as session:
                    await breaker.halt(session, HaltKind.RECONCILE, str(mismatch), self._clock.now())

    async def _look_after_trades(self) -> None:
        """Every open trade that is not under a stop known to rest: make it so, or close it."""
        async with self._store.read() as session:
            rows = await trades.open_trades(session)
        for trade in rows:
            assert trade.id is not None
            due = self._clock.monotonic() >= self._quarantine.get(trade.id, 0)
            if due and (trade.id in self._suspects or trade.id not in self._protection.guarded):
                self._suspects.discard(trade.id)
                await self._look_after(trade, trade.id)
        self._suspects.clear()

    async def _look_after(self, trade: TradeRow, trade_id: int) -> None:
        """Cover one trade. What cannot be true halts and is left alone for a while; what is unknown raises an alarm.

        Raises ExchangeError while the venue does not answer.
        """
        try:
            await self._protection.ensure(trade)
        except Mismatch as mismatch:
            await self._quarantined(trade, trade_id, str(mismatch))
        except ExchangeError as error:
            unseen_since = self._unseen.setdefault(trade_id, self._clock.monotonic())
            if self._clock.monotonic() - unseen_since >= _ALARM_AFTER_S and trade_id not in self._alarmed:
                self._alarmed.add(trade_id)
                await self._warn(trade, f"Its stop cannot be confirmed: {error}")
            if not isinstance(error, OrderRefused | OrderOutcomeUnknown):
                raise
            log.warning("trade_not_settled", trade_id=trade_id, problem=str(error))
        else:
            self._unseen.pop(trade_id, None)
            self._alarmed.discard(trade_id)
            self._quarantine.pop(trade_id, None)

    async def _quarantined(self, trade: TradeRow, trade_id: int, problem: str) -> None:
        log.warning("trade_quarantined", trade_id=trade_id, problem=problem)
        self._quarantine[trade_id] = self._clock.monotonic() + _QUARANTINE_S
        now = self._clock.now()
        async with self._store.write() as session:
            if trade_id not in self._alarmed:
                outbox.owe(session, NoticeKind.ORPHAN, messages.orphan(symbol=trade.symbol, detail=problem), now)
            await breaker.halt(session, HaltKind.RECONCILE, f"Trade {trade_id}: {problem}", now)
        self._alarmed.add(trade_id)

    async def _warn(self, trade: TradeRow, detail: str) -> None:
        assert trade.id is not None
        held = await self._protection.held(trade.id)
        text = messages.unprotected(symbol=trade.symbol, quantity=held, detail=detail)
        async with self._store.write() as session:
            outbox.owe(session, NoticeKind.ERROR, text, self._clock.now())

    async def open_day(self) -> None:
        """Keep what losses are measured on, whenever no position is open and the balance is fresh."""
        now, view = self._clock.now(), self._market.peek()
        async with self._store.read() as session:
            flat = not await trades.open_trades(session) and not await journal.unsettled(session)
        if not flat or view.balances is None or view.instrument is None:
            return
        async with self._store.write() as session:
            if await breaker.keep_bases(session, view.balances.of(view.instrument.quote).total, now):
                self._opened_on = now.date()
            if self._auto_resume:
                await breaker.end_yesterdays_loss_halt(session, now)

    async def _stored(self, row: JournalRow) -> StoredSignal:
        async with self._store.read() as session:
            return await inbox.load(session, row.signal_row)
