"""`helix backup` and `helix restore`: the database of this folder, copied beside a running bot and put back."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from helix_core.audit.actor import actor
from helix_core.cli.speaking import console, sentences
from helix_core.clock import SystemClock
from helix_core.domain.halt import HaltKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helix_core.settings import Settings

_NAME = "helix-{:%Y%m%dT%H%M%SZ}.db"
_NAMES = "helix-[0-9]*T[0-9]*Z.db"


@sentences
def backup(
    target: Annotated[
        str,
        typer.Argument(metavar="FILE", help="A new file; or a folder/, in which it gets a name with the time."),
    ],
    keep: Annotated[
        int | None, typer.Option(min=1, help="In a folder: delete all but this many of the latest.")
    ] = None,
) -> None:
    """Copy the database beside a running bot, and check the copy. Trading is not kept waiting."""
    from helix_core.cli.bot import load  # noqa: PLC0415 - keeps --help instant
    from helix_core.store import backup as backups  # noqa: PLC0415

    settings, _ = load()
    database = backups.file_of(settings.database_url.get_secret_value())
    folder = Path(target) if target.endswith(os.sep) or Path(target).is_dir() else None
    if keep and folder is None:
        raise typer.BadParameter(f"{target} is a file. Write {target}{os.sep} for a folder.", param_hint="--keep")
    file = Path(target) if folder is None else folder / _NAME.format(SystemClock().now())
    contents = backups.copy(database, file)
    console.print(f"{file}: {contents}. Checked: it is whole.", markup=False)
    for old in _outdated(folder, keep):
        old.unlink(missing_ok=True)
        console.print(f"{old}: deleted, {keep} are kept.", markup=False)


def _outdated(folder: Path | None, keep: int | None) -> Iterator[Path]:
    """Backups with a name of ours that are more than `keep`, oldest first."""
    if folder is not None and keep:
        yield from sorted(folder.glob(_NAMES))[:-keep]


@sentences
def restore(file: Annotated[Path, typer.Argument(metavar="FILE", help="What `helix backup` made.")]) -> None:
    """Put a backup in the place of the database, while no bot uses it. What was there is kept beside it.

    What happened since the backup is not in it: entries stay halted until you have looked.
    """
    from helix_core import logs  # noqa: PLC0415 - keeps --help instant
    from helix_core.cli.bot import load  # noqa: PLC0415
    from helix_core.store import backup as backups  # noqa: PLC0415

    settings, _ = load()
    logs.configure("ERROR", settings.secrets)
    database = backups.file_of(settings.database_url.get_secret_value())
    contents = backups.examined(file)
    with backups.standstill(database):
        aside = database.with_name(f"{database.name}.replaced-{SystemClock().now():%Y%m%dT%H%M%S}")
        new = database.with_name(f"{database.name}.restoring")
        try:
            backups.duplicate(file, new)
            asyncio.run(_halted(settings, new, f"the database was restored from {file.name}, {contents}"))
            was_there = database.exists()
            backups.replace(database, new, aside)
        finally:
            for leftover in database.parent.glob(f"{new.name}*"):
                leftover.unlink()
    console.print(f"{database}: {contents}.", markup=False)
    if was_there:
        console.print(f"What was there before: {aside}", markup=False)
    console.print(
        "Entries are halted: start the bot, run `helix reconcile`, decide, then `helix resume`.", markup=False
    )


async def _halted(settings: Settings, database: Path, why: str) -> None:
    """Halt entries in the database that is about to be put back: a halt since the backup is not in it.

    Raises ConfigError when it is another account's, StoreError when it is of another version.
    """
    from sqlalchemy.engine import make_url  # noqa: PLC0415 - keeps --help instant

    from helix_core.engine import breaker  # noqa: PLC0415
    from helix_core.store import identity  # noqa: PLC0415
    from helix_core.store.database import Store  # noqa: PLC0415

    who, url = actor("helix restore"), make_url(settings.database_url.get_secret_value())
    address = url.set(database=str(database)).render_as_string(hide_password=False)
    store = await Store.open(address, alone=False)
    try:
        await identity.claim(store, settings.active_exchange, settings.trading_mode)
        async with store.write() as session:
            await breaker.halt(session, HaltKind.MANUAL, why, SystemClock().now(), by=who)
    finally:
        await store.close()
