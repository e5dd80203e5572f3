"""The proof: mutants, seeds, crash points and real kills within a given time, and the page that says what was shown.

Nothing that goes wrong on the way ends it: what hangs, dies or raises is a failure on the page. It may be stopped at
any time: what it has counted is written down every half a minute. `docs/proof.json` keeps where it ended; the next
proof plays the seeds and points that follow.
"""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, islice
from typing import TYPE_CHECKING, Any

from helix_core.clock import SystemClock
from helix_core.sim import kills
from helix_core.sim.crash_points import Matrix
from helix_core.sim.crash_tree import grow
from helix_core.sim.crew import Lost, spread
from helix_core.sim.proof_hunts import Hunts
from helix_core.sim.proof_memory import Memory
from helix_core.sim.proof_page import Circumstances, missed, written
from helix_core.sim.seeds import Job, Result, run_job
from helix_core.sim.tally import Tally
from helix_core.sim.ways import ways

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from helix_core.sim.crash_points import Row

_TOGETHER = {"seeds": 10_000, "crash points": 10_000, "kills": 200}
"""How many of each belong to how many of the others: the part that lags behind most is played next."""
_HUNTS_SHARE = 0.1
_LIMIT_S = 300.0
_KILLS_AT_ONCE, _KILLS_LAST_S = 60, 90.0
_POINTS_A_ROW = 6
_LINE_EVERY_S = 30.0


def prove(*, minutes: float, page: Path, jobs: int, told: Callable[[str], None]) -> bool:
    """Play for so many minutes, write `page` and the numbers beside it. True when every promise was kept.

    Takes at most some minutes longer than it was given: what has begun is played to its end, or to its limit. Stopped
    by Ctrl-C or SIGTERM it writes what it has counted so far.
    """
    proof = _Proof(Memory.of(page.with_suffix(".json")), page, Circumstances.here(minutes=minutes, jobs=jobs), told)
    try:
        with _stopped_gently():
            proof.run()
    except KeyboardInterrupt:
        told("stopped: what was counted so far is written down")
    finally:
        proof.write()
        told(f"written: {page}")
    return not proof.tally.broken and not missed(proof.tally)


@contextmanager
def _stopped_gently() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl-C does."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@dataclass(frozen=True, slots=True)
class _Points:
    """A row of the matrix, the number of its first point, and which of its points are wanted."""

    row: Row
    first: int
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Kills:
    seed: int
    deadline_s: float

    @property
    def command(self) -> str:
        return f"helix-sim --kills {_KILLS_AT_ONCE} --kill-seed {self.seed}"


class _Proof:
    """One run of it."""

    def __init__(self, memory: Memory, page: Path, of: Circumstances, told: Callable[[str], None]) -> None:
        self.tally = Tally()
        self._memory, self._page, self._of, self._told = memory, page, of, told
        self._clock = SystemClock()
        self._began_s = self._line_at_s = self._clock.monotonic()
        self._ends_s = self._began_s + 60 * of.minutes
        self._under_way = Counter[str]()

    def run(self) -> None:
        """First the mutants, then everything else side by side."""
        until_s = self._began_s + _HUNTS_SHARE * (self._ends_s - self._began_s)
        Hunts(self._memory, self.tally).play(self._of.jobs, lambda: self._past(until_s), self._line)
        parts = {"seeds": self._seeds(), "crash points": self._points(), "kills": self._kills()}
        late = self._until_the_end
        for result in spread(
            _work, self._jobs(parts), workers=self._of.jobs, limit_s=_LIMIT_S, enough=late, idle=self._line
        ):
            self._count(result)

    def write(self) -> None:
        """The page and the numbers beside it, as of now."""
        self.tally.took_s = self._clock.monotonic() - self._began_s
        self._memory.keep(self._of.summary(self.tally))
        self._page.parent.mkdir(parents=True, exist_ok=True)
        self._page.write_text(written(self.tally, self._of, self._memory), encoding="utf-8")

    def _past(self, at_s: float) -> bool:
        return self._clock.monotonic() >= at_s

    def _until_the_end(self) -> bool:
        return self._past(self._ends_s)

    def _line(self) -> None:
        """Every half a minute: say how far it is, and write it down."""
        now_s = self._clock.monotonic()
        if now_s >= self._line_at_s:
            self._line_at_s = now_s + _LINE_EVERY_S
            tally = self.tally
            self._told(
                f"{now_s - self._began_s:6.0f} s  mutants {len(tally.mutants)}  kills {tally.kills}  "
                f"crash points {tally.points.total()}  seeds {tally.seeds.total()}  broken {tally.broken}"
            )
            self.write()

    # What is played next --------------------------------------------------------------------------------------------

    def _jobs(self, parts: dict[str, Iterator[Any]]) -> Iterator[Any]:
        """The next job of whatever lags behind most. Kills come one run at a time: they need a whole processor."""
        while parts:
            done = {"seeds": self.tally.seeds.total(), "crash points": self.tally.points.total()}
            done["kills"] = self.tally.kills + self._under_way["kills"]
            name = min(parts, key=lambda part: done[part] / _TOGETHER[part])
            if name == "kills" and self.tally.kills and self._past(self._ends_s - _KILLS_LAST_S):
                del parts[name]
                continue
            job = next(parts[name], None)
            if job is None:
                del parts[name]
                continue
            self._under_way["kills"] += _KILLS_AT_ONCE * isinstance(job, _Kills)
            yield job

    def _seeds(self) -> Iterator[Job]:
        """Seeds of every way in turn, from where the last proof ended."""
        for turn in count():
            exchange, style = ways()[turn % len(ways())]
            yield Job(seed=self._memory.next_seed(f"{exchange} {style}"), exchange=exchange, style=style)

    def _points(self) -> Iterator[_Points]:
        """Rows of the matrix of every way in turn, with points that lie evenly over it."""
        sources = [self._rows_of(exchange, style) for exchange, style in ways()]
        while sources:
            for source in list(sources):
                row = next(source, None)
                if row is None:
                    sources.remove(source)
                else:
                    yield row

    def _rows_of(self, exchange: str, style: str) -> Iterator[_Points]:
        matrix, following, way = Matrix(exchange, style), self._memory.next_point, f"{exchange} {style}"
        numbers = matrix.numbers(following.get(way, 0))
        while sample := list(islice(numbers, _POINTS_A_ROW * len(matrix.rows))):
            places: dict[int, list[int]] = {}
            begun = 0
            for row, place in map(matrix.place, sample):
                places.setdefault(row, []).append(place)
            for row, chosen in places.items():
                begun += len(chosen)
                following[way] = sample[min(begun, len(sample) - 1)]
                yield _Points(matrix.rows[row], matrix.first(row), tuple(chosen))

    def _kills(self) -> Iterator[_Kills]:
        """Real kills, in runs that each end with a judgement."""
        while True:
            yield _Kills(self._memory.next_kill(), max(1.0, self._ends_s - self._clock.monotonic()))

    # What came of it ------------------------------------------------------------------------------------------------

    def _count(self, found: Any) -> None:
        job = found.job if isinstance(found, Lost) else None
        if isinstance(job, _Kills) or isinstance(found, kills.KillReport):
            self._under_way["kills"] -= _KILLS_AT_ONCE
        if isinstance(found, Result):
            self.tally.count_seed(found)
        elif isinstance(found, kills.KillReport):
            self.tally.count_kills(found, _Kills(found.seed, 0).command)
        elif isinstance(job, Job):
            self.tally.fail(f"{job.exchange} {job.style} seed {job.seed}", found.why, job.command)
        elif isinstance(job, _Kills):
            self.tally.fail("real kills", found.why, job.command)
        elif isinstance(job, _Points):
            self.tally.fail(f"crash points of {job.row}", found.why, "helix-sim --crash-points 100")
        else:
            for played in found:
                self.tally.count_point(played)


def _work(job: Job | _Points | _Kills) -> Any:
    """Done in a process of its own."""
    if isinstance(job, Job):
        return run_job(job)
    if isinstance(job, _Points):
        return grow(job.row, job.first, job.places)
    run = kills.run(kills=_KILLS_AT_ONCE, seed=job.seed, paths=ways(), deadline_s=job.deadline_s)
    return asyncio.run(run)
