"""The Kraken driver keeps every rule for drivers."""

from __future__ import annotations

import pytest

from helix_core.ccxt import Bounds
from helix_core.testing import ExchangeSuite, Request, SandboxRig
from helix_kraken.client import KrakenClient
from helix_kraken.counter import RestLimit
from helix_kraken.sandbox import sandbox

REQUESTS: dict[Request, str | tuple[str, ...]] = {
    Request.MARKET_ORDER: "POST /0/private/AddOrder?ordertype=market",
    Request.STOP_ORDER: "POST /0/private/AddOrder?ordertype=stop-loss",
    Request.CANCEL: "POST /0/private/CancelOrder",
    Request.LOOK_UP: ("POST /0/private/OpenOrders", "POST /0/private/ClosedOrders", "POST /0/private/QueryOrders"),
    Request.BALANCE: "POST /0/private/BalanceEx",
}


class Impatient(KrakenClient):
    """The client with bounds short enough for a test, and no limit of its own on questions."""

    bounds = Bounds(order_timeout_s=1.0, question_timeout_s=2.0, question_interval_s=0)
    rest_limit = RestLimit(most=1000, per_s=1000)


class TestKraken(ExchangeSuite):
    @pytest.fixture
    def rig(self) -> SandboxRig:
        words = '{"error": ["EGeneral:WORDS"]}'
        return SandboxRig(sandbox(limits=False), Impatient, REQUESTS, error=words, error_status=200, patience_s=8)
