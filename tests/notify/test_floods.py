"""Many messages at once, and messages that nobody can deliver: counted, paced, put away; nothing is lost unseen."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from helix_core import NoticeKind
from helix_core.notify.flood import gathered
from helix_core.store.database import Store
from helix_core.store.outbox import StoredOutbox, dead_letters, owe
from helix_plugins.telegram import TelegramNotifier
from tests.notify.conftest import MemoryOutbox, notice
from tests.notify.pigeons import Owl, Pigeon, delivering
from tests.notify.virtual_time import VirtualClock, run

if TYPE_CHECKING:
    from pathlib import Path

    from helix_core import Notice

DAY_S, HOUR_S = 86_400, 3_600
REJECTED, OPENED = NoticeKind.SIGNAL_REJECTED, NoticeKind.TRADE_OPENED


def many(
    count: int, kind: NoticeKind = REJECTED, text: str = "⚠️ SIGNAL REJECTED: Position already open"
) -> list[Notice]:
    return [replace(notice(number, text), kind=kind) for number in range(1, count + 1)]


def test_ten_rejections_that_piled_up_become_one_that_counts_them() -> None:
    (one,) = gathered(many(40))

    assert one.text == ("40 messages since 2026-05-15 08:14 UTC:\n⚠️ SIGNAL REJECTED: Position already open (40 times)")
    assert one.notice_id == 40, "delivered means all of them"
    assert len(gathered(many(9))) == 9, "a few are told one by one"


def test_different_texts_stay_apart_and_the_longest_list_says_how_many_it_leaves_out() -> None:
    mixed = [replace(one, text=f"text {one.notice_id % 15}") for one in many(45)]

    (one,) = gathered(mixed)

    lines = one.text.split("\n")
    assert lines[1:3] == ["text 1 (3 times)", "text 2 (3 times)"]
    assert lines[-1] == "… and 15 others"
    assert len(lines) == 12
    assert len(one.text) < 4096


def test_what_became_of_money_is_never_put_together() -> None:
    trades = many(30, OPENED, "opened")

    assert gathered(trades) == trades


@given(st.lists(st.sampled_from([REJECTED, NoticeKind.ERROR, OPENED, NoticeKind.HALT_RAISED]), max_size=60))
def test_order_and_money_survive_any_flood(kinds: list[NoticeKind]) -> None:
    notices = [replace(notice(number), kind=kind) for number, kind in enumerate(kinds, start=1)]

    told = gathered(notices)

    numbers = [one.notice_id for one in told]
    assert numbers == sorted(numbers)
    assert (numbers[-1:] or [0]) == [len(notices)]
    quiet = {OPENED, NoticeKind.HALT_RAISED}
    assert [one for one in told if one.kind in quiet] == [one for one in notices if one.kind in quiet]


def test_after_an_outage_a_flood_arrives_as_one_message_in_its_place() -> None:
    async def main() -> tuple[list[str], dict[str, int]]:
        outbox, pigeon = MemoryOutbox(), Pigeon(*(OSError() for _ in range(9)))
        outbox.notices = [notice(1, "first"), *(replace(one, notice_id=1 + one.notice_id) for one in many(30))]
        outbox.add("last")
        async with delivering(outbox, pigeon):
            await asyncio.sleep(400)
        return pigeon.arrived, outbox.cursors

    arrived, cursors = run(main())

    assert [text.split("\n")[0] for text in arrived] == ["first", "30 messages since 2026-05-15 08:14 UTC:", "last"]
    assert cursors == {"pigeon": 32}


def test_a_medium_that_asks_for_a_pause_between_two_messages_gets_it_and_nobody_else_waits() -> None:
    class Slow(Pigeon):
        pause_s = 1.0

    async def main() -> tuple[list[float], list[float]]:
        outbox, slow, owl = MemoryOutbox(4), Slow(), Owl()
        async with delivering(outbox, slow, owl) as delivery:
            await asyncio.sleep(10)
            outbox.add()
            delivery.wake()
            await asyncio.sleep(10)
        return slow.tries_at_s, owl.tries_at_s

    assert run(main()) == ([0, 1, 2, 3, 10], [0, 0, 0, 0, 10])


def test_a_day_of_outage_loses_nothing() -> None:
    """24 hours without the medium: all messages come, in order, once it is back."""

    async def main() -> tuple[list[str], dict[int, str]]:
        outbox, pigeon = MemoryOutbox(3), Pigeon()
        began = asyncio.get_running_loop().time()

        async def out_of_order() -> None:
            if asyncio.get_running_loop().time() < began + DAY_S:
                pigeon.troubles.append(out_of_order)
                raise OSError

        pigeon.troubles.append(out_of_order)
        async with delivering(outbox, pigeon):
            await asyncio.sleep(DAY_S + 61)
        return pigeon.arrived, outbox.given_up

    assert run(main()) == (["message 1", "message 2", "message 3"], {})


def test_what_could_not_be_delivered_for_a_day_is_put_away_and_what_is_newer_is_not() -> None:
    async def main() -> tuple[Pigeon, MemoryOutbox]:
        outbox, pigeon, clock = MemoryOutbox(3), Pigeon(), VirtualClock()
        down = [OSError() for _ in range(int(DAY_S / 60) + 60)]
        pigeon.troubles.extend(down)
        async with delivering(outbox, pigeon):
            await asyncio.sleep(20 * HOUR_S)
            outbox.notices.append(replace(notice(4, "newer"), at=clock.now()))
            await asyncio.sleep(10 * HOUR_S)
        return pigeon, outbox

    pigeon, outbox = run(main())

    assert outbox.given_up == {1: "OSError", 2: "OSError", 3: "OSError"}
    newer, told = pigeon.arrived
    assert newer == "newer"
    assert told == (
        "❌ ERROR: Messages — what pigeon could not deliver for a day does not come any more; the database keeps it "
        "(table dead_letters)"
    )


def test_one_message_that_a_medium_never_takes_does_not_hold_up_the_others_for_ever() -> None:
    class Fussy(Pigeon):
        async def notify(self, notice: Notice) -> None:
            if notice.text == "message 1":
                message = "cannot be told"
                raise ValueError(message)
            await super().notify(notice)

    async def main() -> list[str]:
        outbox, fussy, clock = MemoryOutbox(1), Fussy(), VirtualClock()
        async with delivering(outbox, fussy):
            await asyncio.sleep(HOUR_S)
            outbox.notices.append(replace(notice(2), at=clock.now()))
            await asyncio.sleep(DAY_S)
        return fussy.arrived

    assert run(main())[0] == "message 2"


def test_an_old_message_of_a_bot_that_was_off_is_tried_before_it_is_given_up() -> None:
    """One failed attempt is no day of them."""

    async def main() -> list[str]:
        outbox, pigeon = MemoryOutbox(1), Pigeon(OSError())
        outbox.notices = [replace(notice(1), at=VirtualClock().now() - timedelta(days=3))]
        async with delivering(outbox, pigeon):
            await asyncio.sleep(60)
        return pigeon.arrived

    assert run(main()) == ["message 1"]


async def test_the_stored_outbox_keeps_what_was_given_up_and_counts_it(tmp_path: Path) -> None:
    now = datetime(2026, 5, 15, 12, 0, tzinfo=UTC)
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/helix.db")
    outbox = StoredOutbox(store)
    await outbox.register(["telegram", "log"])
    for hours in (30, 25, 1):
        async with store.write() as session:
            owe(session, NoticeKind.ERROR, f"{hours} hours ago", now - timedelta(hours=hours))

    count = await outbox.give_up("telegram", now - timedelta(days=1), "TimedOut", now, "put away")
    again = await outbox.give_up("telegram", now - timedelta(days=1), "TimedOut", now, "put away")

    assert (count, again) == (2, 0)
    assert [one.text for one in await outbox.pending("telegram", 9)] == ["1 hours ago", "put away"]
    assert len(await outbox.pending("log", 9)) == 4, "another notifier still has all of them to deliver"
    async with store.read() as session:
        assert await dead_letters(session) == {"telegram": 2}
    await store.close()


def test_a_chat_gets_one_message_a_second() -> None:
    assert TelegramNotifier.pause_s == 1
