"""The tables: rows only, no behaviour.

`trades`, `signals` and `daily_stats` are views for people, with REAL figures and fixed columns. The truth is in
`journal` (what Helix asked of the venue) and `fills` (what the venue did), where decimals are exact.
"""

from __future__ import annotations

from datetime import date as calendar_date
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from helix_core.store.types import DecimalText, UtcDateTime


class JournalState(StrEnum):
    """Where an order of ours stands.

    SENT: committed before the call, so it may be at the venue. UNKNOWN: the call gave no clear answer. LIVE: resting
    at the venue. CANCELLING: a cancel may have been sent. DONE: final, with or without fills. REFUSED and NOT_PLACED:
    proven never to have been placed.
    """

    SENT = "sent"
    UNKNOWN = "unknown"
    LIVE = "live"
    CANCELLING = "cancelling"
    DONE = "done"
    REFUSED = "refused"
    NOT_PLACED = "not_placed"


UNSETTLED = (JournalState.SENT, JournalState.UNKNOWN, JournalState.CANCELLING)
"""States that only the venue's own word can end."""


class SignalRow(SQLModel, table=True):
    """Every signal that was accepted into the inbox. `action` is null until its end is known."""

    __tablename__: ClassVar[str] = "signals"
    __table_args__ = (Index("ix_signals_signal_id_received_at", "signal_id", "received_at"),)

    id: int | None = Field(default=None, primary_key=True)
    signal_id: str
    payload: str
    action: str | None = None
    rejection_reason: str | None = None
    received_at: datetime = Field(sa_type=UtcDateTime, index=True)


class InboxRow(SQLModel, table=True):
    """What a stored signal asks for, as read; `done_at` is null while the worker still owes it an end."""

    __tablename__: ClassVar[str] = "inbox"

    signal_row: int = Field(primary_key=True, foreign_key="signals.id")
    action: str
    symbol: str
    price: Decimal = Field(sa_type=DecimalText)
    timestamp: datetime | None = Field(default=None, sa_type=UtcDateTime)
    strategy: str | None = None
    trade_id: int | None = Field(default=None, foreign_key="trades.id")
    detail: str | None = None
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)


class VerdictRow(SQLModel, table=True):
    """One check's verdict on one signal, with the numbers it compared."""

    __tablename__: ClassVar[str] = "verdicts"

    id: int | None = Field(default=None, primary_key=True)
    signal_row: int = Field(foreign_key="signals.id", index=True)
    gate: str
    verdict: str
    reason: str
    detail: str
    measured: str | None = None
    limit: str | None = None
    at: datetime = Field(sa_type=UtcDateTime)


class JournalRow(SQLModel, table=True):
    """One order that Helix meant to place, committed before the first byte left."""

    __tablename__: ClassVar[str] = "journal"
    __table_args__ = (
        UniqueConstraint("signal_row", "kind", "attempt"),
        Index("ix_journal_state_fence_at", "state", "fence_at"),
    )

    client_order_id: str = Field(primary_key=True)
    number: int = Field(default=0, unique=True)
    signal_row: int = Field(foreign_key="signals.id")
    trade_id: int | None = Field(default=None, foreign_key="trades.id", index=True)
    kind: str
    attempt: int
    symbol: str
    side: str
    quantity: Decimal = Field(sa_type=DecimalText)
    stop_price: Decimal | None = Field(default=None, sa_type=DecimalText)
    take_profit_price: Decimal | None = Field(default=None, sa_type=DecimalText)
    entry_order_id: str | None = None
    base_before: Decimal | None = Field(default=None, sa_type=DecimalText)
    state: str
    sent_at: datetime = Field(sa_type=UtcDateTime)
    fence_at: datetime = Field(sa_type=UtcDateTime)
    venue_order_ids: str = ""
    filled: Decimal | None = Field(default=None, sa_type=DecimalText)
    detail: str | None = None
    updated_at: datetime = Field(sa_type=UtcDateTime)


class FillRow(SQLModel, table=True):
    """One execution at the venue, exact. A venue that was reset counts from one again: our order's id names it too."""

    __tablename__: ClassVar[str] = "fills"

    exchange: str = Field(primary_key=True)
    client_order_id: str = Field(primary_key=True, foreign_key="journal.client_order_id")
    fill_id: str = Field(primary_key=True)
    symbol: str
    trade_id: int = Field(foreign_key="trades.id", index=True)
    venue_order_id: str
    side: str
    price: Decimal = Field(sa_type=DecimalText)
    quantity: Decimal = Field(sa_type=DecimalText)
    fee: Decimal = Field(sa_type=DecimalText)
    fee_currency: str
    at: datetime = Field(sa_type=UtcDateTime)


class TradeRow(SQLModel, table=True):
    """One round trip, for people."""

    __tablename__: ClassVar[str] = "trades"
    __table_args__ = (Index("ix_trades_status_closed_at", "status", "closed_at"),)

    id: int | None = Field(default=None, primary_key=True)
    signal_id: str = Field(unique=True)
    exchange: str
    symbol: str
    side: str
    entry_price: float | None = None
    exit_price: float | None = None
    quantity: float | None = None
    stop_loss_price: float | None = None
    status: str
    pnl: float | None = None
    pnl_pct: float | None = None
    exchange_order_id: str | None = None
    opened_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    close_reason: str | None = None


class DailyStatsRow(SQLModel, table=True):
    """One UTC day's closed trades, for people."""

    __tablename__: ClassVar[str] = "daily_stats"

    date: calendar_date = Field(primary_key=True)
    trades_count: int = 0
    wins: int = 0
    losses: int = 0
    total_pnl: float = 0
    total_pnl_pct: float = 0
    max_drawdown_pct: float = 0
    daily_loss_limit_hit: bool = False


class ResultRow(SQLModel, table=True):
    """What a closed trade earned, exact: the source of daily figures, drawdown and losing streaks."""

    __tablename__: ClassVar[str] = "results"

    trade_id: int = Field(primary_key=True, foreign_key="trades.id")
    closed_at: datetime = Field(sa_type=UtcDateTime, index=True)
    pnl: Decimal = Field(sa_type=DecimalText)
    pnl_pct: Decimal = Field(sa_type=DecimalText)


class GapRow(SQLModel, table=True):
    """A time during which an open position had no stop that covered it, as far as Helix knows."""

    __tablename__: ClassVar[str] = "gaps"

    id: int | None = Field(default=None, primary_key=True)
    trade_id: int = Field(foreign_key="trades.id", index=True)
    began_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime = Field(sa_type=UtcDateTime)


class DayRow(SQLModel, table=True):
    """The equity with which a UTC day opened, and its peak until then, in quote."""

    __tablename__: ClassVar[str] = "days"

    date: calendar_date = Field(primary_key=True)
    opening_equity: Decimal = Field(sa_type=DecimalText)
    peak_equity: Decimal = Field(sa_type=DecimalText)


class TransferRow(SQLModel, table=True):
    """Money that came or went otherwise than by trading: the account was worth `factor` of what the books said."""

    __tablename__: ClassVar[str] = "transfers"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    factor: Decimal = Field(sa_type=DecimalText)


class HaltRow(SQLModel, table=True):
    """A stop of entries, in force while `cleared_at` is null."""

    __tablename__: ClassVar[str] = "halts"

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    detail: str
    raised_at: datetime = Field(sa_type=UtcDateTime)
    cleared_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    cleared_by: str | None = None
    raised_by: str | None = None


class NoticeRow(SQLModel, table=True):
    """A message owed to the owner, and the signal it belongs to, if any."""

    __tablename__: ClassVar[str] = "outbox"

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    text: str
    at: datetime = Field(sa_type=UtcDateTime)
    signal_row: int | None = Field(default=None, foreign_key="signals.id", index=True)


class CursorRow(SQLModel, table=True):
    """How far a notifier has come through the outbox."""

    __tablename__: ClassVar[str] = "outbox_cursors"

    notifier: str = Field(primary_key=True)
    notice_id: int


class DeadLetterRow(SQLModel, table=True):
    """A message that a notifier could not deliver for a day, and gave up; `problem` is what it said last."""

    __tablename__: ClassVar[str] = "dead_letters"

    notifier: str = Field(primary_key=True)
    notice_id: int = Field(primary_key=True, foreign_key="outbox.id")
    problem: str
    at: datetime = Field(sa_type=UtcDateTime)


class MemoryRow(SQLModel, table=True):
    """What a plugin keeps over a restart."""

    __tablename__: ClassVar[str] = "plugin_memory"

    plugin: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    value: str


class DecisionRow(SQLModel, table=True):
    """What a human decided about a difference between account and database; only ever added to.

    `subject` is what it is about: a coin, a trade, an order's id.
    """

    __tablename__: ClassVar[str] = "decisions"

    id: int | None = Field(default=None, primary_key=True)
    decision: str = Field(index=True)
    subject: str
    detail: str
    actor: str
    at: datetime = Field(sa_type=UtcDateTime)


class MetaRow(SQLModel, table=True):
    """Single facts: the schema's version, the equity at first start."""

    __tablename__: ClassVar[str] = "meta"

    key: str = Field(primary_key=True)
    value: str
