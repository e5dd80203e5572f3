"""Runs plans: one, or many in several processes, each judged by the oracle."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from helix_core.domain.order import OrderKind
from helix_core.sim.calm import left_naked, needless
from helix_core.sim.naked import Naked, measure
from helix_core.sim.oracle import Violation, judge
from helix_core.sim.plan import Plan
from helix_core.sim.play import Play
from helix_core.sim.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from helix_core.sim.books import Books

DEDUP_WINDOW_S = 60
_BATCH = 50

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Which plan: a seed of one venue and one entry style."""

    seed: int
    exchange: str
    style: str

    @property
    def command(self) -> str:
        """What replays it."""
        return f"helix-sim --exchange {self.exchange} --style {self.style} --seed {self.seed} --trace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one run came to. `digest` is the same for the same plan and the same code."""

    job: Job
    violations: tuple[Violation, ...]
    naked: tuple[Naked, ...] = ()
    struck: Counter[str] = field(default_factory=Counter)
    orders: Counter[str] = field(default_factory=Counter)
    signals: int = 0
    lives: int = 0
    requests: int = 0
    virtual_s: float = 0.0
    cpu_s: float = 0.0
    digest: str = ""
    story: tuple[str, ...] = ()


def run(plan: Plan, *, tell: bool = False, stage: Stage | None = None, play: Play | None = None) -> Result:
    """Play one plan and judge it. What the harness itself trips over is a violation too.

    It is a fresh stage unless a `play` on a `stage` is given; the stage is closed in the end.
    """
    began_s = time.process_time()
    stage = stage or Stage(exchange=plan.exchange, settings=dict(plan.settings), epoch=plan.epoch)
    try:
        return _judged(plan, stage, play or Play(plan, stage, tell=tell), began_s, tell=tell)
    finally:
        stage.close()


def _judged(plan: Plan, stage: Stage, play: Play, began_s: float, *, tell: bool) -> Result:
    broken: list[Violation] = []
    play.prepare()
    try:
        stage.play(play.perform())
    except Exception as error:  # noqa: BLE001 - a seed that cannot be played is a finding, not the end of the run
        broken.append(Violation("harness", f"{type(error).__name__}: {error}"))
    books, troubles = play.books(), play.troubles()
    naked = tuple(measure(books, plan.epoch, troubles, stage.loop.time()))
    found = [
        *broken,
        *judge(books, accepted=play.accepted, dedup_window_s=DEDUP_WINDOW_S),
        *play.violations(),
        *left_naked(naked),
    ]
    if plan.is_calm and not play.weather.troubles and len(stage.lives) == 1:
        found.extend(needless(books))
    return Result(
        job=Job(seed=plan.seed, exchange=plan.exchange, style=plan.style),
        violations=tuple(dict.fromkeys(found)),
        naked=naked,
        struck=play.weather.struck,
        orders=_orders(books),
        signals=len(books.signals),
        lives=len(stage.lives),
        requests=play.weather.asked,
        virtual_s=stage.loop.time(),
        cpu_s=time.process_time() - began_s,
        digest=stage.story.digest,
        story=tuple(stage.story.text().splitlines()) if tell else (),
    )


def _orders(books: Books) -> Counter[str]:
    """Orders by what they were for, as the journal has them, and those of the entries that filled."""
    kinds = Counter(row["kind"] for row in books.journal.values())
    bought = {books.own_orders[fill.order_id] for fill in books.own_executions if fill.side.value == "BUY"}
    return kinds + Counter({"filled": len(bought), OrderKind.ENTRY.value: 0})


def run_job(job: Job) -> Result:
    """Play the plan of a seed."""
    return run(Plan.of(job.seed, job.exchange, job.style))


def run_many(jobs: Iterable[Job], workers: int = 1) -> Iterator[Result]:
    """Play many seeds, in `workers` processes, and yield each as it ends."""
    return _spread(run_job, jobs, workers)


def run_plans(plans: Iterable[Plan], workers: int = 1) -> Iterator[Result]:
    """Play many plans likewise."""
    return _spread(run, plans, workers)


def _spread(work: Callable[[T], Result], things: Iterable[T], workers: int) -> Iterator[Result]:
    if workers == 1:
        yield from map(work, things)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        pending = iter(things)
        while batch := list(islice(pending, _BATCH * workers)):
            yield from pool.map(work, batch, chunksize=4)
