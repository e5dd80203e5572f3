"""How much of Binance's allowance is left, as its own answers say."""

from __future__ import annotations

from typing import Any

import pytest

from helix_binance.weight import Weight
from helix_core.ccxt import Answer
from tests.stateful.hand_clock import HandClock

LIMITS = {"rateLimits": [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000}]}


def answer(data: Any = None, **headers: str) -> Answer:
    return Answer(200, {name.replace("_", "-"): text for name, text in headers.items()}, data)


def test_what_is_left_is_what_the_answers_say_for_this_minute() -> None:
    clock = HandClock()
    weight = Weight(clock)
    before = weight.left

    weight.note(answer(LIMITS, X_MBX_USED_WEIGHT_1M="20"))
    weight.note(answer([], x_mbx_used_weight_1m="1500"))
    now = weight.left
    clock.pass_(60)

    assert (before, now, weight.left) == (None, 0.75, 1.0)


@pytest.mark.parametrize(
    "strange",
    [
        answer({"rateLimits": None}, X_MBX_USED_WEIGHT_1M="many"),
        answer({"rateLimits": [None, 3, {"rateLimitType": "ORDERS"}]}),
        answer("text", X_MBX_USED_WEIGHT_1M=""),
        answer({"rateLimits": [{**LIMITS["rateLimits"][0], "limit": "6000"}]}),
    ],
    ids=str,
)
def test_an_answer_that_says_something_strange_changes_nothing(strange: Answer) -> None:
    weight = Weight(HandClock())
    weight.note(answer(LIMITS, X_MBX_USED_WEIGHT_1M="600"))

    weight.note(strange)

    assert weight.left == 0.9
