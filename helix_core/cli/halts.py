"""`helix halt` and `helix resume`: the owner's brake, at the host. In force as soon as the command returns."""

from __future__ import annotations

import asyncio
import getpass
import os
from typing import TYPE_CHECKING

import typer

from helix_core.cli.speaking import EXIT_PROBLEM, console, sentences
from helix_core.domain.halt import HaltKind

if TYPE_CHECKING:
    from helix_core.store.database import Store


@sentences
def halt(reason: str = typer.Argument("stopped by the owner", help="Why, for the record.")) -> None:
    """Stop entries at once. Stops stay on the venue, and exits go on."""
    asyncio.run(_halt(reason))


@sentences
def resume(*, drawdown: bool = typer.Option(False, "--drawdown", help="End a drawdown halt too.")) -> None:
    """End halts, so that entries go on. A drawdown halt ends only with --drawdown and a restart of the bot."""
    asyncio.run(_resume(drawdown=drawdown))


def actor(command: str) -> str:
    """Who runs this command, for the record: `helix resume (anna)`."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        name = f"user {os.getuid()}"
    return f"{command} ({name})"


async def _halt(reason: str) -> None:
    from helix_core.clock import SystemClock  # noqa: PLC0415 - keeps --help instant
    from helix_core.engine import breaker  # noqa: PLC0415

    store, said = await _store(), f"{reason}, by {actor('helix halt')}"
    try:
        async with store.write() as session:
            raised = await breaker.halt(session, HaltKind.MANUAL, said, SystemClock().now())
    finally:
        await store.close()
    console.print("Entries are halted." if raised else "Entries were halted already.")


async def _resume(*, drawdown: bool) -> None:
    from helix_core.clock import SystemClock  # noqa: PLC0415
    from helix_core.engine.resume import resume as end_halts  # noqa: PLC0415

    store = await _store()
    try:
        async with store.write() as session:
            resumed = await end_halts(session, actor("helix resume"), SystemClock().now(), drawdown=drawdown)
    finally:
        await store.close()
    console.print(f"Ended: {', '.join(halt.kind.value for halt in resumed.ended) or 'nothing'}.")
    if any(halt.kind is HaltKind.DRAWDOWN for halt in resumed.ended):
        console.print("Restart the bot: one that is running goes on refusing entries until then.")
    for halt, why in resumed.left:
        console.print(f"Still in force: {halt.kind.value} ({halt.detail}); {why}.", markup=False)
    if resumed.left:
        raise typer.Exit(EXIT_PROBLEM)


async def _store() -> Store:
    from helix_core import logs  # noqa: PLC0415
    from helix_core.cli.bot import load  # noqa: PLC0415
    from helix_core.store.database import Store  # noqa: PLC0415

    settings, _ = load()
    logs.configure("ERROR", settings.secrets)
    return await Store.open(settings.database_url.get_secret_value(), alone=False)
