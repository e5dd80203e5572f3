"""The real command: in a pseudo-terminal of its own, or in this process without any terminal."""

from __future__ import annotations

import asyncio
import logging
import os
import pty
import re
import select
import signal
import sys
import threading
import traceback
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from typer.testing import CliRunner

import helix_binance.client  # noqa: F401 - each process that is made here then has it at once
import helix_core.app  # noqa: F401 - likewise
import helix_plugins.telegram  # noqa: F401 - likewise
from helix_binance.sandbox import sandbox
from helix_core.cli import app as helix
from helix_core.sandbox.server import serving
from helix_core.testing import FakeTelegram

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from helix_core.sandbox import Sandbox

OWNER = 4242
_PATIENCE_S = 30.0


def names(folder: Path) -> list[str]:
    """What is in the folder."""
    return sorted(path.name for path in folder.iterdir())


@dataclass
class Outside:
    """All that Helix talks to: a venue and a Bot API server, both on the loopback."""

    venue: Sandbox
    venue_url: str
    telegram: FakeTelegram

    def addresses(self) -> dict[str, str]:
        """Where both are: the only thing that differs from a real set-up."""
        return {"BINANCE_BASE_URL": self.venue_url, "TELEGRAM_BASE_URL": self.telegram.url}

    def answers(self, **changes: str) -> dict[str, str]:
        """An environment in which no question is left."""
        return {
            **self.addresses(),
            "BINANCE_API_KEY": self.venue.api_key,
            "BINANCE_API_SECRET": self.venue.api_secret,
            "TELEGRAM_BOT_TOKEN": self.telegram.token,
            "TELEGRAM_CHAT_ID": str(OWNER),
            **changes,
        }


@dataclass
class Terminal:
    """`helix init` in a pseudo-terminal, and its owner at the keys."""

    process: int
    keys: int
    seen: str = ""
    ended: bool = False
    _read: int = field(default=0, repr=False)

    async def sees(self, words: str) -> str:
        """Wait until the words have appeared after those waited for before; returns what came with them."""
        return await asyncio.to_thread(self._wait_for, words)

    async def answers(self, question: str, answer: str) -> None:
        """Wait for the question, and type. A hidden answer is read from the space after the question on."""
        await self.sees(question)
        await self.sees(": ")
        os.write(self.keys, f"{answer}\n".encode())

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        os.write(self.keys, b"\x03")

    async def ends(self) -> int:
        """Wait for the end, and return the exit code."""
        await asyncio.to_thread(self._wait_for, None)
        self.ended = True
        _, status = await asyncio.to_thread(os.waitpid, self.process, 0)
        return os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        """End what has not ended."""
        if not self.ended:
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
        os.close(self.keys)

    def _wait_for(self, words: str | None) -> str:
        while words is None or words not in self.seen[self._read :]:
            ready, _, _ = select.select([self.keys], [], [], _PATIENCE_S)
            assert ready, f"no {words!r} in:\n{self.seen}"
            try:
                chunk = os.read(self.keys, 65536)
            except OSError:  # the other end is closed
                chunk = b""
            self.seen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", chunk.decode()).replace("\r", "")
            if not chunk:
                assert words is None, f"no {words!r} in:\n{self.seen}"
                return ""
        start, self._read = self._read, self.seen.index(words, self._read) + len(words)
        return self.seen[start : self._read]


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    """A sandbox venue and a Bot API server."""
    venue = sandbox(price=Decimal(64210))
    async with serving(venue.app) as url, FakeTelegram() as telegram:
        yield Outside(venue, url, telegram)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Open a terminal in an empty folder, and run `helix init` there: a process with all this one has imported."""
    opened: list[Terminal] = []

    def start(*arguments: str, environ: dict[str, str]) -> Terminal:
        process, keys = pty.fork()
        if process == 0:
            _be_a_command(tmp_path, ["init", *arguments], {**environ, "COLUMNS": "200", "TERM": "xterm"})
        opened.append(Terminal(process, keys))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


def _be_a_command(folder: Path, arguments: list[str], environ: dict[str, str]) -> None:
    """Become the command, as a shell would start it; never returns."""
    code: object = 70
    try:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environ)
        sys.stdin, sys.stdout, sys.stderr = (open(number, mode) for number, mode in enumerate("rww"))  # noqa: SIM115, PTH123
        signal.signal(signal.SIGINT, signal.default_int_handler)
        helix(arguments)
    except SystemExit as ended:
        code = ended.code or 0
    except BaseException:  # noqa: BLE001 - it is told, and nothing of it reaches the test
        traceback.print_exc()
    sys.stdout.flush()
    os._exit(code if isinstance(code, int) else 1)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Run a command of `helix` in this process, in an empty folder, without a terminal; returns code and output."""
    monkeypatch.chdir(tmp_path)
    root, hooks = logging.root, (sys.excepthook, sys.unraisablehook, threading.excepthook)
    before = (list(root.handlers), root.level)

    async def run(*arguments: str, environ: dict[str, str], stdin: str = "") -> tuple[int, str]:
        environ = {"COLUMNS": "200", **environ}
        ended = await asyncio.to_thread(CliRunner().invoke, helix, arguments, env=environ, input=stdin)
        assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
        return ended.exit_code, ended.output

    yield run
    root.handlers[:], level = before
    root.setLevel(level)
    sys.excepthook, sys.unraisablehook, threading.excepthook = hooks
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
