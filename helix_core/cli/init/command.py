"""The command itself: ask, try, write, in this order."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from helix_core.cli.speaking import console, errors, sentences
from helix_core.config import TradingMode  # noqa: TC001 - typer reads the annotations when it runs
from helix_core.errors import ConfigError, HelixError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from helix_core.cli.init.interview import Interview
    from helix_core.settings import Settings

EXIT_INTERRUPTED = 130
_WEBHOOK_SECRET = "WEBHOOK_SECRET"  # noqa: S105 - the variable's name


@sentences
def init(
    *,
    exchange: Annotated[str | None, typer.Option(help="An installed driver.")] = None,
    mode: Annotated[TradingMode | None, typer.Option(help="testnet, paper or live.")] = None,
    pair: Annotated[str | None, typer.Option(help="Like BTC/USDT.")] = None,
    without: Annotated[list[str] | None, typer.Option(help="A plugin to do without; helix plugins lists them.")] = None,
    host: Annotated[str, typer.Option(help="Under which name TradingView reaches this machine.")] = "",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace .secrets.toml; the old one is kept.")] = False,
    stdin: Annotated[bool, typer.Option("--stdin", help="Read NAME=value lines from standard input.")] = False,
    no_questions: Annotated[bool, typer.Option("--no-questions", help="Ask nothing, as without a terminal.")] = False,
) -> None:
    """Ask for what Helix needs, try it, and write it to .secrets.toml (and settings.toml where there is none).

    Secrets are typed without an echo. A script sets them in the environment, or feeds them with --stdin: an option
    could be seen by every user of the machine. Nothing is written before all of it works. Exit code 0: written;
    1: the exchange or a messenger said no; 2: an answer is missing or wrong; 130: interrupted.
    """
    flags = {"ACTIVE_EXCHANGE": exchange, "TRADING_MODE": mode and mode.value, "TRADING_PAIR": pair}
    asks = sys.stdin.isatty() and not stdin and not no_questions
    try:
        done = _init(flags, without or (), asks=asks, overwrite=overwrite, fed=_fed() if stdin else {})
    except (KeyboardInterrupt, typer.Abort):
        errors.print("\nNothing was written.")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except HelixError:
        errors.print("\nNothing was written:")
        raise
    _take_leave(done, host)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What was written: the settings in it, the files, and what an older one is called now."""

    settings: Settings
    files: Collection[str]
    kept: Path | None
    holds_coins: bool


def _init(
    flags: Mapping[str, str | None],
    without: Collection[str],
    *,
    asks: bool,
    overwrite: bool,
    fed: Mapping[str, str],
) -> Done:
    from helix_core import logs  # noqa: PLC0415 - keeps --help instant
    from helix_core.cli.init import files  # noqa: PLC0415
    from helix_core.cli.init.draft import Draft  # noqa: PLC0415
    from helix_core.cli.init.interview import Interview  # noqa: PLC0415
    from helix_core.settings.sources import SECRETS_FILE  # noqa: PLC0415

    logs.configure("CRITICAL", ())  # whatever goes wrong is told in sentences
    folder = Path.cwd()
    files.check_writable(folder)
    replace = _may_replace(folder / SECRETS_FILE, asks=asks, overwrite=overwrite)
    draft = Draft(folder, os.environ, fed)
    for plugin in without:
        draft.leave_out(plugin)
    if draft.given(_WEBHOOK_SECRET) is None:
        draft.put(_WEBHOOK_SECRET, secrets.token_urlsafe(32), secret=True)
    draft.adopt(_WEBHOOK_SECRET, secret=True)
    if asks:
        console.print("Nothing is written before everything has been tried. Ctrl-C leaves all as it is.")
    holds_coins = _ask_and_try(Interview(draft, flags, asks=asks))
    settings = draft.settings()
    texts = {name: files.toml(name, values) for name, values in draft.files().items()}
    kept = files.write(folder, texts, replace=replace)
    return Done(settings=settings, files=texts.keys(), kept=kept, holds_coins=holds_coins)


def _take_leave(done: Done, host: str) -> None:
    from helix_core.cli.init import farewell  # noqa: PLC0415 - keeps --help instant

    farewell.say_what_was_written(done.files, done.kept)
    farewell.say_what_to_paste(done.settings, host)
    farewell.say_what_to_do(done.settings, holds_coins=done.holds_coins)


def _fed() -> dict[str, str]:
    from helix_core.settings.sources import parse_dotenv  # noqa: PLC0415

    return {name: str(value) for name, value in parse_dotenv(sys.stdin.read(), "standard input").items()}


def _may_replace(path: Path, *, asks: bool, overwrite: bool) -> bool:
    """Whether an older file is replaced. Raises ConfigError where it must not be."""
    if not path.exists() or overwrite:
        return overwrite
    if not asks:
        raise ConfigError(
            f"{path.name} is there already. Add --overwrite to replace it; the old one is kept beside it."
        )
    if not typer.confirm(f"{path.name} is there already. Replace it? The old one is kept beside it"):
        raise typer.Abort
    return True


def _ask_and_try(interview: Interview) -> bool:
    """Go through all parts; True when the account holds coins already.

    At a terminal each part is tried at once, so that a wrong answer can be mended while it is at hand. A script hears
    of all that is missing before anything is asked of anybody.
    """
    from helix_core.cli.init.messenger import Messenger  # noqa: PLC0415 - keeps --help instant
    from helix_core.cli.init.tidings import tell_owner  # noqa: PLC0415
    from helix_core.cli.init.trading import Trading  # noqa: PLC0415
    from helix_core.plugins import introductions  # noqa: PLC0415

    found = introductions(interview.draft.disabled())
    interview.draft.unanswered |= found.keys()
    with asyncio.Runner() as runner:
        trading = Trading(interview, runner)
        parts: list[Trading | Messenger] = [
            trading,
            *(Messenger(name, each, interview, runner) for name, each in found.items()),
        ]
        if not interview.asks:
            for part in parts:
                part.ask()
            interview.raise_missing()
        for part in parts:
            if interview.asks:
                part.ask()
            part.prove()
        console.print()
        while True:
            try:
                runner.run(tell_owner(interview.draft.settings()))
            except HelixError as error:
                interview.again(error)
            else:
                return trading.holds_coins
