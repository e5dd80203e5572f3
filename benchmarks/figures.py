"""Figures: how they are summed up, printed, and handed on to the one table of `make bench`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


class CannotMeasure(Exception):
    """Something could not be measured; the sentence says what, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table: a figure, and what was measured beside it in the same minute.

    `target` is what is asked for, "" where nothing is; `met` is None then.
    """

    what: str
    value: float
    unit: str
    beside: str
    reference: float
    ratio: float | None = None
    target: str = ""
    met: bool | None = None


def quantile(values: Sequence[float], q: float) -> float:
    """The smallest value that `q` of all do not exceed (nearest rank); not a number where there are none."""
    return sorted(values)[max(ceil(q * len(values)), 1) - 1] if values else float("nan")


def p50(values: Sequence[float]) -> float:
    """The median, by nearest rank."""
    return quantile(values, 0.5)


def p99(values: Sequence[float]) -> float:
    """What 99 of 100 do not exceed; with fewer than 100 values that is the largest."""
    return quantile(values, 0.99)


def print_rows(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table in Markdown, its first column to the left."""
    print(f"\n| {' | '.join(head)} |\n| --- |{' --: |' * (len(head) - 1)}")
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


def keep(figures: Sequence[Figure], file: Path | None) -> None:
    """Add figures to those in a file; nothing without one."""
    if file is not None:
        with file.open("a", encoding="utf-8") as lines:
            lines.writelines(json.dumps(asdict(figure)) + "\n" for figure in figures)


def kept(file: Path) -> list[Figure]:
    """The figures of a file, in the order in which they were added."""
    return [Figure(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]
