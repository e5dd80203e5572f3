"""A day's work in minutes: `python benchmarks/soak.py --hours 8` in a checkout, after `make demo` or `make test`.

The bot trades in simulated time: a buy every minute and a sale half a minute later, with its polling, its watch over
the stop, its messages and its database between them, as `helix-sim` plays it. At every hour it is counted what the
process holds: memory, objects made from Helix's own classes, asyncio tasks, file descriptors, threads. What is not
given back shows as a growth by the hour; the exit code is 1 where objects, tasks or descriptors grow.

Memory grows by what the sandbox venue and the story of the simulation keep of every order. It is printed beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
import threading
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

from helix_core.sim.stage import Stage

_PRICE, _GAIN = Decimal("64210.50"), Decimal(600)
"""Each trade gains more than its fees: after losses in a row Helix would halt."""
_APART = ("helix_core.sim", "helix_core.sandbox", "helix_binance.sandbox", "helix_kraken.sandbox")
_ALLOWED = 1.02
"""What may be open or asked for at one full hour and not at another: a share."""


def main() -> None:
    """Play, print a line an hour, and say whether anything grew."""
    asked = _arguments()
    stage = Stage(exchange=asked.exchange, price=_PRICE)
    hours: list[dict[str, Any]] = []
    began_s = time.perf_counter()
    try:
        stage.play(_trades(stage, asked.hours, hours))
    finally:
        stage.close()
    print(f"{asked.hours} h of trading on {asked.exchange}, simulated in {time.perf_counter() - began_s:.0f} s")
    grown = [what for what in ("objects", "tasks", "descriptors") if hours[-1][what] > hours[0][what] * _ALLOWED]
    print("grew: " + ", ".join(grown) if grown else "nothing of the bot's grew")
    sys.exit(1 if grown else 0)


async def _trades(stage: Stage, hours: int, found: list[dict[str, Any]]) -> None:
    """A buy and a sale every minute; every hour it is counted what is there."""
    await stage.ready()
    for hour in range(1, hours + 1):
        began_s = time.process_time()
        for minute in range(60):
            await _one(stage, "BUY", _PRICE - minute % 7)
            await _one(stage, "SELL", _PRICE + _GAIN)
        found.append({"hour": hour, **_held(stage), "cpu s": f"{time.process_time() - began_s:.1f}"})
        print(" ".join(f"{name} {value}" for name, value in found[-1].items()), flush=True)


async def _one(stage: Stage, action: str, price: Decimal) -> None:
    stage.sandbox.venue.set_price(price)
    reply = await stage.alert(action)
    if reply is None or reply.status != 200:
        raise SystemExit(f"a {action} was answered {reply}: the soak proves nothing")
    await stage.sleep(28)


def _held(stage: Stage) -> dict[str, Any]:
    gc.collect()
    by_module = Counter(str(type(one).__module__) for one in gc.get_objects())
    own = sum(n for module, n in by_module.items() if module.startswith("helix_") and not module.startswith(_APART))
    (trades,) = stage.database().execute("SELECT count(*) FROM trades").fetchone()
    resident = int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return {
        "trades": trades,
        "objects": own,
        "tasks": len(asyncio.all_tasks()),
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
        "resident MB": round(resident / 1e6, 1),
        "of the venue": sum(n for module, n in by_module.items() if module.startswith(_APART)),
        "database MB": round(stage.disk.path.stat().st_size / 1e6, 2),
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=int, default=8)
    parser.add_argument("--exchange", choices=("binance", "kraken"), default="binance")
    return parser.parse_args()


if __name__ == "__main__":
    main()
