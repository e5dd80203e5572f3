"""`helix halt` and `helix resume`: the owner's brake, at the host. In force as soon as the command returns."""

from __future__ import annotations

import asyncio
import getpass
from typing import TYPE_CHECKING

import typer

from helix_core.cli.speaking import console, sentences
from helix_core.domain.halt import HaltKind

if TYPE_CHECKING:
    from helix_core.store.database import Store

_BY_RESUME = frozenset({HaltKind.MANUAL, HaltKind.CONSECUTIVE_LOSSES, HaltKind.RECONCILE, HaltKind.DAILY_LOSS})


@sentences
def halt(reason: str = typer.Argument("stopped by the owner", help="Why, for the record.")) -> None:
    """Stop entries at once. Stops stay on the venue, and exits go on."""
    asyncio.run(_halt(reason))


@sentences
def resume(*, drawdown: bool = typer.Option(False, "--drawdown", help="End a drawdown halt too.")) -> None:
    """End halts, so that entries go on. A drawdown halt ends only with --drawdown."""
    asyncio.run(_resume(drawdown=drawdown))


async def _halt(reason: str) -> None:
    from helix_core.clock import SystemClock  # noqa: PLC0415 - keeps --help instant
    from helix_core.engine import breaker  # noqa: PLC0415

    store = await _store()
    try:
        async with store.write() as session:
            raised = await breaker.halt(
                session, HaltKind.MANUAL, f"{reason} ({getpass.getuser()})", SystemClock().now()
            )
    finally:
        await store.close()
    console.print("Entries are halted." if raised else "Entries were halted already.")


async def _resume(*, drawdown: bool) -> None:
    from helix_core.clock import SystemClock  # noqa: PLC0415
    from helix_core.domain.notice import NoticeKind  # noqa: PLC0415
    from helix_core.notify import messages  # noqa: PLC0415
    from helix_core.store import halts, outbox  # noqa: PLC0415

    store, now, who = await _store(), SystemClock().now(), f"helix resume ({getpass.getuser()})"
    kinds = _BY_RESUME | ({HaltKind.DRAWDOWN} if drawdown else frozenset())
    try:
        async with store.write() as session:
            too_early = [
                found.kind
                for found in await halts.active(session)
                if found.kind is HaltKind.DAILY_LOSS and found.raised_at.date() == now.date()
            ]
            ended = await halts.clear(session, kinds - set(too_early), who, now)
            for ended_halt in ended:
                outbox.owe(session, NoticeKind.HALT_CLEARED, messages.halt_cleared(ended_halt.kind, who), now)
        async with store.read() as session:
            left = await halts.active(session)
    finally:
        await store.close()
    console.print(f"Ended: {', '.join(found.kind.value for found in ended) or 'nothing'}.")
    for found in left:
        why = "ends at 00:00 UTC at the earliest" if found.kind in too_early else "needs helix resume --drawdown"
        console.print(f"Still in force: {found.kind.value} ({found.detail}); {why}.")
    if left:
        raise typer.Exit(1)


async def _store() -> Store:
    from helix_core.cli.bot import load  # noqa: PLC0415
    from helix_core.store.database import Store  # noqa: PLC0415

    settings, _ = load()
    return await Store.open(settings.database_url.get_secret_value(), alone=False)
