"""The oracle sees each broken promise: whole books pass, and every way of spoiling them is named by its rule."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from helix_core.domain.signal import Action
from helix_core.sandbox.orders import NewOrder, OrderType
from helix_core.sim.books import Books
from helix_core.sim.calm import left_naked, needless
from helix_core.sim.naked import Naked, Phase, Trouble, measure
from helix_core.sim.oracle import judge, quiet
from helix_core.sim.stage import Stage
from helix_core.sim.ways import ways

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCEPTED = ("first", "second", "third")


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A trade that is over, and one that is open under its stop."""
    with closing(Stage(exchange=ways()[0][0])) as made:

        async def scenario() -> None:
            assert await made.ready()
            for action, name in zip(("BUY", "SELL", "BUY"), ACCEPTED, strict=True):
                reply = await made.alert(action, name)
                assert reply is not None
                assert reply.status == 200
                await made.sleep(3)

        made.play(scenario())
        yield made


def judged(stage: Stage, change: str = "", accepted: tuple[str, ...] = ACCEPTED) -> set[str]:
    """The rules that are broken once `change` was made to a copy of the database."""
    with closing(sqlite3.connect(":memory:")) as copy:
        stage.database().backup(copy)
        copy.executescript(change)
        return {violation.rule for violation in judge(Books(stage.sandbox, copy), accepted=accepted)}


def test_whole_books_break_nothing(stage: Stage) -> None:
    """Without this every other case here would prove nothing."""
    assert judged(stage) == set()
    assert quiet(Books(stage.sandbox, stage.database()))


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("I1", "UPDATE trades SET status = 'cancelled' WHERE status = 'open'"),
        ("I2", "UPDATE inbox SET done_at = NULL WHERE signal_row = 2"),
        ("I2", "UPDATE signals SET action = 'rejected' WHERE id = 1"),
        ("I4", "DELETE FROM journal WHERE kind = 'entry' AND signal_row = 1"),
        ("I6", "UPDATE journal SET state = 'unknown' WHERE kind = 'exit'"),
        ("I11", "UPDATE fills SET price = '1' WHERE side = 'SELL'"),
        ("I11", "DELETE FROM fills WHERE side = 'SELL'"),
        ("I11", "UPDATE results SET pnl = '0'"),
        (
            "unforeseen",
            "INSERT INTO halts (kind, detail, raised_at) VALUES ('manual', 'unexpected: x', '2026-03-01 12:00:00')",
        ),
    ],
)
def test_spoilt_books_are_seen(stage: Stage, rule: str, change: str) -> None:
    """Each change to the database breaks its own rule."""
    assert rule in judged(stage, change)


def test_an_accepted_alert_that_is_not_stored_is_seen(stage: Stage) -> None:
    """What was answered with success must be in the books."""
    assert "I2" in judged(stage, accepted=(*ACCEPTED, "fourth"))


def test_a_signal_that_bought_twice_is_seen(stage: Stage) -> None:
    """Two entries that filled for one signal are one too many."""
    assert "I2" in judged(
        stage, "UPDATE journal SET signal_row = 1, attempt = 9 WHERE kind = 'entry' AND signal_row = 3"
    )


def test_a_position_without_its_stop_is_seen(stage: Stage) -> None:
    """Coins whose stop was taken away are under no stop, and nobody calls that quiet."""
    for order in Books(stage.sandbox, stage.database()).resting()[:1]:
        stage.sandbox.venue.cancel(order.order_id)

    assert "I3" in judged(stage)
    assert not quiet(Books(stage.sandbox, stage.database()))


def test_coins_that_a_human_sold_ask_for_a_halt(stage: Stage) -> None:
    """The bot must have noticed: it raised a halt, or the promise is broken."""
    books = Books(stage.sandbox, stage.database())
    for order in books.resting()[:1]:
        stage.sandbox.venue.cancel(order.order_id)
    held = stage.sandbox.venue.balances()[books.market.base].free
    lots = held // books.market.lot_step * books.market.lot_step
    sale = NewOrder(symbol=books.market.symbol, side=Action.SELL, type=OrderType.MARKET, quantity=lots)
    stage.sandbox.venue.place(sale)

    assert "I1" in judged(stage)
    noticed = "INSERT INTO halts (kind, detail, raised_at) VALUES ('reconcile', 'gone', '2026-03-01 12:00:00')"
    assert "I1" not in judged(stage, noticed)


def test_coins_of_the_owner_that_are_gone_ask_for_a_halt(stage: Stage) -> None:
    """Coins have no names: where a declared baseline shrank, it must be noticed; undeclared ones come and go."""
    books = Books(stage.sandbox, stage.database())
    some = Decimal("0.05")
    stage.sandbox.venue.transfer(books.market.base, some)
    sale = NewOrder(symbol=books.market.symbol, side=Action.SELL, type=OrderType.MARKET, quantity=some)
    stage.sandbox.venue.place(sale)
    declared = f"INSERT OR REPLACE INTO meta (key, value) VALUES ('baseline {books.market.base}', '{some} 0');"
    noticed = "INSERT INTO halts (kind, detail, raised_at) VALUES ('reconcile', 'gone', '2026-03-01 12:00:00');"

    assert "I1" not in judged(stage)
    assert "I1" in judged(stage, declared)
    assert "I1" not in judged(stage, declared + noticed)


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO halts (kind, detail, raised_at) VALUES ('reconcile', 'coins are missing', '2026-03-01 12:00:00')",
        "INSERT INTO halts (kind, detail, raised_at) VALUES ('manual', 'no stop', '2026-03-01 12:00:00')",
        "UPDATE signals SET rejection_reason = 'order_refused' WHERE id = 2",
    ],
)
def test_a_halt_or_a_failure_without_a_reason_is_seen(stage: Stage, change: str) -> None:
    """Where nothing went wrong, nothing may look as if it had; what the owner and the market did is no fault."""
    innocent = (
        "INSERT INTO halts (kind, detail, raised_at) VALUES"
        " ('manual', 'stopped by the owner', '2026-03-01 12:00:00'), ('daily_loss', '-25 %', '2026-03-01 12:00:00');"
        "UPDATE signals SET rejection_reason = 'no_open_position' WHERE id = 2;"
    )
    with closing(sqlite3.connect(":memory:")) as copy:
        stage.database().backup(copy)
        copy.executescript(innocent)
        assert list(needless(Books(stage.sandbox, copy))) == []
        copy.executescript(change)
        assert [violation.rule for violation in needless(Books(stage.sandbox, copy))] == ["calm"]


def test_too_long_without_a_stop_is_seen() -> None:
    """What no trouble explains may last 10 s; between the cancel of a stop and the sale nobody promises a time."""

    def stretch(excess_s: float, phase: Phase) -> Naked:
        return Naked(
            began_s=5.0, lasted_s=excess_s + 3, excess_s=excess_s, phase=phase, clean=False, touched_by="Outage"
        )

    assert list(left_naked([stretch(9.9, Phase.GAP), stretch(60, Phase.EXIT)])) == []
    assert [found.rule for found in left_naked([stretch(10.1, Phase.GAP), stretch(11, Phase.ENTRY)])] == ["I3", "I3"]


def test_time_without_a_stop_is_read_from_the_ledger(stage: Stage) -> None:
    """Between fill and stop lie some milliseconds of the wire; what a trouble explains is no excess."""
    books = Books(stage.sandbox, stage.database())
    epoch = stage.clock.now().replace(hour=12, minute=0, second=0, microsecond=0)

    clean = measure(books, epoch, (), 100.0)
    troubled = measure(books, epoch, (Trouble(0.0, 100.0, "outage"),), 100.0)

    entries = [naked for naked in clean if naked.phase is Phase.ENTRY]
    assert len(entries) == 2
    assert all(0 < naked.lasted_s < 1 and naked.clean for naked in entries)
    assert [naked.phase for naked in clean if naked not in entries] == [Phase.EXIT]
    assert all(naked.excess_s == 0 and not naked.clean for naked in troubled)
