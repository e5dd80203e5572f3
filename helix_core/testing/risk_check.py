"""The rules a risk check must keep. Each is described under its id in docs/plugin-rules.md."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from helix_core.contracts.risk import RiskContext
from helix_core.domain.limits import RiskLimits
from helix_core.domain.market import Balance, Balances, Instrument, Ticker
from helix_core.domain.order import OrderIntent
from helix_core.domain.risk import ENTRY_GATES, RiskDecision, Verdict
from helix_core.domain.signal import Action, Signal
from helix_core.testing.rules import RuleSuite

if TYPE_CHECKING:
    from helix_core.contracts.risk import RiskCheck

_QUICK_S = 0.5
"""Half of what a check is given before it counts as hanging."""

_KNOWABLE = {
    "ticker": "known_ticker",
    "balances": "known_balances",
    "instrument": "known_instrument",
    "day_pnl_pct": "known_day_pnl_pct",
}
_NOW = datetime(2026, 5, 15, 8, 14, 32, tzinfo=UTC)
_SYMBOL = "BTC/USDT"


def sample_intent(**changes: Any) -> OrderIntent:
    """An entry of 5,000 USDT with its stop two percent below, with `changes`."""
    intent = OrderIntent(
        client_order_id="e11c0000000000000000000000000001",
        signal_row=7,
        signal_id="Long",
        symbol=_SYMBOL,
        side=Action.BUY,
        quantity=Decimal("0.07786"),
        stop_price=Decimal("62925.80"),
    )
    return dataclasses.replace(intent, **changes)


def sample_context(**changes: Any) -> RiskContext:
    """A healthy day on which all is known and the seven gates allow `sample_intent`, with `changes`."""
    context = RiskContext(
        now=_NOW,
        signal=Signal(signal_id="Long", action=Action.BUY, symbol=_SYMBOL, price=Decimal(64210), timestamp=_NOW),
        limits=_limits(),
        open_positions=0,
        seen_before=False,
        exchange_problem=None,
        known_ticker=Ticker(symbol=_SYMBOL, bid=Decimal("64209.99"), ask=Decimal(64210), last=Decimal(64210), at=_NOW),
        known_balances=Balances(holdings={"USDT": Balance(Decimal(10000), Decimal(0))}, at=_NOW),
        known_instrument=_instrument(),
        known_day_pnl_pct=Decimal(0),
    )
    return dataclasses.replace(context, **changes)


def _limits() -> RiskLimits:
    return RiskLimits(
        risk_per_trade_pct=Decimal("1.0"),
        stop_loss_pct=Decimal("2.0"),
        max_daily_loss_pct=Decimal("3.0"),
        max_drawdown_pct=Decimal("15.0"),
        max_consecutive_losses=5,
        max_positions=1,
        min_balance=Decimal(50),
        dedup_window_s=60,
        max_signal_age_s=120,
    )


def _instrument() -> Instrument:
    return Instrument(
        symbol=_SYMBOL,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskRig:
    """A check, and what it must allow and deny. What is not given is `sample_intent()` and `sample_context()`."""

    check: RiskCheck
    denied: RiskContext | None = None
    denied_intent: OrderIntent | None = None
    allowed: RiskContext = dataclasses.field(default_factory=sample_context)
    allowed_intent: OrderIntent = dataclasses.field(default_factory=sample_intent)

    async def allows(self, context: RiskContext | None = None) -> RiskDecision:
        """The verdict on what must be allowed."""
        return await self.check.check(self.allowed_intent, context or self.allowed)

    async def denies(self) -> RiskDecision:
        """The verdict on what must be denied."""
        assert self.denied or self.denied_intent, "the rig gives something that the check must deny"
        return await self.check.check(self.denied_intent or self.allowed_intent, self.denied or self.allowed)


class _Watched(RiskContext):
    """A context that notes what a check looks at."""

    def __getattribute__(self, name: str) -> Any:
        if name in _KNOWABLE or name in _KNOWABLE.values():
            _LOOKED_AT.add(_KNOWABLE.get(name, name))
        return super().__getattribute__(name)


_LOOKED_AT: set[str] = set()


class RiskCheckSuite(RuleSuite):
    """Subclass it as TestYourCheck and write one fixture, `rig`, that returns a RiskRig."""

    @pytest.fixture
    def rig(self) -> RiskRig:
        """The check, and what it allows and denies."""
        message = "write a fixture `rig` that returns a RiskRig"
        raise NotImplementedError(message)

    async def test_rk01_allows_what_it_should(self, rig: RiskRig) -> None:
        """An explicit ALLOW, nothing that merely looks like one."""
        decision = await rig.allows()

        assert isinstance(decision, RiskDecision)
        assert decision.verdict is Verdict.ALLOW, decision.detail

    async def test_rk02_denies_with_a_reason(self, rig: RiskRig) -> None:
        """A word for the machine and a sentence for the owner."""
        decision = await rig.denies()

        assert isinstance(decision, RiskDecision)
        assert decision.verdict is Verdict.DENY
        assert decision.reason.isidentifier(), f"the reason {decision.reason!r} is not one word"
        assert decision.reason != "ok"
        assert decision.detail.strip()

    async def test_rk03_names_itself(self, rig: RiskRig) -> None:
        """A verdict under another name would count for another check."""
        assert rig.check.name.isidentifier()
        assert {(await rig.allows()).check, (await rig.denies()).check} == {rig.check.name}

    async def test_rk04_a_third_partys_check_is_not_one_of_the_seven(self, rig: RiskRig) -> None:
        """Checks are added to the seven gates, never substituted for one."""
        assert rig.check.name not in ENTRY_GATES

    async def test_rk05_what_is_missing_never_allows(self, rig: RiskRig) -> None:
        """Whatever the check looked at, without it the answer is no: a denial, or DataMissing."""
        facts = {field.name: getattr(rig.allowed, field.name) for field in dataclasses.fields(rig.allowed)}
        _LOOKED_AT.clear()
        await rig.allows(_Watched(**facts))

        for name in sorted(_LOOKED_AT):
            without: dict[str, Any] = {name: None}
            missing = dataclasses.replace(rig.allowed, **without)
            assert await _answer(rig, missing) is not Verdict.ALLOW, f"allows without {name}"

    async def test_rk06_changes_nothing_it_is_shown(self, rig: RiskRig) -> None:
        """All checks see the same snapshot."""
        before = copy.deepcopy((rig.allowed_intent, rig.allowed))

        await rig.allows()

        assert (rig.allowed_intent, rig.allowed) == before

    async def test_rk07_the_same_facts_get_the_same_verdict(self, rig: RiskRig) -> None:
        """Whatever it was asked in between; what counts is in the context."""
        first = (await rig.allows(), await rig.denies())
        again = (await rig.allows(), await rig.denies())

        assert first == again

    async def test_rk08_answers_at_once(self, rig: RiskRig) -> None:
        """A check that takes a second counts as hanging, and denies."""
        async with asyncio.timeout(_QUICK_S):
            await rig.allows()
            await rig.denies()

    async def test_rk09_answers_many_at_once(self, rig: RiskRig) -> None:
        """Two questions at a time do not get into each other's way."""
        decisions = await asyncio.gather(*(ask() for _ in range(5) for ask in (rig.allows, rig.denies)))

        assert [decision.verdict for decision in decisions] == [Verdict.ALLOW, Verdict.DENY] * 5

    async def test_rk10_an_exit_without_a_stop_is_judged(self, rig: RiskRig) -> None:
        """A check that judges exits answers for an intent to sell, which has no stop price."""
        if not rig.check.judges_exits:
            pytest.skip("it judges entries only")
        leave = dataclasses.replace(rig.allowed_intent, side=Action.SELL, stop_price=None)

        decision = await rig.check.check(leave, rig.allowed)

        assert isinstance(decision, RiskDecision)


async def _answer(rig: RiskRig, context: RiskContext) -> Verdict | None:
    """The verdict; None where the check raised, which denies."""
    try:
        return (await rig.allows(context)).verdict
    except Exception:  # noqa: BLE001 - whatever a check raises denies
        return None
