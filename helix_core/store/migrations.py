"""Migrations: what a database of an earlier version lacks is added. Nothing in it is taken away or written anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlmodel import SQLModel

if TYPE_CHECKING:
    from sqlmodel.ext.asyncio.session import AsyncSession

STEPS = {
    "2": (
        "3",
        (
            "ALTER TABLE halts ADD COLUMN raised_by VARCHAR",
            "ALTER TABLE outbox ADD COLUMN signal_row INTEGER REFERENCES signals (id)",
        ),
    ),
}
"""By version: the next one, and what to say to the database for it. Tables that are missing are made in any case."""


async def bring_up(session: AsyncSession, version: str) -> str:
    """Take every step from `version` on, in the caller's transaction. Returns the version that is reached."""
    connection = await session.connection()
    while version in STEPS:
        version, statements = STEPS[version]
        for statement in statements:
            await connection.exec_driver_sql(statement)
    await connection.run_sync(SQLModel.metadata.create_all)
    return version
