"""`helix run`: the bot of this folder."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from helix_core.cli.speaking import sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from helix_core.plugins import Plugins
    from helix_core.settings import Settings


_TURN_S = 0.0005
"""So long a thread waits for its turn, and that of the database needs several of them for each alert."""


@sentences
def run(*, json_logs: bool = typer.Option(False, "--json-logs", help="Write each log line as JSON.")) -> None:
    """Run the bot with the settings of this folder until it is told to stop."""
    from helix_core import logs  # noqa: PLC0415 - keeps --help instant
    from helix_core.config import TradingMode  # noqa: PLC0415

    settings, plugins = load()
    logs.configure(settings.log_level, settings.secrets, json=json_logs)
    if settings.trading_mode is TradingMode.LIVE and not settings.live_confirmed:
        _confirm_live()
    sys.setswitchinterval(_TURN_S)
    with asyncio.Runner(loop_factory=_loop()) as runner:
        runner.run(_run(settings, plugins))


def load() -> tuple[Settings, Plugins]:
    """Read this folder's settings and load what they name. Raises ConfigError or PluginError with all problems."""
    from helix_core import settings as reading  # noqa: PLC0415 - keeps --help instant
    from helix_core.clock import SystemClock  # noqa: PLC0415
    from helix_core.errors import ConfigError  # noqa: PLC0415
    from helix_core.plugins import Plugins, exchange_modes, installed_exchanges, installed_plugins  # noqa: PLC0415

    try:
        settings = reading.load(
            Path.cwd(),
            os.environ,
            exchanges=installed_exchanges(),
            plugins=installed_plugins(),
            exchange_modes=lambda name: exchange_modes(name, SystemClock()),
        )
    except ConfigError as error:
        raise ConfigError(*_wrong_folder(Path.cwd()), *error.problems) from None
    return settings, Plugins.load(settings.plugin_values, disabled=settings.disabled_plugins)


def _wrong_folder(folder: Path) -> Iterator[str]:
    """Most who see a dozen settings missing stand in the wrong folder, or have none yet."""
    from helix_core.settings.sources import DOTENV_FILE, SECRETS_FILE, SETTINGS_FILE  # noqa: PLC0415

    names = (SETTINGS_FILE, SECRETS_FILE, DOTENV_FILE)
    if "ACTIVE_EXCHANGE" not in os.environ and not any((folder / name).exists() for name in names):
        yield (
            f"There is no {', '.join(names[:-1])} or {names[-1]} in {folder}. Go to the folder of your bot, or write "
            "the settings here with `helix init`."
        )


def _loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The quickest event loop there is: uvloop's, and Python's own where uvloop does not exist (Windows)."""
    try:
        import uvloop  # noqa: PLC0415 - only a running bot needs it
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _run(settings: Settings, plugins: Plugins) -> None:
    from helix_core import app  # noqa: PLC0415
    from helix_core.cli.service import companion  # noqa: PLC0415
    from helix_core.cli.watchdog import watched  # noqa: PLC0415

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with watched():
        await app.run(settings, plugins, app.World(beside=companion(os.environ)), stop)


def _confirm_live() -> None:
    """Real money: the owner types the phrase, or does not start. Raises ConfigError without a terminal."""
    from helix_core.errors import ConfigError  # noqa: PLC0415
    from helix_core.settings import LIVE_PHRASE  # noqa: PLC0415

    wanted = f"TRADING_MODE=live trades real money. Type {LIVE_PHRASE} to go on"
    if not sys.stdin.isatty():
        raise ConfigError(f"LIVE_CONFIRMATION: {wanted}, or set LIVE_CONFIRMATION={LIVE_PHRASE} where no terminal is.")
    if typer.prompt(wanted) != LIVE_PHRASE:
        raise ConfigError("LIVE_CONFIRMATION: that was not the phrase. Nothing was started.")
