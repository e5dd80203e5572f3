"""What a proof has counted: plain numbers, from many results, that can be written down and read again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helix_core.sim.crash_tree import CrashResult
    from helix_core.sim.kills import KillReport
    from helix_core.sim.seeds import Result

MOST_FAILURES = 200
_RATIOS = (("p50", 0.5), ("p99", 0.99), ("max", 1.0))


class Times:
    """Lengths of time in seconds, to the millisecond."""

    def __init__(self) -> None:
        """None yet."""
        self.counts = Counter[int]()

    def add(self, seconds: float) -> None:
        """Count one."""
        self.counts[round(seconds * 1000)] += 1

    @property
    def number(self) -> int:
        """How many."""
        return self.counts.total()

    def at(self, ratio: float) -> float:
        """The length that this part of all does not exceed, in seconds; 0 when there is none."""
        wanted, seen = ratio * self.number, 0
        for length in sorted(self.counts):
            seen += self.counts[length]
            if seen >= wanted:
                return length / 1000
        return 0.0

    def figures(self) -> Iterator[tuple[str, float]]:
        """Median, 99th part of a hundred, and longest."""
        return ((name, self.at(ratio)) for name, ratio in _RATIOS)


@dataclass(slots=True)
class Failure:
    """A broken promise, with the command that plays it again."""

    where: str
    what: str
    command: str


@dataclass(slots=True)
class Tally:
    """Everything that one proof has counted."""

    seeds: Counter[str] = field(default_factory=Counter)
    orders: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    lives: int = 0
    signals: int = 0
    requests: int = 0
    virtual_s: float = 0.0
    clean: dict[tuple[str, str], Times] = field(default_factory=dict)
    excess: dict[tuple[str, str], Times] = field(default_factory=dict)
    worst: dict[tuple[str, str], tuple[float, str]] = field(default_factory=dict)
    points: Counter[str] = field(default_factory=Counter)
    scenes: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    point_lives: int = 0
    kills: int = 0
    kill_lives: int = 0
    kill_orders: int = 0
    kill_rounds: int = 0
    moments: Counter[str] = field(default_factory=Counter)
    mutants: dict[str, str] = field(default_factory=dict)
    broken: int = 0
    failures: list[Failure] = field(default_factory=list)
    seeds_cpu_s: float = 0.0
    took_s: float = 0.0

    def fail(self, where: str, what: str, command: str) -> None:
        """Note a broken promise; the first ones in words, all in number."""
        self.broken += 1
        if len(self.failures) < MOST_FAILURES:
            self.failures.append(Failure(where, what, command))

    def count_seed(self, result: Result) -> None:
        """Add a seed."""
        way = f"{result.job.exchange} {result.job.style}"
        self.seeds[way] += 1
        self.orders.update(result.orders)
        self.struck.update(result.struck)
        self.lives += result.lives
        self.signals += result.signals
        self.requests += result.requests
        self.virtual_s += result.virtual_s
        self.seeds_cpu_s += result.cpu_s
        for naked in result.naked:
            key = (way, naked.phase.value)
            lasted_s = naked.lasted_s if naked.clean else naked.excess_s
            (self.clean if naked.clean else self.excess).setdefault(key, Times()).add(lasted_s)
            if lasted_s > self.worst.get(key, (0.0, ""))[0]:
                self.worst[key] = (lasted_s, f"{result.job.command} ({naked.touched_by or 'clean'})")
        for violation in result.violations:
            self.fail(f"{way} seed {result.job.seed}", str(violation), result.job.command)

    def count_point(self, played: CrashResult) -> None:
        """Add a crash point."""
        row = played.point.row
        self.points[f"{row.exchange} {row.style}"] += 1
        self.scenes[row.scene.name] += 1
        self.outcomes[row.outcome.name] += 1
        self.point_lives += played.result.lives
        for violation in played.result.violations:
            self.fail(f"crash point {played.point}", str(violation), played.command)

    def count_kills(self, report: KillReport, command: str) -> None:
        """Add a run of kills."""
        self.kills += report.kills
        self.kill_lives += report.lives
        self.kill_orders += report.orders
        self.kill_rounds += report.rounds
        self.moments.update(report.moments)
        for violation in report.violations:
            self.fail("real kills", violation, command)
