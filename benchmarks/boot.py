"""How long Helix takes until it takes signals, and how much memory it holds: `python benchmarks/boot.py`.

Beside it, in turn: Python that does nothing but `import ccxt.async_support`. Helix starts in an empty folder, makes its
database, asks a sandbox venue on this machine what it must know, and says "ok" in /health; it is asked every 20 ms.
Exit code 1: something could not be measured.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from figures import CannotMeasure, Figure, keep, p50, print_rows
from processes import Processes, end_on_sigterm, memory_mb
from stand import SECRET

_IMPORT = "import ccxt.async_support, sys; print('ready', flush=True); sys.stdin.read()"
_SETTLING_S = 2.0
MOST_TIMES, MOST_MEMORIES = 3.0, 120 / 103
"""What is asked for, as a multiple of the import alone: 1.5 s where it takes 0.5 s, 120 MB where it takes 103 MB."""


def helix(folder: str, venue_url: str) -> tuple[float, float, float]:
    """Seconds until it takes signals; megabytes held 2 s later, and at most until then."""
    with Processes(Path(folder)) as processes:
        begun = time.perf_counter()
        bot = processes.bot(SECRET, reached_at=venue_url)
        took_s = time.perf_counter() - begun
        time.sleep(_SETTLING_S)
        return took_s, memory_mb(bot.pid), memory_mb(bot.pid, "VmHWM")


def import_alone() -> tuple[float, float, float]:
    """The same of the import."""
    begun = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", _IMPORT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        if process.stdout.readline() != b"ready\n":
            raise CannotMeasure("ccxt.async_support cannot be imported")
        took_s = time.perf_counter() - begun
        return took_s, memory_mb(process.pid), memory_mb(process.pid, "VmHWM")


def main(asked: argparse.Namespace) -> None:
    """Start each of them so many times, in turn, and print the medians."""
    bots, imports = [], []
    with tempfile.TemporaryDirectory(prefix="helix-boot-") as venues, Processes(Path(venues)) as processes:
        venue_url = processes.venue().venue_url
        for _ in range(-1, asked.starts):
            imports.append(import_alone())
            with tempfile.TemporaryDirectory(prefix="helix-boot-", dir=asked.folder) as folder:
                bots.append(helix(folder, venue_url))
    bot, alone = ([p50(values) for values in zip(*seen[1:], strict=True)] for seen in (bots, imports))  # warm caches
    print(f"Median of {asked.starts} starts:")
    rows = [
        [name, f"{took_s:.2f}", f"{held_mb:.0f}", f"{most_mb:.0f}"]
        for name, (took_s, held_mb, most_mb) in (("Helix", bot), ("import ccxt.async_support", alone))
    ]
    rows.append(["Helix / the import", *(f"{own / other:.2f}" for own, other in zip(bot, alone, strict=True))])
    print_rows(["", "ready after s", "memory held, MB", "at most, MB"], rows)
    wanted = (("until it takes signals", "s", MOST_TIMES), ("memory held", "MB", MOST_MEMORIES))
    keep(
        [
            Figure(
                what=f"Helix: {what}",
                value=bot[n],
                unit=unit,
                beside="import ccxt.async_support",
                reference=alone[n],
                ratio=bot[n] / alone[n],
                target=f"<= {most:.2f} times",
                met=bot[n] <= most * alone[n],
            )
            for n, (what, unit, most) in enumerate(wanted)
        ],
        asked.into,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Time to ready, and memory.")
    parser.add_argument("--starts", type=int, default=5, help="of each, in turn, after one that does not count")
    parser.add_argument("--folder", help="where to put the databases: a folder on the disk to measure")
    parser.add_argument("--into", type=Path, help="add the figures to this file, for the one table of `make bench`")
    end_on_sigterm()
    try:
        main(parser.parse_args())
    except CannotMeasure as problem:
        sys.exit(f"PROBLEM: not measured: {problem}")
