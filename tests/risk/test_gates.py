"""Each gate just below, exactly at and just above its limit."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from helix_core import ENTRY_GATES, EXIT_GATES, Balance, Balances, DataMissing, RiskDecision, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from helix_core import Instrument, OrderIntent, RiskCheck, RiskContext, RiskLimits

    Build = Callable[..., RiskContext]
    Gates = dict[str, RiskCheck]

ALLOW, DENY = Verdict.ALLOW, Verdict.DENY


def test_the_plugin_brings_the_seven_gates_and_nothing_else(gates: Gates) -> None:
    assert tuple(gates) == ENTRY_GATES


def test_exactly_three_of_them_judge_exits(gates: Gates) -> None:
    assert tuple(name for name, gate in gates.items() if gate.judges_exits) == EXIT_GATES


@pytest.mark.parametrize("name", ENTRY_GATES)
async def test_a_healthy_entry_is_allowed_with_the_numbers_that_were_compared(
    name: str, gates: Gates, entry: OrderIntent, context: Build
) -> None:
    decision = await gates[name].check(entry, context())

    assert (decision.check, decision.verdict, decision.failed) == (name, ALLOW, False)
    assert decision.measured is not None
    assert decision.limit is not None


@pytest.mark.parametrize(
    ("open_positions", "cap", "verdict"), [(0, 1, ALLOW), (1, 1, DENY), (2, 1, DENY), (2, 3, ALLOW), (3, 3, DENY)]
)
async def test_max_positions(
    open_positions: int,
    cap: int,
    verdict: Verdict,
    gates: Gates,
    entry: OrderIntent,
    context: Build,
    limits: RiskLimits,
) -> None:
    state = context(open_positions=open_positions, limits=replace(limits, max_positions=cap))

    decision = await gates["max_positions"].check(entry, state)

    assert_verdict(decision, verdict, "position_already_open", str(open_positions), str(cap))


@pytest.mark.parametrize(
    ("day_pnl_pct", "verdict"), [("-2.9999", ALLOW), ("-3", DENY), ("-3.0001", DENY), ("0", ALLOW), ("3", ALLOW)]
)
async def test_daily_loss(day_pnl_pct: str, verdict: Verdict, gates: Gates, entry: OrderIntent, context: Build) -> None:
    decision = await gates["daily_loss"].check(entry, context(known_day_pnl_pct=Decimal(day_pnl_pct)))

    assert_verdict(decision, verdict, "daily_loss_limit", day_pnl_pct, "-3")


@pytest.mark.parametrize(("seen_before", "verdict"), [(False, ALLOW), (True, DENY)])
async def test_duplicate_signal(
    seen_before: bool, verdict: Verdict, gates: Gates, entry: OrderIntent, context: Build
) -> None:
    decision = await gates["duplicate_signal"].check(entry, context(seen_before=seen_before))

    assert_verdict(decision, verdict, "duplicate_signal", "seen" if seen_before else "new", "60 s")


@pytest.mark.parametrize(
    ("free", "locked", "verdict"),
    [("49.99", "0", DENY), ("50", "0", ALLOW), ("50.01", "0", ALLOW), ("10", "40", ALLOW), ("10", "39.99", DENY)],
)
async def test_min_balance_counts_what_is_free_and_what_is_locked(
    free: str, locked: str, verdict: Verdict, gates: Gates, entry: OrderIntent, context: Build
) -> None:
    state = context()
    balances = Balances(holdings={"USDT": Balance(Decimal(free), Decimal(locked))}, at=state.now)

    decision = await gates["min_balance"].check(entry, replace(state, known_balances=balances))

    assert_verdict(decision, verdict, "balance_too_low", decision.measured, "50")


async def test_an_account_without_the_quote_currency_is_empty(gates: Gates, entry: OrderIntent, context: Build) -> None:
    state = context()
    balances = Balances(holdings={"EUR": Balance(Decimal(10000), Decimal(0))}, at=state.now)

    decision = await gates["min_balance"].check(entry, replace(state, known_balances=balances))

    assert_verdict(decision, DENY, "balance_too_low", "0", "50")


@pytest.mark.parametrize(("problem", "verdict"), [(None, ALLOW), ("the price is 12 s old", DENY), ("", DENY)])
async def test_exchange_reachable(
    problem: str | None, verdict: Verdict, gates: Gates, entry: OrderIntent, context: Build
) -> None:
    decision = await gates["exchange_reachable"].check(entry, context(exchange_problem=problem))

    assert_verdict(decision, verdict, "exchange_unreachable", "healthy" if problem is None else problem, "healthy")


# A market where all four demands can be met exactly: at 100 the entry is worth 100 a unit, the stop lies at 98.
EVEN: dict[str, Any] = {
    "lot_step": Decimal("0.001"),
    "min_quantity": Decimal("0.001"),
    "max_quantity": Decimal(10),
    "taker_fee": Decimal("0.001"),
}


@pytest.mark.parametrize(
    ("quantity", "min_notional", "min_quantity", "verdict", "what"),
    [
        ("0", "5", "0", DENY, "size"),
        ("0.009", "0.1", "0.01", DENY, "size"),
        ("0.01", "0.1", "0.01", DENY, "size at the stop"),  # the fee leaves 0.009 after flooring
        ("0.011", "0.1", "0.01", ALLOW, "value at the stop"),
        ("0.199", "20", "0.001", DENY, "value"),
        ("0.2", "20", "0.001", DENY, "value at the stop"),  # legal at the entry, not at the stop
        ("0.215", "20", "0.001", DENY, "value at the stop"),  # 0.214 x 98 = 20.972, just below 21
        ("0.216", "20", "0.001", ALLOW, "value at the stop"),  # 0.215 x 98 = 21.07, just above 21
        ("10", "20", "0.001", ALLOW, "value at the stop"),
    ],
)
async def test_min_notional(
    quantity: str,
    min_notional: str,
    min_quantity: str,
    verdict: Verdict,
    what: str,
    gates: Gates,
    entry: OrderIntent,
    context: Build,
    instrument: Instrument,
) -> None:
    minimums = {"min_notional": Decimal(min_notional), "min_quantity": Decimal(min_quantity)}
    rules = replace(instrument, **(EVEN | minimums))
    ticker = replace(context().ticker, bid=Decimal(99), ask=Decimal(100))
    intent = replace(entry, quantity=Decimal(quantity), stop_price=Decimal(98))

    decision = await gates["min_notional"].check(intent, context(known_instrument=rules, known_ticker=ticker))

    assert_verdict(decision, verdict, "below_min_notional", decision.measured, decision.limit)
    assert decision.detail.startswith(f"{what}: ")


async def test_min_notional_exactly_at_the_margin_is_enough(
    gates: Gates, entry: OrderIntent, context: Build, instrument: Instrument
) -> None:
    rules = replace(instrument, **(EVEN | {"min_notional": Decimal(20), "taker_fee": Decimal(0)}))
    intent = replace(entry, quantity=Decimal("0.21"), stop_price=Decimal(100))

    at = await gates["min_notional"].check(intent, context(known_instrument=rules))
    below = await gates["min_notional"].check(
        replace(intent, stop_price=Decimal("99.99")), context(known_instrument=rules)
    )

    assert_verdict(at, ALLOW, "", "21", "21")
    assert_verdict(below, DENY, "below_min_notional", "20.9979", "21")


@pytest.mark.parametrize(("quantity", "verdict"), [("99.99999", ALLOW), ("100", ALLOW), ("100.00001", DENY)])
async def test_a_size_above_one_market_order_is_denied(
    quantity: str, verdict: Verdict, gates: Gates, entry: OrderIntent, context: Build
) -> None:
    decision = await gates["min_notional"].check(replace(entry, quantity=Decimal(quantity)), context())

    assert_verdict(decision, verdict, "above_max_quantity", decision.measured, decision.limit)


async def test_a_pair_that_is_not_trading_is_denied(
    gates: Gates, entry: OrderIntent, context: Build, instrument: Instrument
) -> None:
    decision = await gates["pair_available"].check(entry, context(known_instrument=replace(instrument, trading=False)))

    assert_verdict(decision, DENY, "pair_unavailable", "halted", "trading")


@pytest.mark.parametrize("other", [None, "ETH/USDT"])
async def test_a_pair_outside_the_catalogue_is_denied(
    other: str | None, gates: Gates, entry: OrderIntent, context: Build, instrument: Instrument
) -> None:
    known = None if other is None else replace(instrument, symbol=other)

    decision = await gates["pair_available"].check(entry, context(known_instrument=known))

    assert_verdict(decision, DENY, "pair_unavailable", "unknown", "trading")


@pytest.mark.parametrize(
    ("gate", "missing"),
    [
        ("daily_loss", "known_day_pnl_pct"),
        ("min_balance", "known_balances"),
        ("min_balance", "known_instrument"),
        ("min_notional", "known_instrument"),
        ("min_notional", "known_ticker"),
    ],
)
async def test_what_is_not_known_is_never_replaced_by_a_default(
    gate: str, missing: str, gates: Gates, entry: OrderIntent, context: Build
) -> None:
    with pytest.raises(DataMissing):
        await gates[gate].check(entry, context(**{missing: None}))


async def test_an_entry_without_a_planned_stop_is_not_judged_at_all(
    gates: Gates, entry: OrderIntent, context: Build
) -> None:
    with pytest.raises(DataMissing, match="stop price"):
        await gates["min_notional"].check(replace(entry, stop_price=None), context())


def assert_verdict(
    decision: RiskDecision, verdict: Verdict, reason: str, measured: str | None, limit: str | None
) -> None:
    expected = reason if verdict is DENY else "ok"
    assert (decision.verdict, decision.reason) == (verdict, expected), decision
    assert (decision.measured, decision.limit) == (measured, limit)
    assert decision.detail or not decision.measured
