"""The one worker that owns money: takes stored signals one at a time, and has what they left behind looked after.

Everybody else only wakes it. What it does after a crash is what it does all the time.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING

import structlog

from helix_core.contracts.exchange import IN_HAND
from helix_core.domain.halt import HaltKind
from helix_core.domain.notice import NoticeKind
from helix_core.domain.order import OrderKind
from helix_core.domain.signal import Action
from helix_core.engine import breaker
from helix_core.engine.custody import TICK_S
from helix_core.engine.outcome import Outcome, OutcomeStatus, Rejection
from helix_core.engine.reconcile import PERIOD_S
from helix_core.engine.timely import refuse_unless_timely
from helix_core.errors import DataMissing, ExchangeError, RateLimited, StoreError
from helix_core.notify import messages
from helix_core.store import halts, inbox, journal, outbox, subject, trades

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from decimal import Decimal

    from helix_core.engine.account import Account
    from helix_core.engine.custody import Custody
    from helix_core.engine.entry import Entry
    from helix_core.engine.exit import Exit
    from helix_core.engine.flattening import Flattening
    from helix_core.engine.reconcile import Reconciler
    from helix_core.store.inbox import StoredSignal

log = structlog.get_logger(__name__)

_RESUME_PATIENCE_S = 60.0
_GLANCE_S = 2.0
_STORE_PAUSE_S = 1.0
_LONGEST_HOLD_OFF_S = 30.0
_LONGEST_HOLD_OFF_IN_DOUBT_S = 4.0
_LOOKS_AT_START = 10
_NEVER_TWICE_THE_SAME = "What differs between account and database changed from look to look at the start"


class Worker:
    """Ends every signal, and keeps every open trade covered."""

    def __init__(
        self,
        account: Account,
        *,
        entry: Entry,
        exit_: Exit,
        custody: Custody,
        flattening: Flattening,
        reconciler: Reconciler,
        auto_resume: bool,
        told: Callable[[], None],
    ) -> None:
        """Own one account. `told` is called whenever a message for the owner may have been stored."""
        self._auto_resume = auto_resume
        self._entry, self._exit, self._custody = entry, exit_, custody
        self._flattening, self._reconciler = flattening, reconciler
        self._market, self._store = account.market, account.store
        self._limits, self._clock, self._told = account.limits, account.clock, told
        self._waiting: deque[tuple[StoredSignal, asyncio.Future[Outcome] | None]] = deque()
        self._kept: tuple[date, Decimal] | None = None
        self._told_at = 0
        self._held_off_s = self._held_off_until = self._ticked_at = 0.0
        self._wake, self._idle = asyncio.Event(), asyncio.Event()
        self._idle.set()
        self.recovered = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many stored signals have not been taken up yet."""
        return len(self._waiting)

    def put(self, stored: StoredSignal, outcome: asyncio.Future[Outcome] | None) -> None:
        """Let the worker have a stored signal; `outcome` gets its end."""
        self._waiting.append((stored, outcome))
        self._wake.set()

    def flatten(self) -> None:
        """Have every position sold: the owner's wish has just been stored."""
        self._flattening.ask()
        self._wake.set()

    def suspect(self, trade_id: int) -> None:
        """Ask the worker to look at a trade whose stop seems gone."""
        if self.calm:
            self._held_off_until = 0
        self._custody.suspect(trade_id)
        self._wake.set()

    @property
    def calm(self) -> bool:
        """True when no trade's stop is in doubt."""
        return not self._custody.urgent

    async def idle(self) -> None:
        """Return when nothing is under way."""
        await self._idle.wait()

    async def recover(self) -> None:
        """Bring everything an earlier run left behind to a known state; what is held comes first.

        What cannot be settled now is looked at again at every tick. Raises StoreError.
        """
        try:
            await self._custody.open_trades()
        except (ExchangeError, DataMissing) as error:
            log.warning("worker_cannot_look", problem=str(error))
        await self._custody.entries(_RESUME_PATIENCE_S)
        if self.recovered.is_set():
            await self.take_up()
        log.info("recovered")
        self.recovered.set()

    async def take_up(self) -> None:
        """Take up the signals that an earlier run stored and did not end.

        At a start this comes after the comparison: a restored database may hold a signal as new that has been traded.
        """
        async with self._store.read() as session:
            unfinished = await inbox.unfinished(session)
        waiting = {stored.row for stored, _ in self._waiting}
        for stored in unfinished:
            if stored.row not in waiting:
                self.put(stored, None)
        self._flattening.begin()
        log.info("signals_taken_up", unfinished_signals=len(unfinished))

    async def compare(self) -> None:
        """At start: compare account and database until what differs has been seen often enough to count.

        What differs from one look to the next is nothing to trade on, and halts. Raises ExchangeError or DataMissing
        when the account cannot be read.
        """
        for _ in range(_LOOKS_AT_START):
            again_s = await self._reconciler.run_once()
            if again_s >= PERIOD_S:
                return
            await asyncio.sleep(again_s)
        async with self._store.write() as session:
            await breaker.halt(session, HaltKind.RECONCILE, _NEVER_TWICE_THE_SAME, self._clock.now())

    async def run(self) -> None:
        """Work until cancelled. First everything is recovered; so it is after the database failed, as at a start."""
        IN_HAND.set(True)
        shaken = True
        while True:
            woken = shaken or await self._sleep()
            self._idle.clear()
            try:
                if shaken:
                    self._custody.forget()
                    await self.recover()
                    shaken, self._ticked_at = False, self._clock.monotonic()
                await self._round(tick=not woken)
            except StoreError as error:
                log.error("database_failed", problem=str(error))  # noqa: TRY400 - the sentence says it all
                shaken = True
                await asyncio.sleep(_STORE_PAUSE_S)
            finally:
                self._idle.set()

    async def _sleep(self) -> bool:
        """Wait for work, at most until the next tick, which work does not put off. True when it came before."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._left_s()):
                await self._wake.wait()
        self._wake.clear()
        return self._left_s() > 0

    def _left_s(self) -> float:
        """Seconds until everything open is looked after again, between two signals if need be."""
        return self._ticked_at + self._custody.tick_s - self._clock.monotonic()

    async def _round(self, *, tick: bool) -> None:
        await self._flattening.obey()
        while self._waiting:
            stored, outcome = self._waiting.popleft()
            with subject.of_signal(stored.row):
                ended = await self._end(stored)
            if outcome is not None and not outcome.done():
                outcome.set_result(ended)
            await self._flattening.obey()
            await self._look(tick=self._left_s() <= 0)
        await self._look(tick=tick)

    async def _look(self, *, tick: bool) -> None:
        """Look after what is open: all of it at a tick, else only what has been suspected.

        While a venue that counts questions holds them back, each wait is twice as long as the one before: asking again
        at once would spend on the first question what the last one needs. A stop in doubt does not wait that long.
        """
        if self._clock.monotonic() >= self._held_off_until:
            await self._look_after(tick=tick)
        if tick:
            self._ticked_at = self._clock.monotonic()
        if self._store.owed != self._told_at:
            self._told_at = self._store.owed
            self._told()

    async def _look_after(self, *, tick: bool) -> None:
        try:
            if tick:
                await self.open_day()
                if not self._custody.calm:
                    await self._custody.look(_GLANCE_S)
            elif self._custody.urgent:
                await self._custody.open_trades()
        except RateLimited as limited:
            longest_s = _LONGEST_HOLD_OFF_S if self.calm else _LONGEST_HOLD_OFF_IN_DOUBT_S
            self._held_off_s = min(max(limited.retry_after_s or TICK_S, 2 * self._held_off_s), longest_s)
            self._held_off_until = self._clock.monotonic() + self._held_off_s
            log.warning("worker_held_off", seconds=self._held_off_s, problem=str(limited))
        except (ExchangeError, DataMissing) as error:
            log.warning("worker_cannot_look", problem=str(error))
        else:
            self._held_off_s = 0

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
            attempt, _ = await journal.next_order(session, stored.row, OrderKind.ENTRY)
            begun = None if attempt == 1 else await journal.of_signal(session, stored.row, OrderKind.ENTRY)
        if begun is not None and stored.signal.action is Action.BUY:
            return await self._entry.resume(stored, begun, patience_s=_RESUME_PATIENCE_S)
        refuse_unless_timely(stored, self._clock.now(), self._limits.max_signal_age_s)
        if self._kept is None or self._kept[0] != self._clock.now().date():
            await self.open_day()
        if stored.signal.action is Action.SELL:
            return await self._exit.close(stored)
        return await self._entry.open(stored)

    async def _reject(self, stored: StoredSignal, rejection: Rejection) -> Outcome:
        now = self._clock.now()
        async with self._store.write() as session:
            await inbox.finish(session, stored.row, now, reason=rejection.reason, detail=rejection.detail)
            if rejection.report is not None:
                inbox.record_verdicts(session, stored.row, rejection.report, now)
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

    async def open_day(self) -> None:
        """Keep what losses are measured on, whenever no position is open and the balance is fresh and new."""
        now, view = self._clock.now(), self._market.peek()
        if view.balances is None or view.instrument is None:
            return
        found = (now.date(), view.balances.of(view.instrument.quote).total)
        if found == self._kept:
            return
        async with self._store.read() as session:
            if await trades.open_trades(session) or await journal.unsettled(session):
                return
            doubted = any(halt.kind is HaltKind.RECONCILE for halt in await halts.active(session))
        async with self._store.write() as session:
            if await breaker.keep_bases(session, found[1], now, doubted=doubted) and not doubted:
                self._kept = found
            if self._auto_resume:
                await breaker.end_yesterdays_loss_halt(session, now)
