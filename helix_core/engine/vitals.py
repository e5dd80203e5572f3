"""Vitals: how the bot is, in figures and in a word. Taken when somebody asks, from what is stored or known anyway."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helix_core.domain.order import OrderKind
from helix_core.engine import breaker
from helix_core.store import books, halts, journal, tally, trades

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from sqlmodel.ext.asyncio.session import AsyncSession

    from helix_core.contracts.exchange import LineState
    from helix_core.domain.halt import Halt
    from helix_core.engine.account import Account
    from helix_core.engine.chores import Chores
    from helix_core.engine.protection import Protection
    from helix_core.engine.snapshot import Snapshots
    from helix_core.store.schema import JournalRow, TradeRow
    from helix_core.store.tally import Tally

BEHIND_S = 60.0
"""A message that waits longer than this is late: deliveries take a second or two, and the longest pause is a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What one notifier still has to deliver, how long the oldest of it has been waiting, and what it has given up.

    `problem` is what is wrong with the notifier just now, if anything.
    """

    pending: int
    oldest_s: float
    given_up: int
    problem: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """The figures of one moment. Ages and times are in seconds, money in quote, percentages in percent.

    None: not known. `without_stop_s` is how long a position has had no stop, right now; `agreed_s` how long ago account
    and database were last seen to agree; `tally` is what was counted so far. By notifier: `mail` is what it has to
    deliver, `listening` whether it reaches the owner's commands, `answered` how many of them had an answer, `ignored`
    how often it was spoken to by somebody else. `chores` are the problems of what is done beside trading;
    `audit_problem` is why the audit log cannot be written.
    """

    halts: Sequence[Halt]
    positions: Sequence[TradeRow]
    unsettled: Sequence[JournalRow]
    waiting: int
    trades: Mapping[str, int]
    tally: Tally
    without_stop_s: float
    equity: Decimal | None
    day_pnl: Decimal
    day_pnl_pct: Decimal | None
    drawdown_pct: Decimal | None
    venue_problem: str | None
    ages_s: Mapping[str, float | None]
    line: LineState
    mail: Mapping[str, Mail]
    listening: Mapping[str, bool]
    answered: Mapping[str, int]
    ignored: Mapping[str, int]
    chores: Mapping[str, str | None]
    audit_problem: str | None
    agreed_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How the bot is, in a `word` (that of GET /health) and in figures; and which bot it is."""

    word: str
    uptime_s: float
    exchange: str
    mode: str
    symbol: str
    vitals: Vitals


class Checkup:
    """Takes the vitals of one bot. Reads only, asks the venue nothing, and uses one reader of the database."""

    def __init__(self, account: Account, *, snapshots: Snapshots, protection: Protection, chores: Chores) -> None:
        """Look at one account, at the ways to its owner and back, and at what is done beside trading."""
        self._client, self._store, self._market = account.client, account.store, account.market
        self._clock, self._started_at = account.clock, account.started_at
        self._snapshots, self._protection = snapshots, protection
        self._delivery, self._listening = chores.delivery, chores.listening
        self._auditor, self._chores = chores.auditor, chores
        self._tally = tally.Tally(account.started_at)
        self._one_at_a_time = asyncio.Lock()

    def troubles(self) -> list[str]:
        """Why the bot is not quite well, a sentence each: its venue, its ways to the owner, what it does beside."""
        venue, notifiers = self._market.problem(), self._delivery.problems()
        late = {name: lag_s for name, lag_s in self._delivery.lag().items() if lag_s > BEHIND_S}
        chores = {name: problem for name, problem in self._chores.problems.items() if problem}
        return [
            *([f"{self._client.label}: {venue}"] if venue else []),
            *(f"Messages by {name}: {problem}" for name, problem in notifiers.items()),
            *(f"Commands by {name}: {problem}" for name, problem in self._listening.problems().items()),
            *(f"Messages by {name}: the oldest has been waiting for {lag_s:.0f} s" for name, lag_s in late.items()),
            *([f"Audit log: {self._auditor.problem}"] if self._auditor.problem else []),
            *(f"{name.capitalize()}: it failed, and was begun anew: {problem}" for name, problem in chores.items()),
        ]

    async def day_pnl_pct(self) -> Decimal | None:
        """Today's result so far, the open position included; None while it cannot be told. Raises StoreError."""
        return await self._snapshots.day_pnl_pct()

    async def take(self) -> Vitals:
        """Take them all. Raises StoreError."""
        async with self._one_at_a_time:
            return await self._take()

    async def _take(self) -> Vitals:
        now, view = self._clock.now(), self._market.peek()
        equity, day_pnl_pct = await self._snapshots.equity(view), await self._snapshots.day_pnl_pct()
        async with self._store.browse() as session:
            positions = await trades.open_trades(session)
            await self._tally.follow(session)
            return Vitals(
                halts=await halts.in_force(session, self._started_at),
                positions=positions,
                unsettled=await journal.unsettled(session),
                waiting=await tally.waiting(session),
                trades=await tally.trades_by_status(session),
                tally=self._tally,
                without_stop_s=self._protection.without_stop_s(trade.id for trade in positions if trade.id is not None),
                equity=equity,
                day_pnl=await trades.day_pnl(session, now),
                day_pnl_pct=day_pnl_pct,
                drawdown_pct=await breaker.drawdown_pct(session),
                venue_problem=self._market.problem(),
                ages_s=self._ages_s(),
                line=self._client.line_state(),
                mail=await self._mail(session, now),
                listening={line.name: line.since is not None for line in self._listening.lines if line.listens},
                answered={line.name: line.answered for line in self._listening.lines if line.listens},
                ignored={line.name: line.strangers for line in self._listening.lines},
                chores=dict(self._chores.problems),
                audit_problem=self._auditor.problem,
                agreed_s=_age_s(await books.compared_at(session), now),
            )

    def _ages_s(self) -> dict[str, float | None]:
        known = (self._market.ticker, self._market.balances, self._market.instrument)
        return {aged.name: None if math.isinf(aged.age_s) else aged.age_s for aged in known}

    async def _mail(self, session: AsyncSession, now: datetime) -> dict[str, Mail]:
        problems, mail = self._delivery.problems(), {}
        for name in self._delivery.lag():
            pending, oldest = await tally.owed(session, name)
            mail[name] = Mail(
                pending=pending,
                oldest_s=_age_s(oldest, now) or 0,
                given_up=await tally.given_up(session, name),
                problem=problems.get(name),
            )
        return mail


def unresolved(rows: Sequence[JournalRow]) -> dict[OrderKind, int]:
    """How many orders of each kind may be at the venue without our knowing."""
    return {kind: sum(row.kind == kind.value for row in rows) for kind in OrderKind}


def _age_s(at: datetime | None, now: datetime) -> float | None:
    return None if at is None else (now - at).total_seconds()
