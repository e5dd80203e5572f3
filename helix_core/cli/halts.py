"""`helix halt` and `helix resume`: the owner's brake, at the host. In force as soon as the command returns."""

from __future__ import annotations

import asyncio

import typer

from helix_core.audit.actor import actor
from helix_core.cli.database import opened, write_audit_log
from helix_core.cli.speaking import EXIT_PROBLEM, console, sentences
from helix_core.domain.halt import HaltKind


@sentences
def halt(reason: str = typer.Argument("stopped by the owner", help="Why, for the record.")) -> None:
    """Stop entries at once. Stops stay on the venue, and exits go on."""
    asyncio.run(_halt(reason))


@sentences
def resume(*, drawdown: bool = typer.Option(False, "--drawdown", help="End a drawdown halt too.")) -> None:
    """End halts, so that entries go on. A drawdown halt ends only with --drawdown and a restart of the bot."""
    asyncio.run(_resume(drawdown=drawdown))


async def _halt(reason: str) -> None:
    from helix_core.clock import SystemClock  # noqa: PLC0415 - keeps --help instant
    from helix_core.engine import breaker  # noqa: PLC0415

    who = actor("helix halt")
    async with opened() as (settings, store):
        async with store.write() as session:
            raised = await breaker.halt(session, HaltKind.MANUAL, f"{reason}, by {who}", SystemClock().now(), by=who)
        await write_audit_log(settings, store)
    console.print("Entries are halted." if raised else "Entries were halted already.")


async def _resume(*, drawdown: bool) -> None:
    from helix_core.clock import SystemClock  # noqa: PLC0415
    from helix_core.engine.resume import resume as end_halts  # noqa: PLC0415

    async with opened() as (settings, store):
        async with store.write() as session:
            resumed = await end_halts(session, actor("helix resume"), SystemClock().now(), drawdown=drawdown)
        await write_audit_log(settings, store)
    console.print(f"Ended: {', '.join(halt.kind.value for halt in resumed.ended) or 'nothing'}.")
    if any(halt.kind is HaltKind.DRAWDOWN for halt in resumed.ended):
        console.print("Restart the bot: one that is running goes on refusing entries until then.")
    for halt, why in resumed.left:
        console.print(f"Still in force: {halt.kind.value} ({halt.detail}); {why}.", markup=False)
    if resumed.left:
        raise typer.Exit(EXIT_PROBLEM)
