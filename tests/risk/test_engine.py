"""The risk engine denies whatever is not an explicit, honest ALLOW from everyone who was asked."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

from helix_core import ENTRY_GATES, EXIT_GATES, ApprovedOrder, OrderNotAllowed, RiskCheck, RiskDecision, Verdict
from helix_core.risk import RiskEngine
from tests.risk.strangers import (
    FAILURES,
    TIMEOUT_S,
    Answer,
    ExitStranger,
    Stranger,
    allows,
    answers_none,
    denies,
    hangs,
    raises,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from helix_core import OrderIntent, RiskContext

    Build = Callable[..., RiskContext]
    Gates = dict[str, RiskCheck]


def engine_of(gates: Gates, *strangers: RiskCheck) -> RiskEngine:
    return RiskEngine([*reversed(gates.values()), *strangers], timeout_s=TIMEOUT_S)


async def test_an_entry_that_everyone_allows_is_allowed(gates: Gates, entry: OrderIntent, context: Build) -> None:
    report = await engine_of(gates, Stranger(allows)).judge(entry, context(), exit_=False)

    assert report.allowed
    assert report.required == (*ENTRY_GATES, "stranger")
    assert ApprovedOrder(intent=entry, report=report).quantity == entry.quantity


@pytest.mark.parametrize("answer", FAILURES, ids=lambda answer: answer.__name__)
async def test_anything_but_an_honest_answer_is_a_denial(
    answer: Answer, gates: Gates, entry: OrderIntent, context: Build
) -> None:
    report = await engine_of(gates, Stranger(answer)).judge(entry, context(), exit_=False)

    failed = report.decisions[-1]
    assert not report.allowed
    assert (failed.check, failed.verdict, failed.reason) == ("stranger", Verdict.DENY, "check_failed")
    assert failed.failed
    assert failed.detail == f"stranger: {FAILURES[answer]}"
    with pytest.raises(OrderNotAllowed):
        ApprovedOrder(intent=entry, report=report)


@pytest.mark.parametrize("name", ENTRY_GATES)
@pytest.mark.parametrize("answer", [answers_none, raises, hangs], ids=lambda answer: answer.__name__)
async def test_each_of_the_seven_can_stop_an_entry_by_failing(
    name: str, answer: Answer, gates: Gates, entry: OrderIntent, context: Build
) -> None:
    broken: type[RiskCheck] = type("Broken", (Stranger,), {"name": name, "judges_exits": name in EXIT_GATES})
    checks = gates | {name: broken(answer)}  # type: ignore[call-arg]

    report = await engine_of(checks).judge(entry, context(), exit_=False)

    assert not report.allowed
    assert [decision.check for decision in report.decisions if decision.failed] == [name]


@pytest.mark.parametrize("missing", ["known_ticker", "known_balances", "known_instrument", "known_day_pnl_pct"])
async def test_missing_data_denies_and_is_told_in_plain_words(
    missing: str, gates: Gates, entry: OrderIntent, context: Build
) -> None:
    report = await engine_of(gates).judge(entry, context(**{missing: None}), exit_=False)

    failed = [decision for decision in report.decisions if decision.failed]
    assert not report.allowed
    assert failed
    assert all("is not known right now" in decision.detail for decision in failed)


async def test_a_meant_denial_is_reported_before_a_failed_one(gates: Gates, entry: OrderIntent, context: Build) -> None:
    report = await engine_of(gates, Stranger(raises)).judge(entry, context(open_positions=1), exit_=False)

    assert report.denial is not None
    assert report.denial.reason == "position_already_open"


async def test_every_verdict_is_kept_with_its_numbers_when_several_deny(
    gates: Gates, entry: OrderIntent, context: Build
) -> None:
    state = context(open_positions=1, seen_before=True, exchange_problem="maintenance")

    report = await engine_of(gates, Stranger(denies)).judge(entry, state, exit_=False)

    denied = {decision.check: decision.reason for decision in report.decisions if decision.verdict is Verdict.DENY}
    assert len(report.decisions) == 8
    assert denied == {
        "max_positions": "position_already_open",
        "duplicate_signal": "duplicate_signal",
        "exchange_reachable": "exchange_unreachable",
        "stranger": "spread_too_wide",
    }


async def test_all_checks_are_asked_at_once(gates: Gates, entry: OrderIntent, context: Build) -> None:
    async def slow(check: RiskCheck) -> RiskDecision:
        await asyncio.sleep(0.6 * TIMEOUT_S)
        return check.allow("fine")

    class Second(Stranger):
        name = "second"

    report = await engine_of(gates, Stranger(slow), Second(slow)).judge(entry, context(), exit_=False)

    assert report.allowed  # one after the other they would have taken longer than the time-out


async def test_gates_come_first_and_strangers_by_name(gates: Gates, entry: OrderIntent, context: Build) -> None:
    report = await engine_of(gates, Stranger(allows), ExitStranger(allows)).judge(entry, context(), exit_=False)

    assert tuple(decision.check for decision in report.decisions) == (*ENTRY_GATES, "exit_stranger", "stranger")


async def test_a_losing_day_and_a_full_book_never_keep_anyone_in_a_position(
    gates: Gates, entry: OrderIntent, context: Build
) -> None:
    unaffordable = context(open_positions=1, known_day_pnl_pct=None, known_balances=None, known_ticker=None)
    stranger = Stranger(denies)

    report = await engine_of(gates, stranger).judge(entry, unaffordable, exit_=True)

    assert report.allowed
    assert report.required == EXIT_GATES
    assert stranger.asked == 0


@pytest.mark.parametrize(
    "trouble", [{"seen_before": True}, {"exchange_problem": "maintenance"}, {"known_instrument": None}]
)
async def test_an_exit_is_judged_by_its_three_gates(
    trouble: dict[str, Any], gates: Gates, entry: OrderIntent, context: Build
) -> None:
    report = await engine_of(gates).judge(entry, context(**trouble), exit_=True)

    assert not report.allowed


async def test_a_stranger_that_judges_exits_must_allow_them(gates: Gates, entry: OrderIntent, context: Build) -> None:
    report = await engine_of(gates, ExitStranger(raises)).judge(entry, context(), exit_=True)

    assert not report.allowed
    assert report.required[-1] == "exit_stranger"


async def test_a_report_on_an_exit_cannot_approve_an_entry(gates: Gates, entry: OrderIntent, context: Build) -> None:
    report = await engine_of(gates).judge(entry, context(), exit_=True)

    with pytest.raises(OrderNotAllowed, match="max_positions"):
        ApprovedOrder(intent=entry, report=report)


async def test_a_check_that_will_not_stop_delays_nobody_and_is_not_asked_again_meanwhile(
    gates: Gates, entry: OrderIntent, context: Build
) -> None:
    let_go = asyncio.Event()

    async def clings(check: RiskCheck) -> RiskDecision:
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                logging.getLogger(__name__).info("not listening")
        return check.allow("at last")

    stranger = Stranger(clings)
    engine = engine_of(gates, stranger)
    loop = asyncio.get_running_loop()
    started = loop.time()

    first = await engine.judge(entry, context(), exit_=False)
    second = await engine.judge(entry, context(), exit_=False)
    took_s = loop.time() - started
    let_go.set()
    await asyncio.sleep(0.01)
    third = await engine.judge(entry, context(), exit_=False)

    assert took_s < 3 * TIMEOUT_S
    assert (first.allowed, second.allowed, third.allowed) == (False, False, True)
    assert "still busy" in second.decisions[-1].detail
    assert stranger.asked == 2


async def test_cancelling_the_judge_is_not_mistaken_for_a_failing_check(
    gates: Gates, entry: OrderIntent, context: Build
) -> None:
    engine = RiskEngine([*gates.values(), Stranger(hangs)], timeout_s=30)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await engine.judge(entry, context(), exit_=False)
    await asyncio.sleep(0)

    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("risk check")]


async def test_a_strangers_text_goes_to_the_log_and_not_to_the_owner(
    gates: Gates, entry: OrderIntent, context: Build, caplog: pytest.LogCaptureFixture
) -> None:
    report = await engine_of(gates, Stranger(raises)).judge(entry, context(), exit_=False)

    assert report.decisions[-1].detail == "stranger: RuntimeError"
    assert "SECRET-IN-A-STRANGERS-TEXT" in caplog.text
    assert "Traceback" in caplog.text
