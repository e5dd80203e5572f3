"""The database of this folder, opened by a command beside a bot that may be running."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from helix_core.cli.speaking import errors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from helix_core.settings import Settings
    from helix_core.store.database import Store


@asynccontextmanager
async def opened(*, only_to_look: bool = False) -> AsyncIterator[tuple[Settings, Store]]:
    """This folder's settings and database, for as long as the block lasts. Raises ConfigError or StoreError.

    `only_to_look`: where there is no database yet, none is made, and that is said.
    """
    from helix_core import logs  # noqa: PLC0415 - keeps --help instant
    from helix_core.cli.bot import load  # noqa: PLC0415
    from helix_core.store.database import Store  # noqa: PLC0415

    settings, _ = load()
    logs.configure("ERROR", settings.secrets)
    if only_to_look:
        _refuse_if_missing(settings)
    store = await Store.open(settings.database_url.get_secret_value(), alone=False)
    try:
        yield settings, store
    finally:
        await store.close()


def _refuse_if_missing(settings: Settings) -> None:
    from sqlalchemy.engine import make_url  # noqa: PLC0415 - keeps --help instant

    from helix_core.errors import StoreError  # noqa: PLC0415

    address = make_url(settings.database_url.get_secret_value())
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
        raise StoreError(f"There is no database {address.database} here. Run this in the bot's folder.")


async def write_audit_log(settings: Settings, store: Store) -> None:
    """Write what a command has just stored into the audit log. Where that fails, a bot does it later, and this says so.

    Never raises for want of the log: what was decided is stored and in force.
    """
    from helix_core.audit.auditor import Auditor  # noqa: PLC0415 - keeps --help instant
    from helix_core.audit.tape import DiskTape  # noqa: PLC0415
    from helix_core.clock import SystemClock  # noqa: PLC0415
    from helix_core.errors import StoreError  # noqa: PLC0415

    path = settings.audit_log_path
    try:
        await Auditor(settings, store, SystemClock(), DiskTape(path)).write()
    except (OSError, StoreError) as error:
        why = getattr(error, "strerror", None) or str(error)
        errors.print(f"warning: the audit log {path} was not written ({why}). The bot writes it later.", markup=False)
