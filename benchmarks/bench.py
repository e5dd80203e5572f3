"""All measurements one after the other, and one table of them: `make bench`, in less than 10 minutes on 2 quiet cores.

Each is a program of its own (see its first lines) and prints what it saw as it goes. Here they take fewer samples than
they do alone. What is installed for them the first time takes some minutes more. Exit code 1: something could not be
measured; the table holds the rest.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from figures import Figure, kept, print_rows
from processes import HERE, end_on_sigterm

PROGRAMS = (
    ("wire.py", "--alerts", "30", "--pause-s", "0.2"),
    ("stages.py", "--alerts", "30", "--pause-s", "0.2"),
    ("boot.py", "--starts", "5"),
    ("growth.py", "--alerts", "15", "--pause-s", "0.2", "--signals", "100000"),
    ("peers.py", "--alerts", "6", "--pause-s", "0.2", "--delay-ms", "25"),
)
_PATIENCE_S = 900.0


def main() -> int:
    """Run them all."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}", flush=True)
    begun, failed = time.perf_counter(), []
    with tempfile.TemporaryDirectory(prefix="helix-bench-") as folder:
        file = Path(folder) / "figures"
        file.touch()
        for program, *options in PROGRAMS:
            print(f"\n## {program} {' '.join(options)}\n", flush=True)
            command = [sys.executable, str(HERE / program), *options, "--into", str(file)]
            if _code_of(command):
                failed.append(program)
        figures = kept(file)
    print(f"\n## All of it, in {time.perf_counter() - begun:.0f} s")
    print_rows(["", "measured", "beside it", "ratio", "asked for"], [_row(figure) for figure in figures])
    if failed:
        print(f"\nPROBLEM: not measured, see above: {', '.join(failed)}")
    return 1 if failed else 0


def _code_of(command: list[str]) -> int:
    """Run one to its end. It is given the time to end what it has started, whatever ends it."""
    process = subprocess.Popen(command)
    try:
        return process.wait(timeout=_PATIENCE_S)
    except subprocess.TimeoutExpired:
        print(f"PROBLEM: not within {_PATIENCE_S:.0f} s")
        return 1
    finally:
        process.terminate()
        process.wait()


def _row(figure: Figure) -> list[str]:
    verdict = {None: "", True: ": met", False: ": NOT met"}[figure.met]
    return [
        figure.what,
        f"{figure.value:.1f} {figure.unit}",
        f"{figure.reference:.1f} {figure.unit} ({figure.beside})",
        "" if figure.ratio is None else f"{figure.ratio:.2f}",
        f"{figure.target}{verdict}",
    ]


if __name__ == "__main__":
    end_on_sigterm()
    sys.exit(main())
