"""`helix check`: looks at everything that can be wrong, changes nothing, and says how to mend it."""

from __future__ import annotations

import asyncio
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from helix_core.cli.speaking import EXIT_PROBLEM, console
from helix_core.config import TradingMode
from helix_core.domain.money import plain
from helix_core.errors import AuthenticationFailed, DataMissing, HelixError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from helix_core.contracts.exchange import ExchangeClient, KeyPermissions
    from helix_core.domain.market import Instrument
    from helix_core.plugins import Plugins
    from helix_core.settings import Settings

_MOST_OFFSET_S = 1.0
_PATIENCE_S = 15.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, what was seen, and the fix when it is a problem."""

    what: str
    seen: str
    fix: str | None = None
    warning: bool = False

    def print(self) -> None:
        """Print it."""
        word = (
            "[yellow]warning[/yellow]"
            if self.warning
            else "[green]ok[/green]     "
            if self.fix is None
            else "[red]problem[/red]"
        )
        console.print(f"{word}  {self.what:<12} {self.seen}".replace("\n", " "))
        if self.fix is not None:
            console.print(f"         {'fix':<12} {self.fix}", markup=False)


def check(
    *,
    settings: Annotated[
        bool, typer.Option("--settings", help="First list each setting, its value and where that comes from.")
    ] = False,
) -> None:
    """Check settings, plugins, files, venue, clock, pair, key and messages. Exit code 0 when all is well."""
    if settings:
        _list_settings()
    findings = asyncio.run(_all())
    problems = [finding for finding in findings if finding.fix is not None and not finding.warning]
    if problems:
        raise typer.Exit(EXIT_PROBLEM)


def _list_settings() -> None:
    """List what applies; a secret is only set or not. Nothing while it cannot be read: the check says why."""
    from helix_core.cli.bot import load  # noqa: PLC0415 - keeps --help instant

    with suppress(HelixError):
        for name, shown, source in load()[0].describe():
            console.print(f"{name:<30} {shown:<36} {source}", markup=False)


async def _all() -> list[Finding]:
    findings: list[Finding] = []
    async for finding in _findings():
        finding.print()
        findings.append(finding)
    return findings


async def _findings() -> AsyncIterator[Finding]:
    from helix_core import logs  # noqa: PLC0415 - keeps --help instant
    from helix_core.app import World, exchange_config  # noqa: PLC0415
    from helix_core.cli.bot import load  # noqa: PLC0415

    try:
        settings, plugins = load()
        logs.configure("ERROR", settings.secrets)  # what a driver or a plugin logs passes the scrubber here as well
        client = plugins.exchange_client(exchange_config(settings, World()))
    except HelixError as error:
        for problem in str(error).splitlines():
            yield Finding("settings", problem, "Mend it and check again; what follows could not be checked.")
        return
    yield Finding("settings", f"{settings.active_exchange}, {settings.trading_mode.value}, {settings.trading_pair}")
    for warning in settings.warnings:
        yield Finding("settings", warning, "See the sentence above.", warning=True)
    for row in plugins.listing():
        yield Finding("plugin", f"{row['name']} ({row['distribution']} {row['version']}): {row['status']}")
    yield _database(settings)
    yield audit_log(settings.audit_log_path.absolute())
    async for finding in venue(client, settings):
        yield finding
    async for finding in _notifiers(plugins):
        yield finding


def _database(settings: Settings) -> Finding:
    from sqlalchemy.engine import make_url  # noqa: PLC0415

    path = Path(make_url(settings.database_url.get_secret_value()).database or "helix.db").absolute()
    folder = next(parent for parent in path.parents if parent.exists())
    if os.access(path if path.exists() else folder, os.W_OK):
        return Finding("database", f"{path} can be written")
    return Finding("database", f"{path} cannot be written", "Change the folder's owner, or DATABASE_URL.")


def audit_log(path: Path) -> Finding:
    """Whether a start could write the log, and nobody else can read what stands in it."""
    nearest = next(place for place in (path, *path.parents) if os.path.lexists(place))
    there, others = nearest == path, stat.S_IRWXG | stat.S_IRWXO
    problem, fix = None, "Change AUDIT_LOG_PATH."
    if path.is_symlink() or (there and not path.is_file()):
        problem = "is not a plain file"
    elif not there and not nearest.is_dir():
        problem = f"cannot be made: {nearest} is no folder"
    elif not os.access(nearest, os.R_OK | os.W_OK | (0 if there else os.X_OK)):
        problem, fix = "cannot be written", f"Change the owner of {nearest}, or AUDIT_LOG_PATH."
    elif there and path.stat().st_mode & others:
        problem, fix = "can be read by others than its owner", f"chmod 600 {path}"
    return Finding("audit log", f"{path} {problem or 'can be written'}", fix if problem else None)


async def venue(client: ExchangeClient, settings: Settings) -> AsyncIterator[Finding]:
    """Look at venue, clock, pair, key and balance. Asks only, and leaves `client` closed.

    What begins with "key" or "pair" is wrong with these; "venue" is the problem when it gives no usable answer.
    """
    prefix, instrument = settings.active_exchange.upper().replace("-", "_"), None
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await client.connect()
            yield Finding("venue", f"{client.label} answers")
            offset_s = await client.clock_offset_s()
            late = None if abs(offset_s) <= _MOST_OFFSET_S else "Synchronise this machine's clock (NTP)."
            yield Finding("clock", f"{offset_s:+.3f} s from the venue's", late)
            instrument = await client.instrument(settings.trading_pair)
            halted = None if instrument.trading else "Choose another TRADING_PAIR, or wait."
            yield Finding("pair", f"{instrument.symbol} {'is trading' if instrument.trading else 'is halted'}", halted)
            async for finding in _account(client, settings, instrument):
                yield finding
    except AuthenticationFailed as error:
        yield Finding(
            "key",
            str(error),
            f"Copy {prefix}_API_KEY and {prefix}_API_SECRET again. Is it a key for {settings.trading_mode.value}, and "
            "may this machine's address use it?",
        )
    except (HelixError, TimeoutError) as error:
        if instrument is None and isinstance(error, DataMissing):
            yield Finding("pair", str(error), f"Choose another TRADING_PAIR if {client.label} does not have this one.")
            return
        yield Finding(
            "venue",
            str(error) or f"no answer within {_PATIENCE_S:g} s",
            f"Check the network, the key, and {prefix}_BASE_URL.",
        )
    finally:
        await client.disconnect()


async def _account(client: ExchangeClient, settings: Settings, instrument: Instrument) -> AsyncIterator[Finding]:
    quote, base = instrument.quote, instrument.base
    if settings.trading_mode is TradingMode.PAPER:
        yield Finding("key", "paper mode uses none")
        yield Finding(
            "balance", f"simulated, in the database; a new account begins with {settings.paper_balance} {quote}"
        )
        return
    rights = await client.key_permissions()
    yield Finding("key", rights.detail, _mend(rights))
    for warning in rights.warnings:
        yield Finding("key", warning, "Change it in the venue's key settings.", warning=True)
    balances = await client.get_balance()
    free, held = balances.of(quote).free, balances.of(base).total
    poor = None if free >= settings.min_balance else "Put money in, or lower MIN_BALANCE."
    yield Finding("balance", f"{free} {quote} free", poor)
    if held:
        yield Finding("coins", f"{plain(held)} {base} are there; what no trade of Helix holds is yours, and never sold")


def _mend(rights: KeyPermissions) -> str | None:
    if not rights.applicable or (rights.can_trade and not rights.can_withdraw):
        return None
    if rights.can_withdraw:
        return "Make a key that can read and trade, and nothing else: Helix refuses one that can move money out."
    return "Allow the key to read and to trade spot, and nothing else."


async def _notifiers(plugins: Plugins) -> AsyncIterator[Finding]:
    for notifier in plugins.notifiers:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await notifier.start()
            yield Finding("messages", f"{notifier.name} is ready")
        except (HelixError, TimeoutError) as error:
            yield Finding("messages", f"{notifier.name}: {error or 'no answer'}", "Check its settings and the network.")
        finally:
            await notifier.stop()
