"""An event loop whose time is simulated: it never sleeps, and the same program runs in the same order every time."""

from __future__ import annotations

import asyncio
import heapq
import math
from contextvars import Context, ContextVar, copy_context
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

from helix_core.errors import InvariantBroken

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Coroutine

_MOST_ROUNDS = 200_000
"""So many rounds of the loop without any time passing are a program that runs in circles."""
_MANY_CANCELLED = 200


class Process(Protocol):
    """What runs as one program, and can be killed as one."""

    dead: bool

    def adopt(self, task: asyncio.Task[Any], context: Context) -> None:
        """Take a task that the program has started."""


PROCESS: ContextVar[Process | None] = ContextVar("helix_sim_process", default=None)
"""Whose code is running. Tasks and callbacks inherit it; outside of any program it is None."""


class SimulatedTask(asyncio.Task[Any]):
    """A task with a number for its hash: sets of tasks (in TaskGroup) then have the same order in every run."""

    _numbers = count()

    def __init__(self, *args: Any, **more: Any) -> None:
        """Number the task, then start it."""
        self._number = next(self._numbers)
        super().__init__(*args, **more)

    def __hash__(self) -> int:
        """Its number."""
        return self._number

    def __eq__(self, other: object) -> bool:
        """Only with itself."""
        return self is other


class _Call(asyncio.Handle):
    """A call to be made, without what asyncio keeps for debugging: half of what a loop costs is this."""

    __slots__ = ()

    def __init__(
        self, callback: Callable[..., object], args: tuple[Any, ...], loop: asyncio.AbstractEventLoop, context: Context
    ) -> None:
        self._callback, self._args, self._loop, self._context = callback, args, loop, context
        self._cancelled, self._repr, self._source_traceback = False, None, None


class VirtualLoop(asyncio.BaseEventLoop):
    """A loop without clock, sockets and threads.

    `time()` begins at 0 and jumps to the next timer when nothing is ready.

    Nothing that belongs to a dead `Process` is ever run again: its tasks stay where they are.
    """

    _ready: deque[asyncio.Handle]

    def __init__(self) -> None:
        """Begin at 0 s."""
        super().__init__()
        self._now_s = 0.0
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._timer_numbers = count()
        self._cancelled_timers = 0
        self._rounds = 0

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._now_s

    @property
    def busy(self) -> bool:
        """Whether anything else would run now if the caller let it."""
        return bool(self._ready)

    @property
    def next_s(self) -> float:
        """When something will happen next: now, or at the next timer. Infinite when nothing will."""
        if self._ready:
            return self._now_s
        return self._timers[0][0] if self._timers else math.inf

    def create_task(  # type: ignore[override]
        self, coro: Coroutine[Any, Any, Any], *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[Any]:
        """Start a task as a part of the program whose context it gets."""
        context = copy_context() if context is None else context
        task = SimulatedTask(coro, loop=self, name=name, context=context)
        process = context.get(PROCESS)
        if process is not None:
            process.adopt(task, context)
        return task

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Run `callback` in the next round, in the order of the calls."""
        context = copy_context() if context is None else context
        handle = _Call(callback, args, self, context)
        process = context.get(PROCESS)
        if process is None or not process.dead:
            self._ready.append(handle)
        return handle

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run `callback` so many seconds from now."""
        return self.call_at(self._now_s + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run `callback` at that time; two at the same time in the order of the calls."""
        context = copy_context() if context is None else context
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        process = context.get(PROCESS)
        if process is None or not process.dead:
            timer._scheduled = True  # type: ignore[attr-defined]  # noqa: SLF001 - as asyncio's own loops do
            heapq.heappush(self._timers, (when, next(self._timer_numbers), timer))
        return timer

    def call_soon_threadsafe(self, *_: Any, **__: Any) -> asyncio.Handle:  # type: ignore[override]
        """Raise: another thread would be a clock of its own."""
        message = "a thread in a simulation: what it does cannot be repeated"
        raise InvariantBroken(message)

    def run_in_executor(self, *_: Any) -> Any:  # type: ignore[override]
        """Raise, as `call_soon_threadsafe` does."""
        self.call_soon_threadsafe()

    def forget(self, process: Process) -> None:
        """Drop everything that a program which has just died still had in hand."""
        for handle in self._ready:
            if handle._context.get(PROCESS) is process:  # type: ignore[attr-defined]  # noqa: SLF001
                handle.cancel()
        for _, _, timer in self._timers:
            if timer._context.get(PROCESS) is process and not timer.cancelled():  # type: ignore[attr-defined]  # noqa: SLF001
                timer.cancel()

    def _timer_handle_cancelled(self, _handle: asyncio.TimerHandle) -> None:
        self._cancelled_timers += 1

    def _asyncgen_finalizer_hook(self, _agen: Any) -> None:
        """Leave it: the garbage collector comes at a time of its own, and must not start anything."""

    def _run_once(self) -> None:
        timers, ready = self._timers, self._ready
        if self._cancelled_timers > _MANY_CANCELLED and 2 * self._cancelled_timers > len(timers):
            timers[:] = [entry for entry in timers if not entry[2]._cancelled]  # noqa: SLF001
            heapq.heapify(timers)
            self._cancelled_timers = 0
        if not ready:
            self._jump()
        while timers and timers[0][0] <= self._now_s:
            timer = heapq.heappop(timers)[2]
            timer._scheduled = False  # type: ignore[attr-defined]  # noqa: SLF001
            ready.append(timer)
        self._rounds += 1
        if self._rounds > _MOST_ROUNDS:
            message = f"the program runs in circles at {self._now_s:.3f} s"
            raise InvariantBroken(message)
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:  # noqa: SLF001
                handle._run()  # noqa: SLF001

    def _jump(self) -> None:
        """Let time pass until the next timer. Raises InvariantBroken when there is none: nothing would ever happen."""
        timers = self._timers
        while timers and timers[0][2]._cancelled:  # noqa: SLF001
            heapq.heappop(timers)
            self._cancelled_timers = max(0, self._cancelled_timers - 1)
        if not timers:
            message = f"at {self._now_s:.3f} s everybody waits, and nothing will ever happen"
            raise InvariantBroken(message)
        if timers[0][0] > self._now_s:
            self._now_s, self._rounds = timers[0][0], 0
