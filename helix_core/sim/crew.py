"""Many processes for many jobs: one that hangs or dies loses its own job and nothing else."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from helix_core.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from multiprocessing.connection import Connection

J = TypeVar("J")
_LOOK_S = 1.0
_JOBS_OF_A_LIFE = 400
"""A worker is replaced after so many jobs, so that nothing it leaves behind adds up."""


@dataclass(frozen=True, slots=True)
class Lost(Generic[J]):
    """A job without a result, and why."""

    job: J
    why: str


class _Hand:
    """One worker process."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([work.__module__])  # imported once, not once in each worker
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_toil, args=(theirs, work))
        self.process.start()
        theirs.close()
        self.job: Any = None
        self.busy, self.done, self.since_s = False, 0, 0.0

    def give(self, job: object, now_s: float) -> None:
        self.job, self.busy, self.since_s = job, True, now_s
        self.pipe.send(job)

    def take(self) -> object:
        self.busy = False
        self.done += 1
        try:
            return self.pipe.recv()
        except (EOFError, OSError):
            self.process.join(_LOOK_S)
            return Lost(self.job, f"its process died with exit code {self.process.exitcode}")

    def is_late(self, now_s: float, limit_s: float) -> bool:
        return self.busy and now_s - self.since_s > limit_s

    def give_up(self, limit_s: float) -> object:
        self.kill()
        self.busy = False
        return Lost(self.job, f"no result within {limit_s:g} s")

    def is_spent(self) -> bool:
        """Whether another process must take its place; it is ended then."""
        if self.busy or (self.process.is_alive() and self.done < _JOBS_OF_A_LIFE):
            return False
        self.kill()
        return True

    def kill(self) -> None:
        """End the process and all that it started."""
        if self.process.pid is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.join()
        self.pipe.close()


def leaves(error: BaseException | None) -> Iterator[BaseException]:
    """What a group of errors is made of."""
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from leaves(part)
    elif error is not None:
        yield error


def _toil(pipe: Connection, work: Callable[[Any], Any]) -> None:
    os.setsid()
    with suppress(EOFError, OSError, KeyboardInterrupt):
        while True:
            job = pipe.recv()
            try:
                result = work(job)
            except Exception as error:  # noqa: BLE001 - a job that cannot be done is reported
                result = Lost(job, "; ".join(f"{type(leaf).__name__}: {leaf}" for leaf in leaves(error)))
            pipe.send(result)


def spread(
    work: Callable[[J], Any],
    jobs: Iterable[J],
    *,
    workers: int,
    limit_s: float,
    enough: Callable[[], bool] = lambda: False,
    idle: Callable[[], None] = lambda: None,
) -> Iterator[Any]:
    """What `work` makes of each job, as it comes; Lost for one that took more than `limit_s`, raised, or died.

    No job is begun once `enough` is true. `idle` is called about once a second.
    """
    clock, todo = SystemClock(), iter(jobs)
    hands = [_Hand(work) for _ in range(workers)]
    results: deque[Any] = deque()
    try:
        while True:
            for hand in hands:
                if not hand.busy and not enough():
                    for job in todo:
                        hand.give(job, clock.monotonic())
                        break
            busy = [hand for hand in hands if hand.busy]
            if not busy:
                return
            ready = wait([hand.pipe for hand in busy], _LOOK_S)
            results.extend(hand.take() for hand in busy if hand.pipe in ready)
            results.extend(hand.give_up(limit_s) for hand in busy if hand.is_late(clock.monotonic(), limit_s))
            hands = [_Hand(work) if hand.is_spent() else hand for hand in hands]
            idle()
            while results:
                yield results.popleft()
    finally:
        for hand in hands:
            hand.kill()
