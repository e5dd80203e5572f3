"""Where the time of a signal goes, stage by stage: `python benchmarks/stages.py`.

The bot is `helix run` with a note at the beginning and the end of each stage (staged_bot.py), on a venue without delay.
What a stage took is its own time, less that of the stages inside it; the rows of a column add up to its last one.
Exit code 1: something could not be measured.
"""

from __future__ import annotations

import gc
import json
import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import stand
from figures import CannotMeasure, Figure, keep, p50, print_rows
from processes import HERE
from staged_bot import COUNTED, STAGES
from wire import WARMING_UP, arguments, both, run

if TYPE_CHECKING:
    import argparse

Span = tuple[str, float, float]
"""Stage, and when it began and ended, in seconds of the clock that all processes share."""

READING, BETWEEN = "HTTP, until the door", "between them"
_COUNTED = {name for name, _ in COUNTED}


def own_times(spans: list[Span], begin: float, end: float) -> Counter[str]:
    """Seconds of each stage between two moments: each moment is that of the stage under way that began last."""
    there = [(max(at, begin), min(until, end), stage) for stage, at, until in spans if at < end and until > begin]
    first = min((at for at, _, _ in there), default=end)
    edges = sorted({begin, end, *(edge for at, until, _ in there for edge in (at, until))})
    took: Counter[str] = Counter()
    for left, right in pairwise(edges):
        under_way = [(at, -until, stage) for at, until, stage in there if at <= left and until >= right]
        stage = max(under_way)[2] if under_way else READING if right <= first else BETWEEN
        took[stage] += right - left
    return took


async def main(asked: argparse.Namespace) -> None:
    """Trade, read what the bot has noted, and print the table."""
    with tempfile.TemporaryDirectory(prefix="helix-stages-", dir=asked.folder) as folder:
        async with stand.helix(Path(folder), 0.0, (str(HERE / "staged_bot.py"),)) as running:
            gc.collect()
            gc.disable()
            for n in range(-WARMING_UP, asked.alerts):
                await running.trade(f"stages-{n}", asked.pause_s)
            gc.enable()
        file = Path(folder) / "spans.json"
        if not file.is_file():
            raise CannotMeasure("the bot left no notes of its stages: it did not end as it should")
        noted = json.loads(file.read_text(encoding="utf-8"))
    spans = [(stage, at, until) for stage, at, until in noted if stage not in _COUNTED]
    starts = [(stage, at) for stage, at, _ in noted if stage in _COUNTED]
    orders: list[tuple[float, float]] = []
    stops: list[tuple[float, float]] = []
    for buy in running.buys[WARMING_UP:]:
        order, *rest = [arrival for arrival in running.line.since(buy.at) if arrival.places][:2]
        orders.append((buy.at, order.at))
        if rest and order.known_at is not None and rest[0].at < buy.answered_at:
            stops.append((order.known_at, rest[0].at))
    _report(spans, starts, orders, stops, asked.into)


def _report(
    spans: list[Span],
    starts: list[tuple[str, float]],
    orders: list[tuple[float, float]],
    stops: list[tuple[float, float]],
    into: Path | None,
) -> None:
    ways = [[own_times(spans, *one) for one in way] for way in (orders, stops)]
    names = [READING, *dict.fromkeys(stage for stage, _ in STAGES), BETWEEN]
    rows = [[name, *(both([took[name] for took in way]) for way in ways)] for name in names if _seen(name, ways)]
    print(f"Own time of each stage of {len(orders)} BUYs, milliseconds, p50 and p99:")
    rows.append(["all", *(both([end - begin for begin, end in way]) for way in (orders, stops))])
    for kind, _ in COUNTED:
        rows.append([f"{kind} of the database", *(_count(kind, starts, way) for way in (orders, stops))])
    print_rows(["stage", "from the alert until its order is there", "from its answer until the stop is there"], rows)
    whole = p50([end - begin for begin, end in orders])
    took = {name: p50([one[name] for one in ways[0]]) for name in names}
    keep([_figure(name, 1000 * took[name], 1000 * whole) for name in names if took[name] > 0], into)


def _seen(name: str, ways: list[list[Counter[str]]]) -> bool:
    return any(took[name] for way in ways for took in way)


def _count(kind: str, starts: list[tuple[str, float]], way: list[tuple[float, float]]) -> str:
    """How many transactions of a kind began, on average."""
    counts = [sum(stage == kind and begin <= at < end for stage, at in starts) for begin, end in way]
    return f"{fmean(counts):.1f}" if counts else "–"


def _figure(stage: str, took_ms: float, whole_ms: float) -> Figure:
    return Figure(
        what=f"Helix, stage: {stage}",
        value=took_ms,
        unit="ms",
        beside="all until the order",
        reference=whole_ms,
        ratio=took_ms / whole_ms,
    )


if __name__ == "__main__":
    run(main(arguments("Where the time of a signal goes.").parse_args()))
