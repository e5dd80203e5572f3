"""What a signal costs as the database grows: `python benchmarks/growth.py --signals 1000000`.

The bot trades on a new database, and refuses nine of ten alerts. Then it is stopped, what it has written is copied
(grown.py) until there are so many signals, one trade to ten of them, and the same is measured again. The figures of the
large database are told as a multiple of those of the new one. Exit code 1: something could not be measured.
"""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import stand
from figures import Figure, keep, p50, print_rows
from grown import grow, sizes
from processes import Processes, memory_mb
from stand import Times
from wire import WARMING_UP, arguments, both, run

if TYPE_CHECKING:
    import argparse

    from processes import Running

_REFUSED = 409
_FLAT = 1.25
"""What counts as flat: medians of so few samples differ by a tenth from run to run."""
_REFUSALS = 8
"""Alerts that are refused while a position is open: with BUY and SELL they make ten for each trade."""


@dataclass(slots=True)
class Costs:
    """What was seen on one database: its size, seconds to ready, memory, and the times of signals."""

    signals: int = 0
    trades: int = 0
    file_mb: float = 0.0
    ready_s: float = 0.0
    held_mb: float = 0.0
    times: Times = field(default_factory=Times)
    to_refusal: list[float] = field(default_factory=list)


async def measure(folder: Path, venue: Running, asked: argparse.Namespace, name: str) -> Costs:
    """Let the bot of a folder trade, and refuse. Raises CannotMeasure."""
    costs, begun = Costs(), time.perf_counter()
    async with stand.helix(folder, 0.0, venue=venue) as running:
        costs.ready_s = time.perf_counter() - begun
        gc.collect()
        gc.disable()
        for n in range(-WARMING_UP, asked.alerts):
            times = costs.times if n >= 0 else None
            await running.buy(f"{name}-{n}", asked.pause_s, times)
            for again in range(_REFUSALS):
                sent = await running.signal("BUY", f"{name}-{n}-{again}", asked.pause_s / 10, _REFUSED)
                if times is not None:
                    costs.to_refusal.append(sent.answered_at - sent.at)
            await running.sell(f"{name}-{n}", asked.pause_s, times)
        gc.enable()
        costs.held_mb = memory_mb(running.server.pid)
    costs.signals, costs.trades, costs.file_mb = sizes(folder / "data" / "helix.db")
    return costs


async def main(asked: argparse.Namespace) -> None:
    """Measure on a new database, let it grow, measure again."""
    with (
        tempfile.TemporaryDirectory(prefix="helix-growth-", dir=asked.folder) as place,
        tempfile.TemporaryDirectory(prefix="helix-growth-") as venues,
        Processes(Path(venues)) as processes,
    ):
        venue, folder = await asyncio.to_thread(processes.venue), Path(place)
        small = await measure(folder, venue, asked, "small")
        begun = time.perf_counter()
        await asyncio.to_thread(grow, folder / "data" / "helix.db", asked.signals)
        print(f"grown to {asked.signals} signals in {time.perf_counter() - begun:.0f} s", flush=True)
        large = await measure(folder, venue, asked, "large")
    _report(small, large, asked)


def _report(small: Costs, large: Costs, asked: argparse.Namespace) -> None:
    compared = [
        ("BUY, order at the venue", small.times.to_order, large.times.to_order),
        ("stop, after its order's answer", small.times.to_stop, large.times.to_stop),
        ("SELL, order at the venue", small.times.to_sale, large.times.to_sale),
        ("BUY answered", small.times.to_answer, large.times.to_answer),
        ("BUY refused by the gates, answered", small.to_refusal, large.to_refusal),
    ]
    rows = [[f"{what}, ms", both(few), both(many), f"{p50(many) / p50(few):.2f}"] for what, few, many in compared]
    for what, few, many in (
        ("takes signals after s", small.ready_s, large.ready_s),
        ("memory held at the end, MB", small.held_mb, large.held_mb),
        ("database, MB", small.file_mb, large.file_mb),
    ):
        rows.append([what, f"{few:.1f}", f"{many:.1f}", f"{many / few:.2f}"])
    print(f"{asked.alerts} trades and {len(large.to_refusal)} refusals each; p50 and p99:")
    heads = [f"{costs.signals} signals, {costs.trades} trades" for costs in (small, large)]
    print_rows(["at the end", *heads, "p50, large / small"], rows)
    figures = [
        Figure(
            what=f"Helix with {large.signals} signals and {large.trades} trades: {what}, p50",
            value=1000 * p50(many),
            unit="ms",
            beside=f"with {small.signals} signals",
            reference=1000 * p50(few),
            ratio=p50(many) / p50(few),
            target=f"flat: <= {_FLAT:g} times",
            met=p50(many) <= _FLAT * p50(few),
        )
        for what, few, many in compared
    ]
    keep(figures, asked.into)


if __name__ == "__main__":
    parser = arguments("What a signal costs as the database grows.", alerts=20)
    parser.add_argument("--signals", type=int, default=100_000, help="how large the database shall be")
    run(main(parser.parse_args()))
