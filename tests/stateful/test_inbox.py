"""The inbox under any alerts: repeats, senders at once, restarts and a clock that is set back; nothing lost or doubled.

The window is counted in time that really passed. A clock set forwards shortens it and one set back prolongs it by as
much as it was moved, which the model allows, and nothing else.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from contextlib import ExitStack
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlmodel import select

from helix_core import Action, Signal
from helix_core.store import inbox, journal, trades
from helix_core.store.database import Store
from helix_core.store.schema import SignalRow, TradeRow
from tests.stateful.depth import depth
from tests.stateful.hand_clock import HandClock
from tests.stateful.rows import IN_MEMORY, entry_row, position

WINDOW_S = 60
ids = st.sampled_from(["Long", "Long#3"])


class InboxMachine(RuleBasedStateMachine):
    """Alerts come in; a worker ends each stored one, now and then in the middle of a restart."""

    @initialize()
    def open(self) -> None:
        self.cleaning = ExitStack()
        self.runner = self.cleaning.enter_context(asyncio.Runner())
        self.folder = self.cleaning.enter_context(tempfile.TemporaryDirectory(dir=IN_MEMORY))
        self.clock = HandClock()
        self.first_of_window: dict[str, tuple[float, float]] = {}
        self.accepted: list[int] = []
        self.ended: set[int] = set()
        self.came = 0
        self.stepped_s = 0.0
        self.runner.run(self._reopen())

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.runner.run(self.store.close())
            self.cleaning.close()

    async def _reopen(self) -> None:
        self.store = await Store.open(f"sqlite+aiosqlite:///{self.folder}/helix.db")

    async def _append(self, signal_id: str) -> tuple[int, int | None]:
        signal = Signal(signal_id=signal_id, action=Action.BUY, symbol="BTC/USDT", price=Decimal(1))
        async with self.store.write() as session:
            stored, earlier = await inbox.append(session, signal, "{}", self.clock.now(), WINDOW_S)
        async with self.store.read() as session:
            assert await inbox.seen_before(session, stored, WINDOW_S) is (earlier is not None), "gate 3 sees the same"
        return stored.row, earlier

    @rule(signal_id=ids, senders=st.integers(1, 4))
    def alert(self, signal_id: str, senders: int) -> None:
        """The same alert, from so many senders at once: one of them at most is new."""

        async def all_at_once() -> list[tuple[int, int | None]]:
            return list(await asyncio.gather(*(self._append(signal_id) for _ in range(senders))))

        answers = self.runner.run(all_at_once())
        new = [row for row, earlier in answers if earlier is None]
        self.came += senders
        assert len(new) <= 1, "never two from one alert"
        self._judge(signal_id, is_new=bool(new))
        self.accepted += new

    def _judge(self, signal_id: str, *, is_new: bool) -> None:
        at, stepped = self.first_of_window.get(signal_id, (None, 0.0))
        if at is None:
            assert is_new, "the first of its name is never a repeat"
        else:
            window_s = WINDOW_S - (self.stepped_s - stepped)
            assert is_new is (self.clock.monotonic() - at >= window_s)
        if is_new:
            self.first_of_window[signal_id] = (self.clock.monotonic(), self.stepped_s)

    @rule(seconds=st.sampled_from([1, 59, 60, 86_400]))
    def wait(self, seconds: int) -> None:
        self.clock.pass_(seconds)

    @rule(signal_id=ids, pause_s=st.sampled_from([1, 59, 60, 61]), again=st.booleans())
    def alert_and_its_repeat(self, signal_id: str, pause_s: int, again: bool) -> None:
        """The same alert after a second, just within the window, and just after it; and a second time."""
        for _ in range(1 + again):
            self.alert(signal_id, 1)
            self.wait(pause_s)
        self.alert(signal_id, 1)

    @rule(seconds=st.sampled_from([-3600, -2, -0.5, 0.5, 2]))
    def the_clock_is_set(self, seconds: float) -> None:
        self.clock.step(seconds)
        self.stepped_s += seconds

    @rule()
    def restart(self) -> None:
        self.runner.run(self.store.close())
        self.runner.run(self._reopen())

    @precondition(lambda self: len(self.accepted) > len(self.ended))
    @rule(traded=st.booleans())
    def work(self, traded: bool) -> None:
        """The worker takes the oldest signal without an end, as the database names it, and ends it."""

        async def end_the_oldest() -> int:
            async with self.store.read() as session:
                stored = (await inbox.unfinished(session))[0]
            now = self.clock.now()
            async with self.store.write() as session:
                trade_id = None
                if traded:
                    entry = entry_row(stored.row, now)
                    await journal.add(session, entry)
                    trade_id = (await trades.open_trade(session, stored, entry, "x", position(Decimal(0)), now)).id
                await inbox.finish(session, stored.row, now, trade_id=trade_id, reason=None if traded else "no")
            return stored.row

        row = self.runner.run(end_the_oldest())
        assert row not in self.ended, "no signal is handed out after its end"
        self.ended.add(row)

    @invariant()
    def every_alert_is_stored_and_every_new_one_ends_once(self) -> None:
        async def look() -> tuple[Any, ...]:
            async with self.store.read() as session:
                open_ = [stored.row for stored in await inbox.unfinished(session)]
                signals = (await session.exec(select(SignalRow))).all()
                names = (await session.exec(select(TradeRow.signal_id))).all()
                return open_, signals, names

        unfinished, signals, names = self.runner.run(look())
        assert unfinished == [row for row in self.accepted if row not in self.ended]
        assert len(signals) == self.came
        assert sum(signal.action != "deduplicated" for signal in signals) == len(self.accepted)
        assert not [name for name, times in Counter(names).items() if times > 1]


TestInbox = InboxMachine.TestCase
TestInbox.settings = depth(examples=5, steps=16)
