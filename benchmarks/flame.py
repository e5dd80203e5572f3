"""A flame graph of the bot while it trades: `python benchmarks/flame.py build/flame.svg`.

py-spy looks 500 times a second at which thread of the bot works, from outside (it may need a debugger's rights). Wide
is what took long; the times between alerts are left out, since nothing runs then. Exit code 1: it could not be made.
"""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import stand
from environments import python_with
from figures import CannotMeasure
from wire import WARMING_UP, arguments, run

if TYPE_CHECKING:
    import argparse

_RATE = 500
_PATIENCE_S = 30


async def main(asked: argparse.Namespace) -> None:
    """Trade under the eyes of the profiler."""
    profiler = Path(await asyncio.to_thread(python_with, "profiler")).with_name("py-spy")
    with tempfile.TemporaryDirectory(prefix="helix-flame-", dir=asked.folder) as folder:
        async with stand.helix(Path(folder), 0.0) as running:
            for n in range(WARMING_UP):
                await running.trade(f"warm-{n}", asked.pause_s)
            options = ("--gil", "--rate", str(_RATE), "--format", asked.format, "--output", str(asked.file))
            command = (str(profiler), "record", "--pid", str(running.server.pid), *options)
            spy = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # noqa: ASYNC220 - at once
            await asyncio.sleep(1.0)
            for n in range(asked.alerts):
                await running.trade(f"flame-{n}", asked.pause_s)
            spy.send_signal(2)  # as Ctrl-C: it writes down what it has seen
            said, _ = await asyncio.to_thread(spy.communicate, timeout=_PATIENCE_S)
    if spy.returncode or not asked.file.is_file():
        raise CannotMeasure(f"py-spy ended with code {spy.returncode}: {said.decode()[-300:].strip()}")
    print(f"{asked.file} is written, of {asked.alerts} trades")


if __name__ == "__main__":
    parser = arguments("A flame graph of the bot while it trades.", alerts=50)
    parser.add_argument("file", type=Path, help="where to write it")
    parser.add_argument("--format", default="flamegraph", choices=["flamegraph", "speedscope", "raw"])
    run(main(parser.parse_args()))
