"""A driver can be proven on recorded answers alone, as far as those go: Binance's, as its documents show them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from helix_core.testing import ExchangeSuite, RecordedRig
from tests.conformance.test_binance import REQUESTS, Impatient

STATED = {
    "lot_step": Decimal("0.00001"),
    "price_tick": Decimal("0.01"),
    "min_notional": Decimal(5),
    "taker_fee": Decimal("0.001"),
}
ORDER = {
    "symbol": "BTCUSDT",
    "orderId": 28,
    "transactTime": 1_780_000_000_123,
    "price": "0.00000000",
    "origQty": "0.00313000",
    "executedQty": "0.00313000",
    "cummulativeQuoteQty": "200.97",
    "status": "FILLED",
    "timeInForce": "GTC",
    "type": "MARKET",
    "side": "BUY",
}
FILTERS = [
    {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01000000"},
    {"filterType": "LOT_SIZE", "minQty": "0.00001000", "maxQty": "9000.00", "stepSize": "0.00001000"},
    {"filterType": "PERCENT_PRICE_BY_SIDE", "askMultiplierUp": "5", "askMultiplierDown": "0.2"},
    {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True},
]
MARKET = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS"],
    "ocoAllowed": True,
    "isSpotTradingAllowed": True,
    "filters": FILTERS,
    "permissions": ["SPOT"],
}
ACCOUNT = {
    "commissionRates": {"maker": "0.00100000", "taker": "0.00100000"},
    "balances": [{"asset": "USDT", "free": "10000.00000000", "locked": "0.00000000"}],
}
TICKER = {"symbol": "BTCUSDT", "bidPrice": "64210.49", "askPrice": "64210.50", "lastPrice": "64210.50", "closeTime": 1}
ANSWERS: dict[str, Any] = {
    "GET /api/v3/time": {"serverTime": "$now_ms"},
    "GET /api/v3/exchangeInfo": {"symbols": [MARKET]},
    "GET /api/v3/account": ACCOUNT,
    "GET /api/v3/ticker/24hr": TICKER,
    "GET /api/v3/depth": {"lastUpdateId": 1, "bids": [["64210.49", "1"]], "asks": [["64210.50", "1"]]},
    "POST /api/v3/order": {**ORDER, "clientOrderId": "$newClientOrderId", "fills": []},
    "GET /api/v3/order": {**ORDER, "clientOrderId": "$origClientOrderId", "time": 1_780_000_000_123},
}


class TestRecorded(ExchangeSuite):
    @pytest.fixture
    def rig(self) -> RecordedRig:
        return RecordedRig(
            ANSWERS,
            Impatient,
            REQUESTS,
            symbol="BTC/USDT",
            stated=STATED,
            error='{"code": -9999, "msg": "WORDS"}',
            patience_s=5,
        )
