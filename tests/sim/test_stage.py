"""A whole bot on the stage: it trades, dies anywhere, and lives again."""

from __future__ import annotations

import gc
import warnings
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from helix_core.domain.halt import HaltKind
from helix_core.engine import breaker
from helix_core.sandbox import prove
from helix_core.sim.stage import Stage
from helix_core.sim.strikes import Strike, StrikeKind

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from helix_core.sim.strikes import Asked


@pytest.fixture
def stage() -> Iterator[Stage]:
    with closing(Stage(exchange="binance")) as made:
        yield made


def rows(stage: Stage, query: str) -> list[tuple[Any, ...]]:
    return stage.database().execute(query).fetchall()


def bought(stage: Stage) -> Decimal:
    return stage.sandbox.venue.balances()["BTC"].total if "BTC" in stage.sandbox.venue.balances() else Decimal(0)


def on(name: str, strike: Strike) -> Callable[[Asked], Strike | None]:
    """Strike the first request of that name."""
    left = [strike]
    return lambda asked: left.pop() if left and asked.name == name else None


def play(stage: Stage, scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    stage.play(scenario())
    prove(stage.sandbox.venue)


def test_a_trade_from_alert_to_exit(stage: Stage):
    """Bytes in at the webhook end as fills at the venue, rows in the file and words to the owner."""

    async def scenario() -> None:
        assert await stage.ready()
        opened = await stage.alert("BUY")
        assert opened is not None
        assert opened.json()["status"] == "accepted"
        await stage.sleep(5)
        assert [order.stop_price is not None for order in stage.sandbox.venue.ledger.open_orders("BTC/USDT")].count(
            True
        )
        closed = await stage.alert("SELL")
        assert closed is not None
        assert closed.status == 200
        await stage.sleep(1)

    play(stage, scenario)

    assert rows(stage, "SELECT status FROM trades") == [("closed",)]
    assert len(stage.sandbox.venue.ledger.executions) == 2
    assert len(stage.messages) == 3


def test_a_crash_in_the_middle_of_everything(stage: Stage):
    """After a power cut at a moment in time the next life has the trade, and its sender got no answer."""

    async def scenario() -> None:
        await stage.ready()
        stage.loop.call_later(0.06, stage.crash, "a test")
        assert await stage.alert("BUY") is None
        assert not stage.alive
        assert await stage.ready()
        await stage.sleep(10)

    play(stage, scenario)

    assert len(stage.lives) == 2
    assert stage.lives[0].dead
    assert rows(stage, "SELECT status FROM trades") == [("open",)]
    assert bought(stage) > 0


@pytest.mark.parametrize("seam", ["commit:before", "commit:after", "send:before", "send:arrived", "answer:read"])
def test_a_crash_at_each_kind_of_seam(stage: Stage, seam: str):
    """Wherever an order's way is cut, the next life ends with at most one entry, and a stop under what is held."""
    armed: list[str] = []

    def cut(name: str, _number: int) -> bool:
        first = bool(armed) and name.startswith(seam) and (seam.startswith("commit") or "POST" in name)
        if first:
            armed.clear()
        return first

    async def scenario() -> None:
        await stage.ready()
        armed.append(seam)
        stage.on_seam = cut
        await stage.alert("BUY")
        await stage.ready()
        await stage.sleep(60)

    play(stage, scenario)

    assert not armed
    assert len(stage.lives) == 2
    entries = [order for order in stage.sandbox.venue.ledger.orders if order.side.value == "BUY"]
    assert len(entries) <= 1
    stops = stage.sandbox.venue.ledger.open_orders("BTC/USDT")
    assert bool(stops) == (bought(stage) > Decimal("0.001"))


def test_what_is_not_committed_is_gone_and_what_was_sent_arrives(stage: Stage):
    """A crash before a commit loses it; one after the sending does not call the request back."""
    stage.restart_after_s = None
    stage.on_seam = lambda name, _: name.startswith("commit:before") and "fills" in name

    async def scenario() -> None:
        await stage.ready()
        assert await stage.alert("BUY") is None
        await stage.sleep(5)

    play(stage, scenario)

    assert bought(stage) > 0
    assert rows(stage, "SELECT COUNT(*) FROM fills") == [(0,)]
    assert rows(stage, "SELECT kind FROM journal") == [("entry",)]


def test_the_dead_leave_nothing_behind(stage: Stage):
    """No task, coroutine or lock of a killed life is left over to be noticed later."""

    async def scenario() -> None:
        await stage.ready()
        stage.crash("a test")
        await stage.ready()
        await stage.alert("BUY")
        stage.crash("a test")
        await stage.ready()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        play(stage, scenario)
        gc.collect()

    assert [str(warning.message) for warning in caught if "never awaited" in str(warning.message)] == []


@pytest.mark.parametrize(
    ("strike", "entered"),
    [
        (Strike(kind=StrikeKind.NO_CONNECTION), True),
        (Strike(kind=StrikeKind.NO_CONNECTION, delay_s=4), True),
        (Strike(kind=StrikeKind.LOST_REQUEST), False),
        (Strike(kind=StrikeKind.SILENT_REQUEST), False),
        (Strike(kind=StrikeKind.LOST_ANSWER), True),
        (Strike(kind=StrikeKind.SILENT_ANSWER), True),
        (Strike(kind=StrikeKind.LATE, delay_s=1.5), True),
        (Strike(kind=StrikeKind.LATE_AFTER_RESET, delay_s=1.5), True),
        (Strike(kind=StrikeKind.SLOW_ANSWER, delay_s=3), True),
        (Strike(kind=StrikeKind.HTTP_5XX), False),
        (Strike(kind=StrikeKind.HTTP_5XX, done=True, status=502), True),
        (Strike(kind=StrikeKind.CUT_BODY), True),
        (Strike(kind=StrikeKind.GARBLED), True),
        (Strike(kind=StrikeKind.UNKNOWN_EXECUTION), False),
        (Strike(kind=StrikeKind.UNKNOWN_EXECUTION, done=True), True),
        (Strike(kind=StrikeKind.RATE_LIMITED, retry_after_s=2), False),
        (Strike(kind=StrikeKind.REFUSED), False),
        (Strike(kind=StrikeKind.KEY_REFUSED), False),
        (Strike(kind=StrikeKind.PARTIAL_FILL, fraction=Decimal("0.4")), True),
    ],
    ids=lambda value: (
        f"{value.kind}{'-done' if value.done else ''}-{value.delay_s:g}" if isinstance(value, Strike) else ""
    ),
)
def test_every_strike_on_an_entry(stage: Stage, strike: Strike, entered: bool):
    """Each strike does at the venue what its name says, and the bot ends with one entry or none, and covered."""
    stage.network.judge = on("POST /api/v3/order", strike)

    async def scenario() -> None:
        await stage.ready()
        await stage.alert("BUY")
        await stage.sleep(90)

    play(stage, scenario)

    entries = [order for order in stage.sandbox.venue.ledger.orders if order.side.value == "BUY" and order.executed]
    assert len(entries) == int(entered)
    assert bool(stage.sandbox.venue.ledger.open_orders("BTC/USDT")) == entered


def test_a_venue_that_refuses_is_itself_again_afterwards(stage: Stage):
    """A refusal strikes one request and leaves the venue's engine as it was."""
    stage.network.judge = on("POST /api/v3/order", Strike(kind=StrikeKind.REFUSED))

    async def scenario() -> None:
        await stage.ready()
        refused = await stage.alert("BUY")
        assert refused is not None
        assert refused.status == 409
        taken = await stage.alert("BUY")
        assert taken is not None
        assert taken.json()["status"] == "accepted"

    play(stage, scenario)


def test_a_full_disk_refuses_the_alert(stage: Stage):
    """An alert that cannot be stored is answered 503, and taken when there is room again."""

    async def scenario() -> None:
        await stage.ready()
        stage.disk.full, stage.disk.room = True, 0
        full = await stage.alert("BUY")
        assert full is not None
        assert full.status == 503
        stage.disk.full = False
        again = await stage.alert("BUY")
        assert again is not None
        assert again.status == 200

    play(stage, scenario)


def test_a_locked_database_is_waited_for(stage: Stage):
    """A lock of half a second costs half a second and nothing else."""

    async def scenario() -> None:
        await stage.ready()
        stage.disk.locked = True
        stage.loop.call_later(0.5, setattr, stage.disk, "locked", False)
        began_s = stage.loop.time()
        reply = await stage.alert("BUY")
        assert reply is not None
        assert reply.status == 200
        assert 0.5 <= stage.loop.time() - began_s < 1

    play(stage, scenario)


def test_the_owner_halts_beside_the_running_bot(stage: Stage):
    """A halt put into the file by another program stops the next entry, also after a crash meanwhile."""

    async def scenario() -> None:
        await stage.ready()
        async with stage.store() as store:
            stage.crash("a test")
            async with store.write() as session:
                await breaker.halt(session, HaltKind.MANUAL, "a test", stage.clock.now())
        await stage.ready()
        reply = await stage.alert("BUY")
        assert reply is not None
        assert reply.json()["reason"] == "trading_halted"

    play(stage, scenario)

    assert bought(stage) == 0


def test_a_bot_that_cannot_start_is_started_again_ever_more_slowly(stage: Stage):
    """While the venue is away the supervisor waits 1, 2, 4 ... s between starts; then all is well."""
    stage.network.judge = lambda _: Strike(kind=StrikeKind.NO_CONNECTION)

    async def scenario() -> None:
        assert not await stage.ready(within_s=20)
        stage.network.judge = lambda _: None
        assert await stage.ready()

    play(stage, scenario)

    pauses = [
        round(after.began_s - (before.ended_s or 0))
        for before, after in zip(stage.lives, stage.lives[1:], strict=False)
    ]
    assert pauses[:3] == [1, 2, 4]


def test_messages_wait_for_an_owner_who_cannot_be_reached(stage: Stage):
    """No message is lost while the owner cannot be reached."""
    stage.owner_fails = True

    async def scenario() -> None:
        await stage.ready()
        await stage.alert("BUY")
        assert stage.messages == []
        stage.owner_fails = False
        await stage.sleep(30)

    play(stage, scenario)

    assert len(stage.messages) == 2
