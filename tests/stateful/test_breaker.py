"""Gates and breaker under any steps, on a real database that is closed and opened in between, against a model."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from helix_core import Action, Balance, Balances, Instrument, OrderIntent, RiskContext, Signal, Ticker
from helix_core.domain.halt import HaltKind
from helix_core.engine import breaker
from helix_core.engine.resume import resume
from helix_core.risk import RiskEngine
from helix_core.store import halts, inbox, journal, trades
from helix_core.store.database import Store
from helix_plugins.risk import helix_risk_checks
from tests.stateful.breaker_model import LIMITS, START_EQUITY, BreakerModel
from tests.stateful.depth import depth
from tests.stateful.hand_clock import HandClock
from tests.stateful.rows import IN_MEMORY, entry_row, position

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlmodel.ext.asyncio.session import AsyncSession

    from helix_core.store.inbox import StoredSignal

PRICE, QUANTITY = Decimal(50_000), Decimal("0.1")
INSTRUMENT = Instrument(
    symbol="BTC/USDT",
    base="BTC",
    quote="USDT",
    native_id="BTCUSDT",
    trading=True,
    lot_step=Decimal("0.00001"),
    price_tick=Decimal("0.01"),
    min_quantity=Decimal("0.00001"),
    max_quantity=Decimal(100),
    min_notional=Decimal(5),
    taker_fee=Decimal("0.001"),
)
LEAST_CASH = Decimal(40)
SAME = Decimal("1E-15")
"""Two ways of figuring the same out differ in the last digits of a division."""
outcomes = st.sampled_from([-400, -301, -300, -299, -150, -1, 0, 1, 150, 600]).map(Decimal)


class BreakerMachine(RuleBasedStateMachine):
    """One account through days of trades, halts and restarts. The worker's look is taken after every step."""

    store: Store

    @initialize(auto_resume=st.booleans(), hour=st.integers(0, 15))
    def open(self, auto_resume: bool, hour: int) -> None:
        self.cleaning = ExitStack()
        self.runner = self.cleaning.enter_context(asyncio.Runner())
        self.folder = self.cleaning.enter_context(tempfile.TemporaryDirectory(dir=IN_MEMORY))
        self.clock, self.model = HandClock(), BreakerModel(auto_resume)
        self.clock.pass_(hour * 3600)
        self.risk = RiskEngine(helix_risk_checks())
        self.numbers = itertools.count(1)
        self.cash = START_EQUITY
        self.trade_id: int | None = None
        self.problem: str | None = None
        self.do(self._reopen())
        self.look()

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.do(self.store.close())
            self.cleaning.close()

    def do(self, work: Any) -> Any:
        return self.runner.run(work)

    async def _reopen(self) -> None:
        self.store = await Store.open(f"sqlite+aiosqlite:///{self.folder}/helix.db")

    def write(self, act: Callable[[AsyncSession], Awaitable[Any]]) -> Any:
        async def commit() -> Any:
            async with self.store.write() as session:
                return await act(session)

        return self.do(commit())

    def read(self, ask: Callable[[AsyncSession], Awaitable[Any]]) -> Any:
        async def look() -> Any:
            async with self.store.read() as session:
                return await ask(session)

        return self.do(look())

    def step(self) -> None:
        """Time goes on with every step, and then the worker looks."""
        self.clock.pass_(1)
        self.look()

    def look(self) -> None:
        """What the worker does at each tick while no position is open."""
        now = self.clock.now()
        if self.trade_id is None:
            self.write(lambda session: breaker.keep_bases(session, self.cash, now))
            if self.model.auto_resume:
                self.write(lambda session: breaker.end_yesterdays_loss_halt(session, now))
            self.model.noticed(self.cash, now)
            self.model.looked(now)

    @rule(again=st.booleans(), tradable=st.sampled_from([True, True, True, False]), size=st.sampled_from([QUANTITY, 0]))
    def buy(self, again: bool, tradable: bool, size: Decimal) -> None:
        """An alert; `again`: it comes twice. It is traded only when nothing objects, and then once."""
        signal_id = f"alert-{next(self.numbers)}"
        expected = self._expected_denial(tradable=tradable, size=Decimal(size))
        for repeat in (False, True)[: 1 + again]:
            taken = self.do(self._buy(signal_id, Decimal(size), tradable=tradable))
            assert taken == ("deduplicated" if repeat else expected)
        self.step()

    def _expected_denial(self, *, tradable: bool, size: Decimal) -> str:
        today = self.model.day_pct(self.clock.now())
        reasons = {
            "position_already_open": self.trade_id is not None,
            "daily_loss_limit": today <= -LIMITS.max_daily_loss_pct,
            "balance_too_low": self.cash < LIMITS.min_balance,
            "exchange_unreachable": self.problem is not None,
            "below_min_notional": size == 0,
            "pair_unavailable": not tradable,
            "trading_halted": bool(self.model.halts),
        }
        return next((reason for reason, met in reasons.items() if met), "traded")

    async def _buy(self, signal_id: str, size: Decimal, *, tradable: bool) -> str:
        now = self.clock.now()
        signal = Signal(signal_id=signal_id, action=Action.BUY, symbol="BTC/USDT", price=PRICE)
        async with self.store.write() as session:
            stored, earlier = await inbox.append(session, signal, "{}", now, LIMITS.dedup_window_s)
        if earlier is not None:
            return "deduplicated"
        intent = OrderIntent(
            client_order_id=f"e{stored.row}",
            signal_row=stored.row,
            signal_id=signal_id,
            symbol=signal.symbol,
            side=Action.BUY,
            quantity=size,
            stop_price=PRICE * Decimal("0.98"),
        )
        report = await self.risk.judge(intent, await self._context(stored, tradable=tradable), exit_=False)
        async with self.store.write() as session:
            inbox.record_verdicts(session, stored.row, report, now)
            denial = report.denial
            if denial is not None:
                if denial.reason == "daily_loss_limit":
                    await breaker.halt_for_daily_loss(session, Decimal(str(denial.measured)), now)
                    self.model.halts.setdefault("daily_loss", now)
                return denial.reason
            if await halts.active(session):
                return "trading_halted"
            await self._open(session, stored)
        return "traded"

    async def _context(self, stored: StoredSignal, *, tradable: bool) -> RiskContext:
        now = self.clock.now()
        async with self.store.read() as session:
            return RiskContext(
                now=now,
                signal=stored.signal,
                limits=LIMITS,
                open_positions=len(await trades.open_trades(session)),
                seen_before=await inbox.seen_before(session, stored, LIMITS.dedup_window_s),
                exchange_problem=self.problem,
                known_ticker=Ticker(symbol="BTC/USDT", bid=PRICE - 1, ask=PRICE, last=PRICE, at=now),
                known_balances=Balances(holdings={"USDT": Balance(self.cash, Decimal(0))}, at=now),
                known_instrument=INSTRUMENT if tradable else replace(INSTRUMENT, trading=False),
                known_day_pnl_pct=await breaker.day_pnl_pct(session, now),
            )

    async def _open(self, session: AsyncSession, stored: StoredSignal) -> None:
        now = self.clock.now()
        entry = entry_row(stored.row, now)
        await journal.add(session, entry)
        trade = await trades.open_trade(session, stored, entry, "binance", position(Decimal(0)), now)
        self.trade_id = trade.id

    @precondition(lambda self: self.trade_id is not None)
    @rule(pnl=outcomes)
    def close(self, pnl: Decimal) -> None:
        """The position ends, however it ends: the result and the halts that follow are one commit."""
        now, trade_id = self.clock.now(), self.trade_id
        assert trade_id is not None
        pnl = max(pnl, LEAST_CASH - self.cash)
        self.cash += pnl

        async def end(session: AsyncSession) -> None:
            await trades.close_trade(session, trade_id, position(pnl), pnl, status="closed", reason="signal", at=now)
            await breaker.check(session, LIMITS, now)

        self.write(end)
        self.trade_id = None
        self.model.closed(now, pnl, now)
        self.step()

    @precondition(lambda self: self.trade_id is None)
    @rule(pnls=st.lists(outcomes, min_size=1, max_size=3))
    def trade(self, pnls: list[Decimal]) -> None:
        """Round trips one after the other: a streak needs several."""
        for pnl in pnls:
            self.buy(again=False, tradable=True, size=QUANTITY)
            if self.trade_id is not None:
                self.close(pnl)

    @rule(hours=st.sampled_from([1, 1, 8, 24]))
    def wait(self, hours: int) -> None:
        self.clock.pass_(3600 * hours)
        self.step()

    @rule()
    def midnight(self) -> None:
        """To the last second of the day: the next step is on another one."""
        now = self.clock.now()
        self.clock.pass_((now.replace(hour=23, minute=59, second=59) - now) / timedelta(seconds=1))
        self.step()

    @rule()
    def restart(self) -> None:
        self.do(self.store.close())
        self.do(self._reopen())
        self.step()

    @rule()
    def halt(self) -> None:
        now = self.clock.now()
        raised = self.write(lambda session: breaker.halt(session, HaltKind.MANUAL, "by hand", now))
        assert raised is ("manual" not in self.model.halts)
        self.model.halts.setdefault("manual", now)
        self.step()

    @precondition(lambda self: self.model.halts)
    @rule(drawdown=st.booleans())
    def resume(self, drawdown: bool) -> None:
        """The owner resumes, from the phone or, for a drawdown, on the host."""
        now = self.clock.now()
        expected = self.model.resumed(now)
        if drawdown:
            expected |= self.model.resumed_drawdown(now)
        done = self.write(lambda session: resume(session, "owner", now, drawdown=drawdown))
        assert {halt.kind.value for halt in done.ended} == expected
        assert {halt.kind.value for halt, _ in done.left} == set(self.model.halts)
        self.step()

    @rule(amount=st.sampled_from([-4000, -60, -40, 40, 60, 4000]).map(Decimal))
    def transfer(self, amount: Decimal) -> None:
        """Money comes or goes: nothing that is measured moves."""
        self.cash = max(self.cash + amount, LEAST_CASH)
        self.step()

    @precondition(lambda self: self.trade_id is None and not self.model.halts and self.problem is None)
    @rule(pnl=st.sampled_from([-400, -101, -1]).map(Decimal), overnight=st.booleans(), after=st.booleans())
    def lose_until_halted_and_after_it(self, pnl: Decimal, overnight: bool, after: bool) -> None:
        """What a bad day is: losses until something halts, the owner resumes on the host, and it goes on as badly."""
        for _ in range(LIMITS.max_consecutive_losses):
            self.trade([pnl])
        if overnight:
            self.midnight()
        if self.model.halts:
            self.resume(drawdown=True)
        if after:
            self.trade([pnl, pnl])

    @rule(problem=st.sampled_from([None, "the venue is silent"]))
    def health(self, problem: str | None) -> None:
        self.problem = problem

    @invariant()
    def halts_and_losses_are_those_of_the_table(self) -> None:
        now = self.clock.now()

        async def found(session: AsyncSession) -> tuple[Any, ...]:
            in_force = {halt.kind.value: halt.raised_at for halt in await halts.active(session)}
            return in_force, await breaker.drawdown_pct(session), await breaker.day_pnl_pct(session, now)

        in_force, drawdown, day = self.read(found)
        assert in_force == self.model.halts
        assert abs(drawdown - self.model.drawdown_pct()) < SAME
        assert abs(day - self.model.day_pct(now)) < SAME


TestBreaker = BreakerMachine.TestCase
TestBreaker.settings = depth(examples=6, steps=20)
