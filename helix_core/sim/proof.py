"""The proof: mutants, seeds, crash points and real kills within a given time, and the page that says what was shown.

Nothing that goes wrong on the way ends it: what hangs, dies or raises is a failure on the page. `docs/proof.json` keeps
where it ended; the next proof plays the seeds and points that follow.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from typing import TYPE_CHECKING, Any

from helix_core.clock import SystemClock
from helix_core.sim import kills
from helix_core.sim.crash_points import Matrix
from helix_core.sim.crash_tree import grow
from helix_core.sim.crew import Lost, spread
from helix_core.sim.hunt import hunt
from helix_core.sim.mutants import MUTANTS, named
from helix_core.sim.proof_page import Circumstances, missed, written
from helix_core.sim.seeds import Job, run_job
from helix_core.sim.tally import Tally
from helix_core.sim.ways import ways

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from helix_core.sim.crash_points import Row
    from helix_core.sim.kills import KillReport

_SHARES = {"mutants": 0.04, "seeds": 0.55, "crash points": 0.33, "kills": 0.08}
"""What part of the time each gets. One that ends early leaves the rest to those after it."""
_SEED_LIMIT_S, _ROW_LIMIT_S, _HUNT_LEAST_S, _KILLS_LIMIT_S = 60.0, 180.0, 30.0, 240.0
_KILLS_AT_ONCE = 60
_SEEDS_OF_A_MUTANT = 1_000
_POINTS_A_ROW = 6
_LINE_EVERY_S = 30.0


def prove(*, minutes: float, page: Path, jobs: int, told: Callable[[str], None]) -> bool:
    """Play for so many minutes, write `page` and the numbers beside it. True when every promise was kept.

    Takes at most some minutes longer than it was given: what has begun is played to its end, or to its limit.
    """
    memory = _read(page.with_suffix(".json"))
    proof = _Proof(memory, jobs, 60 * minutes, told)
    circumstances = Circumstances.here(minutes=minutes, jobs=jobs)
    try:
        proof.run()
    finally:
        tally = proof.tally
        memory["runs"] = [*memory["runs"], circumstances.summary(tally)]
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(written(tally, circumstances, memory), encoding="utf-8")
        page.with_suffix(".json").write_text(json.dumps(memory, indent=2) + "\n", encoding="utf-8")
        told(f"written: {page}")
    return not tally.broken and not missed(tally)


def _read(file: Path) -> dict[str, Any]:
    """What the proofs before kept."""
    nothing: dict[str, Any] = {"next_seed": {}, "next_point": {}, "next_kill": 0, "mutants": {}, "runs": []}
    return nothing | json.loads(file.read_text(encoding="utf-8")) if file.exists() else nothing


@dataclass(frozen=True, slots=True)
class _Hunt:
    mutant: str
    first: int


@dataclass(frozen=True, slots=True)
class _Kills:
    seed: int
    kills: int
    deadline_s: float

    @property
    def command(self) -> str:
        return f"helix-sim --kills {self.kills} --kill-seed {self.seed}"


class _Proof:
    """One run of it."""

    def __init__(self, memory: dict[str, Any], jobs: int, lasts_s: float, told: Callable[[str], None]) -> None:
        self.tally = Tally()
        self._memory, self._jobs, self._told = memory, jobs, told
        self._clock = SystemClock()
        self._began_s = self._clock.monotonic()
        self._ends_s = self._began_s + lasts_s
        self._line_at_s = self._began_s

    def run(self) -> None:
        """Every part in its share of the time."""
        left = dict(_SHARES)
        parts = {"mutants": self._mutants, "crash points": self._points, "seeds": self._seeds, "kills": self._kills}
        for name, part in parts.items():
            now_s = self._clock.monotonic()
            share_s = (self._ends_s - now_s) * left[name] / sum(left.values())
            del left[name]
            try:
                part(now_s + share_s)
            except Exception as error:  # noqa: BLE001 - the other parts, and the page, must not be lost with it
                self.tally.fail(name, f"this part broke off: {type(error).__name__}: {error}", "helix-sim proof")
            self.tally.took_s[name] = self._clock.monotonic() - now_s

    def _spread(
        self, work: Callable[[Any], Any], things: Iterator[Any], limit_s: float, ends_s: float
    ) -> Iterator[Any]:
        workers = 1 if work is _kill else self._jobs
        late = partial(self._past, ends_s)
        return spread(work, things, workers=workers, limit_s=limit_s, enough=late, idle=self._line)

    def _past(self, at_s: float) -> bool:
        return self._clock.monotonic() >= at_s

    def _line(self) -> None:
        """Say how far it is, every half a minute."""
        now_s = self._clock.monotonic()
        if now_s >= self._line_at_s:
            self._line_at_s = now_s + _LINE_EVERY_S
            tally = self.tally
            self._told(
                f"{now_s - self._began_s:6.0f} s  mutants {len(tally.mutants)}  kills {tally.kills}  "
                f"crash points {tally.points.total()}  seeds {tally.seeds.total()}  broken {tally.broken}"
            )

    # The parts ----------------------------------------------------------------------------------------------------

    def _mutants(self, ends_s: float) -> None:
        """Each mutant, first at the seed that found it last time."""
        known = self._memory["mutants"]
        again = (_Hunt(mutant.name, known.get(mutant.name, {}).get("seed", 0)) for mutant in MUTANTS)
        limit_s = max(_HUNT_LEAST_S, ends_s - self._clock.monotonic())
        for mutant in MUTANTS:
            before = known.get(mutant.name, {}).get("words", "never found so far")
            self.tally.mutants[mutant.name] = f"not looked for to the end in this run; before: {before}"
        for found in self._spread(_hunt, again, limit_s, ends_s):
            if isinstance(found, Lost):
                continue
            self.tally.mutants[found.mutant] = found.words
            if found.seed is not None:
                known[found.mutant] = {"seed": found.seed, "words": found.words}
            else:
                self.tally.fail("mutants", found.words, f"helix-sim --mutant {found.mutant}")

    def _seeds(self, ends_s: float) -> None:
        """Seeds of every way in turn, from where the last proof ended."""
        following: dict[str, int] = self._memory["next_seed"]

        def jobs() -> Iterator[Job]:
            for turn in count():
                exchange, style = ways()[turn % len(ways())]
                seed = following.get(f"{exchange} {style}", 0)
                following[f"{exchange} {style}"] = seed + 1
                yield Job(seed=seed, exchange=exchange, style=style)

        for result in self._spread(run_job, jobs(), _SEED_LIMIT_S, ends_s):
            if isinstance(result, Lost):
                job: Job = result.job
                self.tally.fail(f"{job.exchange} {job.style} seed {job.seed}", result.why, job.command)
            else:
                self.tally.count_seed(result)

    def _points(self, ends_s: float) -> None:
        """Rows of the matrix of every way in turn, with points that lie evenly over it."""
        for found in self._spread(_grow, self._rows(), _ROW_LIMIT_S, ends_s):
            if isinstance(found, Lost):
                self.tally.fail(f"crash points of {found.job[0]}", found.why, "helix-sim --crash-points 100")
                continue
            for played in found:
                self.tally.count_point(played)

    def _rows(self) -> Iterator[tuple[Row, int, list[int]]]:
        sources = [self._rows_of(exchange, style) for exchange, style in ways()]
        while sources:
            for source in list(sources):
                row = next(source, None)
                if row is None:
                    sources.remove(source)
                else:
                    yield row

    def _rows_of(self, exchange: str, style: str) -> Iterator[tuple[Row, int, list[int]]]:
        matrix, following = Matrix(exchange, style), self._memory["next_point"]
        way = f"{exchange} {style}"
        numbers = matrix.numbers(following.get(way, 0))
        while sample := list(islice(numbers, _POINTS_A_ROW * len(matrix.rows))):
            places: dict[int, list[int]] = {}
            begun = 0
            for row, place in map(matrix.place, sample):
                places.setdefault(row, []).append(place)
            for row, chosen in places.items():
                begun += len(chosen)
                following[way] = sample[min(begun, len(sample) - 1)]
                yield matrix.rows[row], matrix.first(row), chosen

    def _kills(self, ends_s: float) -> None:
        """Real kills, in runs that each end with a judgement."""
        limit_s = _KILLS_LIMIT_S + max(0.0, ends_s - self._clock.monotonic())

        def runs() -> Iterator[_Kills]:
            while True:
                self._memory["next_kill"] += 1
                yield _Kills(self._memory["next_kill"], _KILLS_AT_ONCE, max(1.0, ends_s - self._clock.monotonic()))

        for report in self._spread(_kill, runs(), limit_s, ends_s):
            if isinstance(report, Lost):
                self.tally.fail("real kills", report.why, report.job.command)
            else:
                self.tally.count_kills(report, f"helix-sim --kills {_KILLS_AT_ONCE} --kill-seed {report.seed}")


# What is done in a process of its own ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Found:
    mutant: str
    seed: int | None
    words: str


def _hunt(job: _Hunt) -> _Found:
    mutant = named(job.mutant)
    caught = hunt(mutant, 1, job.first) if job.first else None
    if caught is None or caught.seed is None:
        caught = hunt(mutant, _SEEDS_OF_A_MUTANT)
    return _Found(mutant.name, caught.seed, str(caught))


def _grow(job: tuple[Row, int, list[int]]) -> Any:
    return grow(*job)


def _kill(job: _Kills) -> KillReport:
    return asyncio.run(kills.run(kills=job.kills, seed=job.seed, paths=ways(), deadline_s=job.deadline_s))
