"""From an alert's first byte to its order at the venue, and to its stop: `python benchmarks/wire.py`.

Measured one after the other, each before a sandbox venue of its own that is so many milliseconds away one way: the
floor (floor.py), a Flask and ccxt script, FastAPI with ccxt's asynchronous half, Helix as it is shipped, and the floor
again. Every alert comes on a connection of its own when all is quiet, and every BUY is followed by a SELL. Of each time
the way to the venue is taken off; what is left is told as a multiple of what the floor needed in the same minutes. Exit
code 1: something could not be measured.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import selectors
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import stand
from figures import CannotMeasure, Figure, keep, p50, p99, print_rows
from plot import shares
from processes import end_on_sigterm
from stand import Times

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

FLOOR, HELIX = "the floor", "Helix"
PROGRAMS: dict[str, Callable[[Path, float], Any]] = {
    FLOOR: stand.floor,
    "Flask + ccxt script": stand.flask,
    "FastAPI + ccxt async script": stand.fastapi,
    "the same, ccxt's rate limiter off": stand.fastapi_unlimited,
    HELIX: stand.helix,
    f"{FLOOR}, again": stand.floor,
}
WARMING_UP = 3
MOST_FLOORS = {"p50": 2.5, "p99": 4.0}
"""What Helix may need at most, less the way to the venue, as a multiple of the floor."""


async def measure(program: Callable[[Path, float], Any], asked: argparse.Namespace, delay_ms: float) -> Times:
    """Let one program trade. Raises CannotMeasure."""
    times = Times()
    with tempfile.TemporaryDirectory(prefix="helix-wire-", dir=asked.folder) as folder:
        async with program(Path(folder), delay_ms / 1000) as running:
            gc.collect()
            gc.disable()
            for n in range(-WARMING_UP, asked.alerts):
                await running.trade(f"wire-{n}", asked.pause_s, times if n >= 0 else None)
            gc.enable()
            if asked.requests:
                print(f"\n{running.requests()}")
    return times


async def main(asked: argparse.Namespace) -> None:
    """Measure all of them at each distance."""
    print(f"{os.cpu_count()} cores for program, venue, line and sender; {asked.alerts} trades each", flush=True)
    for delay_ms in asked.delay_ms:
        wanted = [name for name in PROGRAMS if not asked.only or name.startswith((FLOOR, asked.only))]
        found = {name: await measure(PROGRAMS[name], asked, delay_ms) for name in wanted}
        found[FLOOR].to_order += found.pop(f"{FLOOR}, again").to_order
        _report(found, delay_ms, asked.into)
        if asked.plots is not None:
            seen = {name: [1000 * seconds for seconds in times.to_order] for name, times in found.items()}
            title = f"From an alert's first byte to its order at a venue {delay_ms:g} ms away"
            (asked.plots / f"wire-{delay_ms:g}ms.svg").write_text(shares(title, seen), encoding="utf-8")
        if asked.most_floors is not None:
            _refuse_more_than(asked.most_floors, found, delay_ms)


def _refuse_more_than(floors: float, found: dict[str, Times], delay_ms: float) -> None:
    """End the program where Helix's median is so much above the floor's: a guard against what makes it slow."""
    own, least = (own_ms(found[name].to_order, delay_ms)[0] for name in (HELIX, FLOOR))
    if own > floors * least:
        sys.exit(
            f"PROBLEM: {own:.1f} ms until the order are more than {floors:g} times the floor's {least:.1f} ms (p50)"
        )


def _report(found: dict[str, Times], delay_ms: float, into: Path | None) -> None:
    print(f"\nThe venue {delay_ms:g} ms away one way; milliseconds, p50 and p99:")
    floor_ms, rows = own_ms(found[FLOOR].to_order, delay_ms), []
    for name, times in found.items():
        floors = [own / least for own, least in zip(own_ms(times.to_order, delay_ms), floor_ms, strict=True)]
        ratio = f"{floors[0]:.1f}, {floors[1]:.1f}"
        rows.append(
            [name, both(times.to_order), ratio, both(times.to_stop), both(times.to_sale), both(times.to_answer)]
        )
        if name != FLOOR:
            keep([_figure(name, times, found[FLOOR], delay_ms, which) for which in MOST_FLOORS], into)
        if name == HELIX and delay_ms:
            keep([_stop_figure(times, delay_ms)], into)
    head = ["BUY, order at the venue", "less the way, in floors", "stop, after its order's answer"]
    print_rows(["", *head, "SELL, order at the venue", "BUY answered"], rows)


def _figure(name: str, times: Times, floor: Times, delay_ms: float, which: str) -> Figure:
    n, most = list(MOST_FLOORS).index(which), MOST_FLOORS[which]
    own, least = own_ms(times.to_order, delay_ms)[n], own_ms(floor.to_order, delay_ms)[n]
    shown = which if which == "p50" or len(times.to_order) >= 100 else f"the largest of {len(times.to_order)}"
    return Figure(
        what=f"{name}: alert to order less the way, venue {delay_ms:g} ms away, {shown}",
        value=own,
        unit="ms",
        beside=FLOOR,
        reference=least,
        ratio=own / least,
        target=f"<= {most:g} floors" if name == HELIX else "",
        met=own <= most * least if name == HELIX else None,
    )


def _stop_figure(times: Times, delay_ms: float) -> Figure:
    took_ms, round_trip_ms = 1000 * p50(times.to_stop), 2 * delay_ms
    return Figure(
        what=f"{HELIX}: stop at the venue after the order's answer, venue {delay_ms:g} ms away, p50",
        value=took_ms,
        unit="ms",
        beside="one round trip",
        reference=round_trip_ms,
        ratio=took_ms / round_trip_ms,
        target="<= 1 round trip",
        met=took_ms <= round_trip_ms,
    )


def own_ms(seconds: list[float], delay_ms: float) -> list[float]:
    """p50 and p99, less the way."""
    return [1000 * q(seconds) - delay_ms for q in (p50, p99)]


def both(seconds: list[float]) -> str:
    """p50 and p99 in milliseconds; a dash where nothing was seen."""
    return f"{1000 * p50(seconds):.1f}, {1000 * p99(seconds):.1f}" if seconds else "–"


def arguments(about: str, *, alerts: int = 100) -> argparse.ArgumentParser:
    """What every measurement of trades takes."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--alerts", type=int, default=alerts, help="trades of each program")
    parser.add_argument("--pause-s", type=float, default=0.3, help="quiet time before each alert")
    parser.add_argument("--folder", help="where to put the databases: a folder on the disk to measure")
    parser.add_argument("--into", type=Path, help="add the figures to this file, for the one table of `make bench`")
    return parser


def run(measuring: Coroutine[Any, Any, None]) -> None:
    """Run it; what cannot be measured ends the program. select() waits to the microsecond, epoll to the millisecond."""
    end_on_sigterm()
    try:
        with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
            runner.run(measuring)
    except CannotMeasure as problem:
        sys.exit(f"PROBLEM: not measured: {problem}")


if __name__ == "__main__":
    parser = arguments("From an alert's first byte to its order at the venue.")
    parser.add_argument("--delay-ms", type=float, nargs="+", default=[0, 25], help="how far the venue is, one way")
    parser.add_argument("--only", help="beside the floor only the program whose name begins so")
    parser.add_argument(
        "--most-floors", type=float, help="fail where Helix's p50 is more than so many times the floor's"
    )
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="draw the distributions into this folder")
    parser.add_argument("--requests", action="store_true", help="show what came to the venue around the last BUY")
    run(main(parser.parse_args()))
