"""Delivery: in order, at least once, never skipping, and no notifier waits for another."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from helix_core import ConfigError, PluginError, RateLimited
from helix_core.notify import Delivery
from tests.notify.conftest import MemoryOutbox
from tests.notify.pigeons import CountingOutbox, Owl, Pigeon, delivering, gaps, hang
from tests.notify.virtual_time import VirtualClock, run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from helix_core import Notice


def test_messages_arrive_in_order_and_once() -> None:
    async def main() -> list[str]:
        outbox, pigeon = MemoryOutbox(120), Pigeon()
        async with delivering(outbox, pigeon):
            await asyncio.sleep(1)
        return pigeon.arrived

    assert run(main()) == [f"message {number}" for number in range(1, 121)]


def test_a_delivery_without_notifiers_goes_on_as_any_other() -> None:
    with pytest.raises(TimeoutError):
        run(asyncio.wait_for(Delivery((), MemoryOutbox(2), VirtualClock()).run(), 1000))


def test_a_failing_notifier_is_tried_again_ever_more_rarely_and_skips_nothing() -> None:
    async def main() -> Pigeon:
        outbox, pigeon = MemoryOutbox(2), Pigeon(*(OSError() for _ in range(9)))
        async with delivering(outbox, pigeon):
            await asyncio.sleep(400)
        return pigeon

    pigeon = run(main())

    assert gaps(pigeon) == [1, 2, 4, 8, 16, 32, 60, 60, 60, 0]
    assert pigeon.arrived == ["message 1", "message 2"]


def test_after_a_success_the_pauses_start_small_again() -> None:
    async def nothing() -> None: ...

    async def main() -> Pigeon:
        outbox, pigeon = MemoryOutbox(2), Pigeon(OSError(), OSError(), nothing, OSError())
        async with delivering(outbox, pigeon):
            await asyncio.sleep(60)
        return pigeon

    assert gaps(run(main())) == [1, 2, 0, 1]


@pytest.mark.parametrize(("asked_s", "paused_s"), [(45, 45), (0.5, 0.5), (None, 1), (0, 1), (-3, 1), (1e9, 3600)])
def test_a_pause_that_was_asked_for_is_kept(asked_s: float | None, paused_s: float) -> None:
    async def main() -> Pigeon:
        outbox, pigeon = MemoryOutbox(1), Pigeon(RateLimited("slow down", retry_after_s=asked_s))
        async with delivering(outbox, pigeon) as delivery:
            await asyncio.sleep(0.1)
            delivery.wake()  # news does not cut a pause short
            await asyncio.sleep(4000)
        return pigeon

    pigeon = run(main())

    assert gaps(pigeon) == [paused_s]
    assert pigeon.starts == 1  # nothing was wrong with the connection


def test_a_notifier_that_hangs_is_given_thirty_seconds() -> None:
    async def main() -> Pigeon:
        outbox, pigeon = MemoryOutbox(1), Pigeon(hang)
        async with delivering(outbox, pigeon):
            await asyncio.sleep(60)
        return pigeon

    assert gaps(run(main())) == [31]


def test_a_new_message_leaves_at_once_and_nobody_polls_in_between() -> None:
    async def main() -> tuple[list[float], int]:
        outbox, pigeon = CountingOutbox(), Pigeon()
        async with delivering(outbox, pigeon) as delivery:
            await asyncio.sleep(100)
            looks = outbox.looks
            outbox.add()
            delivery.wake()
            await asyncio.sleep(1)
        return pigeon.tries_at_s, looks

    tries_at_s, looks = run(main())

    assert tries_at_s == [100]
    assert looks == 4  # at 0, 30, 60 and 90 s


def test_a_message_whose_wake_up_was_lost_leaves_within_thirty_seconds() -> None:
    async def main() -> list[float]:
        outbox, pigeon = MemoryOutbox(), Pigeon()
        async with delivering(outbox, pigeon):
            await asyncio.sleep(1)
            outbox.add()
            await asyncio.sleep(40)
        return pigeon.tries_at_s

    assert run(main()) == [30]


def test_a_message_stored_while_another_is_being_delivered_does_not_wait() -> None:
    async def main() -> list[float]:
        outbox = MemoryOutbox(1)

        async def meanwhile() -> None:
            await asyncio.sleep(1)
            outbox.add()
            delivery.wake()

        pigeon = Pigeon(meanwhile)
        async with delivering(outbox, pigeon) as delivery:
            await asyncio.sleep(5)
        return pigeon.tries_at_s

    assert run(main()) == [0, 1]


def test_one_notifier_that_is_down_does_not_delay_the_other() -> None:
    async def main() -> tuple[list[float], Pigeon]:
        outbox, dead, alive = MemoryOutbox(3), Pigeon(*([hang] * 99)), Owl()
        async with delivering(outbox, dead, alive) as delivery:
            await asyncio.sleep(3)
            outbox.add()
            delivery.wake()
            await asyncio.sleep(3)
        return alive.tries_at_s, dead

    tries_at_s, dead = run(main())

    assert tries_at_s == [0, 0, 0, 3]
    assert dead.arrived == []


@pytest.mark.parametrize("trouble", [OSError(), asyncio.CancelledError(), SystemExit(1), TimeoutError(), hang])
def test_nothing_a_notifier_does_ends_its_delivery_or_the_program(
    trouble: BaseException | Callable[[], Awaitable[object]],
) -> None:
    async def main() -> list[str]:
        outbox, pigeon = MemoryOutbox(1), Pigeon(trouble)
        async with delivering(outbox, pigeon):
            await asyncio.sleep(60)
        return pigeon.arrived

    assert run(main()) == ["message 1"]


def test_a_notifier_that_cannot_start_is_tried_again_and_stays_visible() -> None:
    class LateRiser(Pigeon):
        async def start(self) -> None:
            await super().start()
            if self.starts < 4:
                message = "not yet"
                raise ConfigError(message)

    async def main() -> tuple[Pigeon, object, object, object]:
        outbox, pigeon = MemoryOutbox(1), LateRiser()
        async with delivering(outbox, pigeon) as delivery:
            await asyncio.sleep(5)
            during = dict(delivery.problems()), dict(delivery.lag())
            await asyncio.sleep(5)
            after = dict(delivery.problems()), dict(delivery.lag())
        return pigeon, during[0], during[1], after

    pigeon, problems, lag, after = run(main())

    assert pigeon.tries_at_s == [7]
    assert problems == {"pigeon": "ConfigError — not yet"}
    assert lag == {"pigeon": 5}
    assert after == ({}, {"pigeon": 0})


def test_a_failed_notifier_is_stopped_and_started_afresh() -> None:
    async def main() -> Pigeon:
        outbox, pigeon = MemoryOutbox(1), Pigeon(OSError(), OSError())
        async with delivering(outbox, pigeon):
            await asyncio.sleep(10)
        return pigeon

    pigeon = run(main())

    assert (pigeon.starts, pigeon.stops) == (3, 2)


def test_an_outbox_that_cannot_be_read_or_marked_is_tried_again() -> None:
    class Locked(MemoryOutbox):
        failures = 2

        async def pending(self, notifier: str, limit: int) -> Sequence[Notice]:
            self.fail_first(2)
            return await super().pending(notifier, limit)

        async def delivered(self, notifier: str, notice_id: int) -> None:
            self.fail_first(1)
            await super().delivered(notifier, notice_id)

        def fail_first(self, left: int) -> None:
            if self.failures == left:
                self.failures -= 1
                message = "the database is locked"
                raise OSError(message)

    async def main() -> list[str]:
        outbox, pigeon = Locked(2), Pigeon()
        async with delivering(outbox, pigeon):
            await asyncio.sleep(10)
        return pigeon.arrived

    assert run(main()) == ["message 1", "message 1", "message 2"]  # at least once: what is not noted comes again


def test_a_restart_goes_on_where_delivery_stopped() -> None:
    async def main() -> list[str]:
        outbox, first, second = MemoryOutbox(2), Pigeon(), Pigeon()
        async with delivering(outbox, first):
            await asyncio.sleep(1)
        outbox.add()
        async with delivering(outbox, second):
            await asyncio.sleep(1)
        return second.arrived

    assert run(main()) == ["message 3"]


def test_draining_delivers_what_is_left_and_stops_every_notifier() -> None:
    async def main() -> Pigeon:
        outbox, pigeon = MemoryOutbox(3), Pigeon(OSError())
        await Delivery([pigeon], outbox, VirtualClock()).drain(5)
        return pigeon

    pigeon = run(main())

    assert pigeon.arrived == ["message 1", "message 2", "message 3"]
    assert pigeon.stops == 2  # once after the failure, once at the end


def test_draining_takes_no_longer_than_it_may() -> None:
    async def main() -> tuple[float, list[str]]:
        outbox, dead, alive = MemoryOutbox(1), Pigeon(*([hang] * 99)), Owl()
        await Delivery([dead, alive], outbox, VirtualClock()).drain(5)
        return asyncio.get_running_loop().time(), alive.arrived

    assert run(main()) == (5, ["message 1"])


def test_draining_beside_a_running_delivery_repeats_nothing() -> None:
    async def slowly() -> None:
        await asyncio.sleep(1)

    async def main() -> list[str]:
        outbox, pigeon = MemoryOutbox(3), Pigeon(slowly, slowly, slowly)
        async with delivering(outbox, pigeon) as delivery:
            await asyncio.sleep(0.5)
            await delivery.drain(10)
        return pigeon.arrived

    assert run(main()) == ["message 1", "message 2", "message 3"]


def test_a_strangers_exception_is_logged_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> object:
        outbox, pigeon = MemoryOutbox(1), Pigeon(OSError("https://host/bot1:SECRET/send"))
        async with delivering(outbox, pigeon) as delivery:
            await asyncio.sleep(0.5)
            return dict(delivery.problems())

    assert run(main()) == {"pigeon": "OSError"}
    assert "SECRET" not in caplog.text
    assert "notifier pigeon: failure 1: OSError (pigeons.py:" in caplog.text


def test_two_notifiers_of_one_name_are_refused() -> None:
    with pytest.raises(PluginError, match="pigeon"):
        Delivery([Pigeon(), Pigeon()], MemoryOutbox(), VirtualClock())
