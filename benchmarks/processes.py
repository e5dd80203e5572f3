"""The programs that are measured, each a process of its own on a free port."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

HERE = Path(__file__).parent
_PATIENCE_S = 60.0
_HELIX = ("-m", "helix_core")


@dataclass(frozen=True, slots=True)
class Running:
    """A program that answers."""

    pid: int
    port: int
    venue_url: str = ""


class Processes:
    """Starts programs in one folder and ends them with the block."""

    def __init__(self, folder: Path) -> None:
        """Work in `folder`; logs go there."""
        self._folder = folder
        self._begun: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End them all, the last first."""
        for process in reversed(self._begun):
            process.terminate()
        for process in reversed(self._begun):
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()

    def bot(self, secret: str, profile: str | None = None) -> Running:
        """A sandbox venue and a bot on it that holds a position; its limits are as high as they go."""
        venue_port, port = _free_port(), _free_port()
        self._start("venue", [sys.executable, *_HELIX, "sandbox", "binance", "--port", str(venue_port)], {})
        venue_url = f"http://127.0.0.1:{venue_port}"
        _until_answers(f"{venue_url}/api/v3/ping")
        environment = {
            "ACTIVE_EXCHANGE": "binance",
            "BINANCE_BASE_URL": venue_url,
            "BINANCE_API_KEY": "sandbox-key",
            "BINANCE_API_SECRET": "sandbox-secret",
            "WEBHOOK_SECRET": secret,
            "DISABLED_PLUGINS": "telegram",
            "WEBHOOK_LIMIT_PER_MINUTE": "10000",
            "HOST": "127.0.0.1",
            "PORT": str(port),
        }
        profiling = ["-m", "cProfile", "-o", profile] if profile else []
        process = self._start("bot", [sys.executable, *profiling, *_HELIX, "run"], environment)
        url = f"http://127.0.0.1:{port}"
        _until_answers(f"{url}/health")
        return Running(process.pid, port, venue_url)

    def plain(self, secret: str) -> Running:
        """The yardstick."""
        port = _free_port()
        file = str(self._folder / "plain.db")
        process = self._start("plain", [sys.executable, str(HERE / "plain_door.py"), file, secret, str(port)], {})
        _until_answers(f"http://127.0.0.1:{port}/", any_answer=True)
        return Running(process.pid, port)

    def _start(self, name: str, command: Sequence[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
        kept = {key: value for key, value in os.environ.items() if key in {"PATH", "HOME", "LANG", "PYTHONPATH"}}
        with (self._folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=self._folder, env={**kept, **environment}, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        self._begun.append(process)
        return process


def ask(url: str) -> object:
    """A page as JSON."""
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own programs
        return json.load(answer)


def _until_answers(url: str, *, any_answer: bool = False) -> None:
    """Ask until there is an answer. Raises RuntimeError with the last problem."""
    ends = time.perf_counter() + _PATIENCE_S
    problem: OSError | None = None
    while time.perf_counter() < ends:
        try:
            ask(url)
        except OSError as error:
            if any_answer and isinstance(error, urllib.error.HTTPError):
                return
            problem = error  # not up yet, or not ready
        else:
            return
        time.sleep(0.05)
    message = f"{url} does not answer ({problem}); see the log beside the database"
    raise RuntimeError(message)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port
