"""A table of latencies."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from figures import quantile

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Row:
    """Answers of one kind: how many, how late (milliseconds from when each was due), with which codes."""

    name: str
    count: int
    p50_ms: float
    p99_ms: float
    most_ms: float
    answers: str

    @classmethod
    def of(cls, name: str, answers: Sequence[Sequence[Any]], note: str = "") -> Row:
        """Of [status, latency in seconds, ...]; what was never answered counts as code 0 and has no latency."""
        took_ms = sorted(1000 * row[1] for row in answers if row[1] is not None)
        codes = Counter(row[0] for row in answers)
        said = ", ".join(f"{code or 'none'}: {count}" for code, count in sorted(codes.items()))
        return cls(name, len(answers), *(quantile(took_ms, q) for q in (0.5, 0.99, 1.0)), f"{said}  {note}".strip())


def print_table(rows: Sequence[Row]) -> None:
    """Print it as Markdown, those rows that hold something."""
    print("| answers to | count | p50 ms | p99 ms | max ms | codes |\n| --- | --: | --: | --: | --: | --- |")
    for row in rows:
        if row.count:
            print(
                f"| {row.name} | {row.count} | {row.p50_ms:.1f} | {row.p99_ms:.1f} | {row.most_ms:.1f} "
                f"| {row.answers} |"
            )
