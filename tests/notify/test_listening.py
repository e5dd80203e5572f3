"""Listening: a line that fails is begun again, one that hangs is cut, and nobody else notices."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from helix_core import Notifier, RateLimited, Reply, Said
from helix_core.notify.listening import Listening
from tests.notify.pigeons import Pigeon, hang
from tests.notify.virtual_time import VirtualClock, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from helix_core import OwnerDesk

    Trouble = BaseException | Callable[[], Awaitable[object]]


class Parrot(Pigeon):
    """Listens after the given troubles, and remembers when it tried."""

    name = "parrot"

    async def listen(self, desk: OwnerDesk) -> None:
        if await self.meet_trouble():
            return
        while True:
            desk.in_touch()
            await asyncio.sleep(60)


async def hear(medium: str, said: Said) -> Reply | None:
    return Reply(text=f"{medium}: {said.words}")


@asynccontextmanager
async def listening(*notifiers: Notifier) -> AsyncIterator[Listening]:
    listener = Listening(notifiers, {"status": "How it is"}, VirtualClock())
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(listener.run(hear))
        yield listener
        running.cancel()


def test_a_line_that_fails_is_begun_again_ever_more_rarely_for_ever() -> None:
    async def main() -> Parrot:
        parrot = Parrot(*(OSError() for _ in range(9)))
        async with listening(parrot) as listener:
            await asyncio.sleep(400)
            assert listener.problems() == {}
        return parrot

    tries = run(main()).tries_at_s
    assert [late - early for early, late in pairwise(tries)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_line_that_hangs_is_cut_after_two_minutes_and_begun_again() -> None:
    async def main() -> tuple[list[float], dict[str, str]]:
        parrot = Parrot(hang)
        async with listening(parrot) as listener:
            await asyncio.sleep(120.5)
            problems = dict(listener.problems())
            await asyncio.sleep(1000)
            assert listener.problems() == {}
        return parrot.tries_at_s, problems

    assert run(main()) == ([0, 121], {"parrot": "TimeoutError"})


def test_a_line_that_breaks_soon_after_it_stood_is_not_begun_anew_every_second() -> None:
    class Unsteady(Parrot):
        async def listen(self, desk: OwnerDesk) -> None:
            self.tries_at_s.append(asyncio.get_running_loop().time())
            desk.in_touch()
            raise OSError

    async def main() -> list[float]:
        parrot = Unsteady()
        async with listening(parrot):
            await asyncio.sleep(60)
        return parrot.tries_at_s

    assert run(main()) == [0, 1, 3, 7, 15, 31]


@pytest.mark.parametrize(("asked_s", "paused_s"), [(45, 45), (0, 1), (1e9, 3600)])
def test_a_pause_that_was_asked_for_is_kept(asked_s: float, paused_s: float) -> None:
    async def main() -> list[float]:
        parrot = Parrot(RateLimited("slow down", retry_after_s=asked_s))
        async with listening(parrot):
            await asyncio.sleep(4000)
        return parrot.tries_at_s

    assert run(main()) == [0, paused_s]


@pytest.mark.parametrize(
    "trouble",
    [OSError(), asyncio.CancelledError(), SystemExit(1), hang],
    ids=["an error", "a cancellation", "an exit", "silence"],
)
def test_nothing_one_listener_does_reaches_another_or_the_program(trouble: Trouble) -> None:
    class Quiet(Parrot):
        name = "quiet"

    async def main() -> tuple[Listening, Parrot]:
        bad, good = Parrot(*([trouble] * 99)), Quiet()
        async with listening(bad, good) as listener:
            await asyncio.sleep(300)
            assert set(listener.problems()) == {"parrot"}
        return listener, good

    listener, good = run(main())
    assert good.tries_at_s == [0]
    assert listener.lines[1].since is not None


def test_a_notifier_that_takes_no_commands_is_asked_once_and_is_no_problem() -> None:
    async def main() -> Listening:
        async with listening(Pigeon()) as listener:
            await asyncio.sleep(1000)
            assert listener.problems() == {}
        return listener

    assert [line.listens for line in run(main()).lines] == [False]


def test_a_listener_that_gives_up_is_begun_again() -> None:
    class Weary(Parrot):
        async def listen(self, desk: OwnerDesk) -> None:
            desk.in_touch()
            await super().listen(desk)

    async def nothing() -> None: ...

    async def main() -> list[float]:
        parrot = Weary(nothing)
        async with listening(parrot):
            await asyncio.sleep(100)
        return parrot.tries_at_s

    assert run(main()) == [0, 1]


def test_what_is_heard_is_answered_under_the_notifiers_name() -> None:
    class Talker(Parrot):
        async def listen(self, desk: OwnerDesk) -> None:
            reply = await desk.hear(Said(number="1", words="status", by="me"))
            assert reply is not None
            self.arrived.append(reply.text)
            self.arrived += desk.menu
            await super().listen(desk)

    async def main() -> tuple[list[str], int]:
        parrot = Talker()
        async with listening(parrot) as listener:
            await asyncio.sleep(1)
        return parrot.arrived, listener.lines[0].answered

    assert run(main()) == (["parrot: status", "status"], 1)


def test_strangers_are_counted_and_do_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    class Popular(Parrot):
        async def listen(self, desk: OwnerDesk) -> None:
            for _ in range(1000):
                desk.ignored()
                await asyncio.sleep(0.1)
            await super().listen(desk)

    async def main() -> int:
        async with listening(Popular()) as listener:
            await asyncio.sleep(110)
            return listener.lines[0].strangers

    assert run(main()) == 1000
    assert len([text for text in caplog.messages if "not from the owner" in text]) == 2


def test_a_strangers_exception_is_logged_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> dict[str, str]:
        async with listening(Parrot(OSError("https://host/bot1:SECRET/getUpdates"))) as listener:
            await asyncio.sleep(0.5)
            return dict(listener.problems())

    assert run(main()) == {"parrot": "OSError"}
    assert "SECRET" not in caplog.text
    assert "parrot does not listen: failure 1: OSError (pigeons.py:" in caplog.text


@pytest.mark.parametrize("number", ["", " ", "1 2", "1\n"])
def test_what_was_said_has_a_number_that_names_it(number: str) -> None:
    with pytest.raises(ValueError, match="number"):
        Said(number=number, words="stop", by="me")
