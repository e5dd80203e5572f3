"""The desk: what the doors may ask of a running bot."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from helix_core.domain.signal import Action
from helix_core.engine import status, telling
from helix_core.engine.outcome import Outcome, OutcomeStatus, Receipt
from helix_core.engine.vitals import Condition
from helix_core.errors import StoreError
from helix_core.store import halts, story, trades
from helix_core.store.intake import Intake

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from helix_core.config import TradingMode
    from helix_core.domain.halt import Halt
    from helix_core.domain.signal import Signal
    from helix_core.engine.account import Account
    from helix_core.engine.vitals import Checkup
    from helix_core.engine.worker import Worker

log = structlog.get_logger(__name__)

_CAPACITY = 2_000
"""So many stored signals may wait in memory for the worker. The database has all of them."""
_FEW = 10
"""Behind so many nobody waits for the end of a signal: it would use up the connections of those who come after."""


class TradingDesk:
    """Implements the Desk protocol over the worker and the database."""

    def __init__(
        self,
        account: Account,
        *,
        worker: Worker,
        checkup: Checkup,
        mode: TradingMode,
        listing: Sequence[Mapping[str, object]],
    ) -> None:
        """Serve one bot."""
        self._market, self._store = account.market, account.store
        self._limits, self._clock = account.limits, account.clock
        self._intake = Intake(account.store, account.limits.dedup_window_s)
        self._worker, self._checkup = worker, checkup
        self._client, self._mode, self._listing = account.client, mode, listing
        self._started_at, self._began_at = self._clock.monotonic(), account.started_at
        self._ready = False

    @property
    def ready(self) -> bool:
        """True once the door is open."""
        return self._ready

    def open_door(self) -> None:
        """Boot is complete: signals may come."""
        self._ready = True

    def close_door(self) -> None:
        """Take no further signals."""
        self._ready = False

    async def accept(self, signal: Signal, payload: str) -> Receipt:
        """Store a signal durably, drop it if it is a repeat, else let the worker have it.

        Raises StoreError when it could not be stored. Cancelling the caller does not undo it.
        """
        return await asyncio.shield(self._accept(signal, payload))

    async def _accept(self, signal: Signal, payload: str) -> Receipt:
        if self._worker.waiting >= _CAPACITY:
            raise StoreError("Too many signals are waiting.")
        if signal.action is Action.BUY and (shortage := self._store.shortage) is not None:
            raise StoreError(shortage)
        now = self._clock.now()
        stored, earlier = await self._intake.keep(signal, payload, now)
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        soon = earlier is not None or self._worker.waiting < _FEW
        if earlier is None:
            log.info("signal_stored", signal=stored.row, signal_id=signal.signal_id)
            self._worker.put(stored, outcome)
        else:
            log.info("signal_deduplicated", signal=stored.row, signal_id=signal.signal_id, repeats=earlier)
            outcome.set_result(
                Outcome(
                    status=OutcomeStatus.DEDUPLICATED,
                    row=stored.row,
                    signal_id=signal.signal_id,
                    reason="duplicate_signal",
                    detail=f"Repeats signal {earlier} inside {self._limits.dedup_window_s} s; nothing was done.",
                )
            )
        return Receipt(stored.row, outcome, soon)

    async def health(self) -> Mapping[str, object]:
        """Exactly the keys of GET /health."""
        async with self._store.read() as session:
            in_force = await halts.in_force(session, self._began_at)
            last = await trades.last_signal_at(session)
            open_now = await trades.open_trades(session)
        return {
            "status": self._word(in_force),
            "uptime_seconds": int(self._clock.monotonic() - self._started_at),
            "active_exchange": self._client.name,
            "exchange_connected": self._market.problem() is None,
            "last_signal_time": None if last is None else last.isoformat(),
            "open_positions": len(open_now),
            "daily_pnl_pct": _figure(await self._checkup.day_pnl_pct()),
            "trading_mode": self._mode.value,
        }

    def _word(self, in_force: Sequence[Halt]) -> str:
        """How the bot is, in one word: degraded until the door is open, then halted before anything else."""
        if not self._ready:
            return "degraded"
        if in_force:
            return "halted"
        return "degraded" if self._checkup.troubles() else "ok"

    async def condition(self) -> Condition:
        """How the bot is: the word of GET /health and the vitals behind it. Raises StoreError."""
        vitals = await self._checkup.take()
        return Condition(
            word=self._word(vitals.halts),
            uptime_s=self._clock.monotonic() - self._started_at,
            exchange=self._client.name,
            mode=self._mode.value,
            symbol=self._market.symbol,
            vitals=vitals,
        )

    async def status(self) -> Mapping[str, object]:
        """State for the owner: what /health says, why, and every figure behind it."""
        now = self._clock.now()
        async with self._store.browse() as session:
            gap = await trades.longest_gap(session, trades.day_start(now))
        vitals = await self._checkup.take()
        starting = [] if self._ready else ["Helix is starting, and takes no signals yet"]
        halted = [f"Halt {halt.kind.value}: {halt.detail}" for halt in vitals.halts]
        return {
            **await self.health(),
            "why": [*starting, *halted, *self._checkup.troubles()],
            **status.sheet(vitals, longest_gap=gap),
        }

    async def signal_story(self, row: int) -> Mapping[str, object] | None:
        """Everything known of one signal, and its stages in words."""
        async with self._store.browse() as session:
            found = await story.of_signal(session, row)
        return None if found is None else telling.facts(found)

    def plugins(self) -> Sequence[Mapping[str, object]]:
        """Every plugin with its origin."""
        return self._listing


def _figure(value: Decimal | None) -> float | None:
    return None if value is None else round(float(value), 4)
