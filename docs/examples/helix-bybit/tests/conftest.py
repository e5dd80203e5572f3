"""The driver over real HTTP, and a venue that plays the answers in `recorded`."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from helix_core.ccxt import Bounds
from helix_core.testing import RecordedRig, Request

from helix_bybit.client import Bybit

if TYPE_CHECKING:
    from collections.abc import Callable

ANSWERS = json.loads((Path(__file__).parent / "recorded" / "answers.json").read_text())
REQUESTS = {
    Request.MARKET_ORDER: "POST /v5/order/create?side=Buy",
    Request.STOP_ORDER: "POST /v5/order/create?orderFilter=tpslOrder",
    Request.CANCEL: "POST /v5/order/cancel",
    Request.LOOK_UP: ("GET /v5/order/realtime", "GET /v5/order/history"),
    Request.BALANCE: "GET /v5/account/wallet-balance",
}
STATED = {
    "lot_step": Decimal("0.000001"),
    "price_tick": Decimal("0.01"),
    "min_quantity": Decimal("0.00004"),
    "min_notional": Decimal(1),
    "taker_fee": Decimal("0.00075"),
}


class Impatient(Bybit):
    """The driver as it is, with short time-outs: the rules let it wait for answers that never come."""

    bounds = Bounds(order_timeout_s=0.5, question_timeout_s=0.5, question_interval_s=0.0)


@pytest.fixture
def venue() -> Callable[..., RecordedRig]:
    """Makes a venue on the recorded answers, some of them changed."""

    def make(**changes: Any) -> RecordedRig:
        answers = ANSWERS | changes
        return RecordedRig(
            answers,
            Impatient,
            REQUESTS,
            symbol="BTC/USDT",
            stated=STATED,
            error='{"retCode": 10001, "retMsg": "WORDS", "result": {}}',
            error_status=200,
            status_field="orderStatus",
        )

    return make


@pytest.fixture
def rig(venue: Callable[..., RecordedRig]) -> RecordedRig:
    """What Helix's rules are tried on."""
    return venue()
