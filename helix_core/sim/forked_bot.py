"""Real bots, quickly: one process imports everything once, and each bot is a fork of it with a pid of its own.

A fork runs `helix run` itself, in its own folder and environment, and nothing of its parent's is left open in it. The
parent, the nursery, is a process of its own without a thread or a loop, and speaks JSON lines over its pipes.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
import tempfile
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from helix_core.errors import HelixError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

LOG = "helix.log"
_ANSWER_S = 60.0
_MOST_DESCRIPTORS = 256


class Nursery:
    """Starts and kills bots. Every call raises HelixError when the nursery itself does not answer."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Speak to the process that `nursery` has started."""
        self._process, self._turn = process, asyncio.Lock()

    async def warm_up(self, environment: Mapping[str, str]) -> None:
        """Get ready for bots with such an `environment`; the venue's address in it is one where nobody listens."""
        await self._ask(warm=dict(environment))

    async def start(self, folder: Path, environment: Mapping[str, str]) -> int:
        """Fork a bot into `folder` with `environment` and nothing else of this shell's. Returns its pid."""
        return int(await self._ask(start=dict(environment), folder=str(folder)))

    async def kill(self, pid: int) -> int | None:
        """Send SIGKILL and wait for the end. Returns minus the signal, or the code with which it had ended itself."""
        code: int | None = await self._ask(kill=pid)
        return code

    async def ended(self, pid: int) -> int | None:
        """The exit code of a bot that has ended by itself, None while it runs."""
        code: int | None = await self._ask(look=pid)
        return code

    async def _ask(self, **order: object) -> Any:
        into, out = self._process.stdin, self._process.stdout
        assert into is not None, "the nursery is opened with pipes"
        assert out is not None, "the nursery is opened with pipes"
        try:
            async with self._turn, asyncio.timeout(_ANSWER_S):
                into.write(json.dumps(order).encode() + b"\n")
                await into.drain()
                return json.loads(await out.readline())
        except (OSError, ValueError, TimeoutError) as error:
            raise HelixError(f"The nursery of bots does not answer: {type(error).__name__}.") from error


@asynccontextmanager
async def nursery() -> AsyncIterator[Nursery]:
    """A nursery. Every bot of it dies with the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "helix_core.sim.forked_bot"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Nursery(process)
    finally:
        assert process.stdin is not None, "the nursery is opened with pipes"
        process.stdin.close()
        async with asyncio.timeout(_ANSWER_S):
            await process.wait()


class _Nurse:
    """The other end of the pipes. A pid is ours until it has been waited for, so that no stranger can be hit."""

    def __init__(self) -> None:
        self._living: set[int] = set()

    def carry_out(self, order: Mapping[str, Any]) -> int | None:
        """One order of the Nursery."""
        if "warm" in order:
            _warm_up(order["warm"])
            return None
        if "start" in order:
            pid = _fork(order["folder"], order["start"])
            self._living.add(pid)
            return pid
        return self._kill(order["kill"]) if "kill" in order else self._wait(order["look"], os.WNOHANG)

    def kill_all(self) -> None:
        for pid in tuple(self._living):
            self._kill(pid)

    def _kill(self, pid: int) -> int | None:
        if pid in self._living:
            os.kill(pid, signal.SIGKILL)
        return self._wait(pid, 0)

    def _wait(self, pid: int, how: int) -> int | None:
        if pid not in self._living:
            return None
        found, status = os.waitpid(pid, how)
        if found == 0:
            return None
        self._living.discard(pid)
        return os.waitstatus_to_exitcode(status)


def _warm_up(environment: Mapping[str, str]) -> None:
    """Run a first bot in this process, which finds nobody at its venue's address and ends, its threads with it.

    What it leaves behind is what makes a fork quick: everything imported, every statement compiled.
    """
    from helix_core import app  # noqa: PLC0415 - not needed where the Nursery is
    from helix_core.cli.bot import load  # noqa: PLC0415 - likewise

    os.environ.update(environment)
    with tempfile.TemporaryDirectory(prefix="helix-nursery-") as folder:
        os.chdir(folder)
        settings, plugins = load()
        with suppress(HelixError, ExceptionGroup):
            asyncio.run(app.run(settings, plugins, app.World(), asyncio.Event()))
        os.chdir("/")
    gc.collect()
    gc.freeze()  # what is shared with the forks stays shared: no collector writes to it


def _fork(folder: str, environment: Mapping[str, str]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        code = _be_a_bot(folder, environment)
    finally:
        os._exit(code)


def _be_a_bot(folder: str, environment: Mapping[str, str]) -> int:
    """`helix run` in `folder`, with a log in place of a terminal. Returns its exit code."""
    from helix_core.cli import main  # noqa: PLC0415 - not needed where the Nursery is

    os.chdir(folder)
    log = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.closerange(3, _MOST_DESCRIPTORS)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["helix", "run"]
    try:
        main()
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _nurse() -> None:
    """Carry out orders until the input ends; then kill whoever still lives."""
    nurse, orders = _Nurse(), sys.stdin
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what the first bot logs is no answer
        for line in orders:
            answers.write(json.dumps(nurse.carry_out(json.loads(line))) + "\n")
            answers.flush()
    nurse.kill_all()


if __name__ == "__main__":
    _nurse()
