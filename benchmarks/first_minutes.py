"""A newcomer's first minutes, timed: what is typed, how long it takes, and what there is to see.

    python benchmarks/first_minutes.py clone            from `git clone` to the end of `make demo`
    python benchmarks/first_minutes.py wheels           from wheels to a bot with a position and a stop, and its end
    python benchmarks/first_minutes.py wheels --index FOLDER --python python3.12

The second story needs no account: `helix sandbox binance` is the exchange. It installs what `make wheels` put into
dist/, and what that needs from where pip is set up to look; with --index from that folder alone. Nothing is taken from
pip's cache, and nothing is left behind. Exit code 0: all of it worked. PATIENCE_S is for slow machines.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
PATIENCE_S = float(os.environ.get("PATIENCE_S", "300"))
_LINES = 12


class WentWrong(Exception):
    """A step did not do what it promises."""


@dataclass
class Newcomer:
    """Somebody at a shell, in one folder, with nothing inherited but where programs and packages are found."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    steps: list[tuple[str, float]] = field(default_factory=list)

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Time what happens inside, and print it."""
        print(f"\n$ {what}", flush=True)
        began = time.perf_counter()
        yield
        self.steps.append((what, time.perf_counter() - began))
        print(f"    [{self.steps[-1][1]:.1f} s]", flush=True)

    def types(self, *command: str, say: str = "", where: Path | None = None, **more: str) -> str:
        """Run a command to its end; what it printed. `say` is how the step is called, `more` its own variables."""
        with self.step(say or " ".join(command)):
            done = subprocess.run(
                self._found(command),
                cwd=where or self.folder,
                env={**self.environment, **more},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=PATIENCE_S,
                check=False,
            )
            said = done.stdout + done.stderr
            show(said)
        if done.returncode:
            raise WentWrong(f"`{say or ' '.join(command)}` ended with code {done.returncode}")
        return said

    @contextmanager
    def runs(self, *command: str, until: Callable[[str], bool], **more: str) -> Iterator[subprocess.Popen[bytes]]:
        """Start a program, wait until it is ready, and end it with the block if it is still there."""
        log = self.folder / f"{'-'.join(command[:2])}.log"
        with log.open("wb") as written, self.step(f"{' '.join(command)} &"):
            process = subprocess.Popen(
                self._found(command),
                cwd=self.folder,
                env={**self.environment, **more},
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.STDOUT,
            )
            try:
                wait_until(
                    lambda: process.poll() is not None or until(log.read_text()), f"{' '.join(command)} is ready"
                )
            except WentWrong:
                process.kill()
                raise
            finally:
                show(log.read_text())
        if process.poll() is not None:
            raise WentWrong(f"`{' '.join(command)}` ended with code {process.returncode}")
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(timeout=60)

    def _found(self, command: tuple[str, ...]) -> list[str]:
        """The command with the program's whole path: this process has another PATH."""
        program = shutil.which(command[0], path=self.environment["PATH"])
        if program is None:
            raise WentWrong(f"There is no {command[0]} on this machine")
        return [program, *command[1:]]

    def table(self) -> None:
        """What took how long."""
        print("\n| step | seconds |\n| --- | --: |")
        for what, took_s in self.steps:
            print(f"| `{what}` | {took_s:.1f} |")
        print(f"| all of it | {sum(took_s for _, took_s in self.steps):.1f} |", flush=True)


def show(text: str) -> None:
    """The last lines of what a newcomer sees."""
    lines = text.rstrip().splitlines()
    if len(lines) > _LINES:
        print(f"    ... {len(lines) - _LINES} lines more")
    for line in lines[-_LINES:]:
        print(f"    {line}")


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Look ten times a second. Raises WentWrong when it does not come true."""
    ends = time.perf_counter() + PATIENCE_S
    while not holds():
        if time.perf_counter() > ends:
            raise WentWrong(f"Not within {PATIENCE_S:g} s: {what}")
        time.sleep(0.1)


def answer(url: str) -> Any:
    """A page as JSON; None while nobody answers there."""
    try:
        with urllib.request.urlopen(url, timeout=10) as page:  # noqa: S310 - our own programs, on this machine
            return json.load(page)
    except (OSError, urllib.error.HTTPError):
        return None


def covered(ledger: Any) -> bool:
    """Whether the exchange holds coins of one entry, and a stop for them (less what no lot size can sell)."""
    if ledger is None:
        return False
    held = sum(map(Decimal, ledger["balances"].get("BTC", {}).values()), Decimal(0))
    stops = [one for one in ledger["orders"] if one["side"] == "SELL" and one["stop_price"] and one["status"] == "open"]
    stopped = sum((Decimal(one["quantity"]) for one in stops), Decimal(0))
    return held > 0 and held - Decimal("0.00002") < stopped <= held


def clone(newcomer: Newcomer, options: argparse.Namespace) -> None:
    """From the clone to the end of the demonstration."""
    place = newcomer.folder / "helix"
    newcomer.types("git", "clone", "--quiet", str(ROOT), str(place), say="git clone ... helix")
    newcomer.types("make", "demo", f"EXCHANGE={options.exchange}", where=place)
    newcomer.types("make", "demo", f"EXCHANGE={options.exchange}", where=place, say="make demo, once more")


def wheels(newcomer: Newcomer, options: argparse.Namespace) -> None:
    """From wheels to a position with a stop on the sandbox, and a clean end."""
    newcomer.types(options.python, "-m", "venv", "bot", say=f"{Path(options.python).name} -m venv bot")
    newcomer.environment["PATH"] = f"{newcomer.folder / 'bot' / 'bin'}{os.pathsep}{newcomer.environment['PATH']}"
    sources = (
        ["--no-index", "--find-links", str(options.index)] if options.index else ["--find-links", str(ROOT / "dist")]
    )
    newcomer.types(
        *("pip", "install", "--quiet", "--disable-pip-version-check", *sources, "helix-core", "helix-binance"),
        say="pip install helix-core helix-binance",
    )
    newcomer.types("helix", "--version")
    newcomer.types("helix", "plugins", COLUMNS="110")
    venue_port, port = free_port(), free_port()
    with newcomer.runs(
        *("helix", "sandbox", "binance", "--port", str(venue_port)), until=lambda said: "Control:" in said
    ):
        log = (newcomer.folder / "helix-sandbox.log").read_text()
        words = dict(re.findall(r"(BINANCE_\w+)=(\S+)", log))
        newcomer.environment |= {"PORT": str(port)}
        newcomer.types("helix", "init", "--exchange", "binance", "--without", "telegram", **words)
        # What init was not asked to write, and what a real exchange needs nobody to say.
        newcomer.environment |= {"BINANCE_BASE_URL": words["BINANCE_BASE_URL"]}
        newcomer.types("helix", "check")
        trade(newcomer, f"http://127.0.0.1:{port}", words["BINANCE_BASE_URL"])


def trade(newcomer: Newcomer, bot: str, venue: str) -> None:
    """Run the bot, let it buy, see the stop at the exchange, and end it."""
    with newcomer.runs(
        "helix", "run", until=lambda _: (answer(f"{bot}/health") or {}).get("status") == "ok"
    ) as process:
        newcomer.types("helix", "send", "BUY")
        with newcomer.step("a position, and a stop at the exchange"):
            wait_until(lambda: covered(answer(f"{venue}/sandbox/ledger")), "the coins are under a stop")
            show(json.dumps(answer(f"{bot}/health")))
        newcomer.types("helix", "trades", COLUMNS="110")
        with newcomer.step("kill -TERM (or Ctrl-C)"):
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=PATIENCE_S)
        if process.returncode:
            raise WentWrong(f"SIGTERM: the bot ended with code {process.returncode}")
    if not covered(answer(f"{venue}/sandbox/ledger")):
        raise WentWrong("The bot's end took the stop away")


def free_port() -> int:
    """A port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def _folder(text: str) -> Path:
    folder = Path(text).resolve()
    if not folder.is_dir():
        message = f"{folder} is no folder"
        raise argparse.ArgumentTypeError(message)
    return folder


def main() -> int:
    """Tell one of the stories."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("story", choices=["clone", "wheels"])
    parser.add_argument("--exchange", default="binance", help="whose sandbox `make demo` plays on")
    parser.add_argument("--index", type=_folder, help="install from the wheels in this folder, and from nowhere else")
    parser.add_argument("--python", default=sys.executable, help="the interpreter of the new environment")
    options = parser.parse_args()
    told = {"clone": clone, "wheels": wheels}[options.story]
    kept = {"PATH", "HOME", "LANG", "TERM"} | (
        set() if options.index else {each for each in os.environ if each.startswith("PIP_")}
    )
    with tempfile.TemporaryDirectory(prefix="helix-first-minutes-") as folder:
        newcomer = Newcomer(Path(folder), {name: os.environ[name] for name in kept if name in os.environ})
        newcomer.environment |= {"PYTHONSAFEPATH": "1", "PIP_NO_CACHE_DIR": "1"}
        if options.index:
            newcomer.environment |= {"PIP_CONFIG_FILE": os.devnull}
        try:
            told(newcomer, options)
        except (WentWrong, subprocess.TimeoutExpired) as wrong:
            print(f"\nPROBLEM  {wrong}", flush=True)
            return 1
        newcomer.table()
    return 0


if __name__ == "__main__":
    sys.exit(main())
