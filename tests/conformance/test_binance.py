"""The Binance driver keeps every rule for drivers."""

from __future__ import annotations

import pytest

from helix_binance.client import BinanceClient
from helix_binance.sandbox import sandbox
from helix_core.ccxt import Bounds
from helix_core.testing import ExchangeSuite, Request, SandboxRig

REQUESTS = {
    Request.MARKET_ORDER: "POST /api/v3/order",
    Request.STOP_ORDER: "POST /api/v3/orderList/oco",
    Request.ENTRY_WITH_STOP: "POST /api/v3/orderList/opoco",
    Request.CANCEL: "DELETE /api/v3/orderList",
    Request.LOOK_UP: "GET /api/v3/order",
    Request.BALANCE: "GET /api/v3/account",
}


class Impatient(BinanceClient):
    """The client with bounds short enough for a test."""

    bounds = Bounds(order_timeout_s=0.5, question_timeout_s=1.2, question_interval_s=0)


def rig_of(driver: type[BinanceClient] = Impatient) -> SandboxRig:
    """A driver on a new sandbox."""
    return SandboxRig(sandbox(), driver, REQUESTS, error='{"code": -9999, "msg": "WORDS"}', patience_s=3)


class TestBinance(ExchangeSuite):
    """One fixture is all a driver writes."""

    @pytest.fixture
    def rig(self) -> SandboxRig:
        return rig_of()
