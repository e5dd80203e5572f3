"""Migrations: what a database of an earlier version lacks is added. Nothing in it is taken away or written anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlmodel import SQLModel

if TYPE_CHECKING:
    from sqlalchemy.orm import Session
    from sqlmodel.ext.asyncio.session import AsyncSession

STEPS = {
    "2": (
        "3",
        (
            "ALTER TABLE halts ADD COLUMN raised_by VARCHAR",
            "ALTER TABLE outbox ADD COLUMN signal_row INTEGER REFERENCES signals (id)",
        ),
    ),
    "3": (
        "4",
        (
            "DROP INDEX IF EXISTS ix_signals_signal_id",
            "DROP INDEX IF EXISTS ix_journal_state",
            "DROP INDEX IF EXISTS ix_trades_status",
            "CREATE INDEX IF NOT EXISTS ix_signals_signal_id_received_at ON signals (signal_id, received_at)",
            "CREATE INDEX IF NOT EXISTS ix_journal_state_fence_at ON journal (state, fence_at)",
            "CREATE INDEX IF NOT EXISTS ix_trades_status_closed_at ON trades (status, closed_at)",
            "CREATE INDEX IF NOT EXISTS ix_outbox_signal_row ON outbox (signal_row)",
        ),
    ),
}
"""By version: the next one, and what to say to the database for it. Tables that are missing are made in any case."""


async def bring_up(session: AsyncSession, version: str) -> str:
    """Take every step from `version` on, in the caller's transaction. Returns the version that is reached."""
    while version in STEPS:
        version, statements = STEPS[version]
        for statement in statements:
            await session.run_sync(_say, statement)
    await session.run_sync(make_tables)
    return version


def _say(session: Session, statement: str) -> None:
    session.connection().exec_driver_sql(statement)


def make_tables(session: Session) -> None:
    """Make the tables that are missing."""
    SQLModel.metadata.create_all(session.connection())
