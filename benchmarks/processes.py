"""The programs that are measured, each a process of its own on a free port."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from figures import CannotMeasure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

HERE = Path(__file__).parent
_PATIENCE_S = float(os.environ.get("PATIENCE_S", "60"))
HELIX = ("-m", "helix_core")
"""What Python runs to be `helix`."""


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
        self._names: dict[int, str] = {}

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

    def venue(self) -> Running:
        """A sandbox venue."""
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        process = self.start("venue", [sys.executable, *HELIX, "sandbox", "binance", "--port", str(port)])
        self._until(process, lambda: ask(f"{url}/api/v3/ping") == {})
        return Running(process.pid, port, url)

    def bot(
        self,
        secret: str,
        profile: str | None = None,
        *,
        reached_at: str = "",
        program: Sequence[str] = HELIX,
        **more: str,
    ) -> Running:
        """A bot, its limits as high as they go, on a venue of its own or on the one that is `reached_at` an address.

        `program` is what Python shall run in place of Helix itself, `more` are further settings.
        """
        venue_url = reached_at or self.venue().venue_url
        port = free_port()
        environment = {
            "ACTIVE_EXCHANGE": "binance",
            "BINANCE_BASE_URL": venue_url,
            "BINANCE_API_KEY": "sandbox-key",
            "BINANCE_API_SECRET": "sandbox-secret",
            "WEBHOOK_SECRET": secret,
            "DISABLED_PLUGINS": "telegram",
            "WEBHOOK_LIMIT_PER_MINUTE": "10000",
            "HEALTH_LIMIT_PER_MINUTE": "10000",
            "HOST": "127.0.0.1",
            "PORT": str(port),
            **more,
        }
        profiling = ["-m", "cProfile", "-o", profile] if profile else []
        process = self.start("bot", [sys.executable, *profiling, *program, "run"], environment)
        self._until(process, lambda: is_well(port))
        return Running(process.pid, port, venue_url)

    def plain(self, secret: str) -> Running:
        """The yardstick."""
        return self.server("plain_door.py", str(self._folder / "plain.db"), secret)

    def server(self, script: str, *arguments: str, python: str = sys.executable) -> Running:
        """A program of this folder that serves on the port it is told after its other arguments."""
        port = free_port()
        return self.serving(Path(script).stem, [python, str(HERE / script), *arguments, str(port)], port)

    def serving(self, name: str, command: Sequence[str], port: int) -> Running:
        """Start a program, and wait until it listens on a port."""
        process = self.start(name, command)
        self._until(process, lambda: _listens(port))
        return Running(process.pid, port)

    def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a program; what it says goes to NAME.log."""
        kept: dict[str, str] = {
            key: value for key, value in os.environ.items() if key in {"PATH", "HOME", "LANG", "PYTHONPATH"}
        }
        with (self._folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=self._folder,
                env={**kept, **(environment or {})},
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        self._begun.append(process)
        self._names[process.pid] = name
        return process

    def _until(self, process: subprocess.Popen[bytes], holds: Callable[[], bool]) -> None:
        """Wait for a program to be ready. Raises CannotMeasure with the last it said."""
        ends, problem = time.perf_counter() + _PATIENCE_S, "not ready"
        while time.perf_counter() < ends and process.poll() is None:
            try:
                if holds():
                    return
            except OSError as error:
                problem = str(error)
            time.sleep(0.02)
        name = self._names[process.pid]
        ended = "" if process.poll() is None else f", ended with code {process.returncode}"
        said = (self._folder / f"{name}.log").read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
        raise CannotMeasure(f"{name} did not come up ({problem}{ended}): {' / '.join(said) or 'it said nothing'}")


def end_on_sigterm() -> None:
    """Have SIGTERM end this program as an error does: what it has started is ended, too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def cpu_s(pid: int) -> float:
    """What a process has used so far; 0 where that cannot be read."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int, line: str = "VmRSS") -> float:
    """What a process has in memory now; with "VmHWM" the most it ever had. Raises CannotMeasure where none tells."""
    try:
        told = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError as error:
        raise CannotMeasure(f"the memory of a process cannot be read here: {error}") from error
    return int(told.partition(f"{line}:")[2].split()[0]) * 1024 / 1e6


def ask(url: str) -> object:
    """A page as JSON."""
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own programs
        return json.load(answer)


def tell(url: str, message: object) -> object:
    """Post JSON; the answer as JSON."""
    body = json.dumps(message).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 - our own programs
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - likewise
        return json.load(answer)


def is_well(port: int) -> bool:
    """Whether a bot says that it takes signals."""
    said = ask(f"http://127.0.0.1:{port}/health")
    return isinstance(said, dict) and said.get("status") == "ok"


def _listens(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


def free_port() -> int:
    """A port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port
