"""The webhook under load: `python benchmarks/door.py` in a checkout, after `make demo` or `make test` made .venv.

Starts a sandbox venue and the real bot (`helix run`) as processes of their own, its database on disk with
synchronous=FULL as shipped, opens a position, then sends good alerts and bad requests at fixed rates from one more
process (load.py). Afterwards it reads the bot's database and the venue's ledger: every alert that was answered is
stored once and has ended once, as was answered; no order was placed twice. The same load then goes to plain_door.py,
so that the figures can be read on a machine of any speed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bookkeeping import check, stored_within
from processes import Processes, cpu_s
from shots import Mix, bad_shots, good_shots
from table import Row, print_table

Answers = list[list[Any]]
"""[status (0: never answered), seconds from when it was due, seconds it left too late, body] of each request."""

HERE = Path(__file__).parent
SECRET = "a-secret-of-the-benchmark"  # noqa: S105 - it guards nothing


def main() -> None:
    """Measure and print; exit code 1 when something was lost or done twice."""
    asked = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended
    print(f"{platform.machine()}, {os.cpu_count()} cores for bot, venue and load; Python {platform.python_version()}")
    problems = [problem for load in asked.load for problem in _measure(load, asked)]
    sys.exit(1 if problems else 0)


def _measure(load: str, asked: argparse.Namespace) -> list[str]:
    good, bad = map(int, load.split(":"))
    mix = Mix(seconds=asked.seconds, good_per_s=good, bad_per_s=bad, repeats=asked.repeats, secret=SECRET)
    with tempfile.TemporaryDirectory(prefix="helix-door-", dir=asked.folder) as folder:
        rows, problems = _helix(mix, Path(folder), asked)
        if not asked.no_reference:
            rows += _plain(mix, Path(folder))
    print(f"\na commit of the disk takes {_commit_ms(asked.folder)}")
    print(f"\n{good} good alerts and {bad} bad requests a second, for {mix.seconds} s")
    print_table(rows)
    print(
        "\n".join(problems) or "every alert that was taken is stored once and ended once, as answered; no order twice"
    )
    return problems


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The webhook under load.")
    parser.add_argument("--load", nargs="+", default=["200:2000"], metavar="GOOD:BAD", help="a second, of each")
    parser.add_argument("--seconds", type=int, default=20, help="how long to send")
    parser.add_argument("--repeats", type=int, default=1, help="so many of ten good alerts repeat an earlier one")
    parser.add_argument("--orders-every", type=float, default=5, metavar="S", help="a SELL each so many seconds")
    parser.add_argument("--folder", help="where to put the databases: a folder on the disk to measure")
    parser.add_argument("--no-reference", action="store_true", help="without the yardstick")
    parser.add_argument("--profile", metavar="FILE", help="profile the bot with cProfile, which slows it down")
    return parser.parse_args()


def _helix(mix: Mix, folder: Path, asked: argparse.Namespace) -> tuple[list[Row], list[str]]:
    with Processes(folder) as processes:
        bot = processes.bot(mix.secret, profile=asked.profile)
        result, used = _load(mix, folder, bot.port, bot.pid, good_shots(mix, bot.port, asked.orders_every))
        print(f"\n{stored_within(bot.port)}")
        problems = check(folder / "data" / "helix.db", bot.venue_url, result["good"])
    stored = [row for row in result["good"] if row[0] in {200, 202, 409}]
    rows = [
        Row.of("Helix: good, repeats of a signal_id", [row for row in stored if "deduplicated" in row[3]]),
        Row.of("Helix: good, refused by the gates", [row for row in stored if row[0] == 409]),
        Row.of("Helix: good, order placed", [row for row in stored if '"accepted"' in row[3]]),
        Row.of("Helix: good, 202", [row for row in stored if row[0] == 202]),
        Row.of("Helix: good, not stored", [row for row in result["good"] if row not in stored]),
        Row.of("Helix: good, all", result["good"], used),
        Row.of("Helix: bad", result["bad"], "" if result["good"] else used),
    ]
    return rows, problems


def _plain(mix: Mix, folder: Path) -> list[Row]:
    with Processes(folder) as processes:
        server = processes.plain(mix.secret)
        result, used = _load(mix, folder, server.port, server.pid, good_shots(mix, server.port, 0))
    return [
        Row.of("yardstick: good", result["good"], used),
        Row.of("yardstick: bad", result["bad"], "" if result["good"] else used),
    ]


def _load(mix: Mix, folder: Path, port: int, pid: int, good: list[dict[str, object]]) -> tuple[dict[str, Answers], str]:
    """Send it all; returns what was answered, by stream, and what that used of the processor."""
    plan, found = folder / "plan.json", folder / "result.json"
    streams = [
        {"name": "good", "addresses": ["127.0.0.1"], "connections": 48, "shots": good},
        {"name": "bad", "addresses": mix.addresses, "connections": 64, "shots": bad_shots(mix, port)},
    ]
    plan.write_text(json.dumps({"host": "127.0.0.1", "port": port, "streams": streams}), encoding="utf-8")
    before_s = cpu_s(pid)
    subprocess.run([sys.executable, str(HERE / "load.py"), str(plan), str(found)], check=True)
    result = json.loads(found.read_text(encoding="utf-8"))
    used = f"CPU {(cpu_s(pid) - before_s) / mix.seconds:.0%} server, {result['cpu_s'] / mix.seconds:.0%} load"
    return result["streams"], used


def _commit_ms(folder: str | None) -> str:
    """What a durable write takes here without any database."""
    took_ms = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(100):
            begun = time.perf_counter()
            os.write(file.fileno(), bytes(4096))
            os.fdatasync(file.fileno())
            took_ms.append(1000 * (time.perf_counter() - begun))
    took_ms.sort()
    return f"{took_ms[49]:.1f} ms, {took_ms[98]:.1f} ms at most for 99 of 100 (4 KiB, fdatasync)"


if __name__ == "__main__":
    main()
