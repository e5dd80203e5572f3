"""`helix audit verify`: says whether the audit log is still what was written."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from helix_core.cli.database import opened
from helix_core.cli.speaking import EXIT_PROBLEM, console, sentences
from helix_core.errors import ConfigError

if TYPE_CHECKING:
    from helix_core.audit.chain import Chain, Head

audit = typer.Typer(no_args_is_help=True, help="The audit log: who started, changed, halted, resumed and decided what.")


@audit.command("verify")
@sentences
def verify(
    file: str = typer.Argument("", help="A log that was put away; left out, the one of this folder's bot."),
) -> None:
    """Say the first line that was changed, removed or inserted. Exit code 0 when there is none, 1 when there is."""
    path, known = (Path(file), None) if file else asyncio.run(_of_the_bot())
    chain = _read(path)
    problem = chain.problem or (chain.missing(known) if known is not None else None)
    for line in chain.torn:
        console.print(f"note: line {line} was cut off when it was written; the line after it says so.")
    if chain.tail:
        console.print("note: the last line was cut off when it was written; the bot's next start accounts for it.")
    if problem is not None:
        console.print(f"[red]broken[/red]  {path}: {problem}.", markup=True)
        raise typer.Exit(EXIT_PROBLEM)
    console.print(f"[green]ok[/green]  {path}: {chain.head.line} lines, each as it was written.")


async def _of_the_bot() -> tuple[Path, Head]:
    """The log of this folder's bot, and where it ended when it was last written."""
    from helix_core.audit.auditor import known_head  # noqa: PLC0415 - keeps --help instant

    async with opened() as (settings, store), store.read() as session:
        return settings.audit_log_path, await known_head(session, settings)


def _read(path: Path) -> Chain:
    from helix_core.audit.chain import Chain  # noqa: PLC0415 - keeps --help instant

    chain = Chain()
    try:
        chain.read(path.read_bytes())
    except FileNotFoundError:
        console.print(f"{path} is not there.", markup=False)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}. Run this as the user that the bot has.") from error
    chain.close()
    return chain
