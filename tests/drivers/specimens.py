"""Orders and Binance answers as they are in life."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from helix_core import (
    ENTRY_GATES,
    Action,
    ApprovedOrder,
    ExitOrder,
    OrderIntent,
    OrderKind,
    OrderRef,
    ProtectiveOrder,
    RiskDecision,
    RiskReport,
    Verdict,
)
from helix_core.clock import SystemClock
from tests.drivers.tiny_venue import Reply, TinyVenue

KEY, SECRET = "k" * 8 + "PlantedApiKey" + "k" * 8, "s" * 8 + "PlantedApiSecret" + "s" * 8
CID = "0123456789abcdef0123456789abcdef"
SYMBOL = "BTC/USDT"
AT_MS = 1_780_000_000_123


def entry(quantity: str = "0.0084") -> ApprovedOrder:
    """A market buy that every gate allowed."""
    intent = OrderIntent(
        client_order_id=CID,
        signal_row=1,
        signal_id="Long",
        symbol=SYMBOL,
        side=Action.BUY,
        quantity=Decimal(quantity),
        stop_price=Decimal("62926.30"),
    )
    decisions = tuple(
        RiskDecision(check=gate, verdict=Verdict.ALLOW, reason="ok", detail="fine") for gate in ENTRY_GATES
    )
    return ApprovedOrder(intent=intent, report=RiskReport(intent=intent, required=ENTRY_GATES, decisions=decisions))


def leave(quantity: str = "0.0084") -> ExitOrder:
    """A market sell of what is held."""
    return ExitOrder(client_order_id=CID, symbol=SYMBOL, quantity=Decimal(quantity), held=Decimal(quantity))


def protect(*, plain: bool = False, quantity: str = "0.0084") -> ProtectiveOrder:
    """The stop for what is held."""
    return ProtectiveOrder(
        client_order_id=CID,
        symbol=SYMBOL,
        quantity=Decimal(quantity),
        held=Decimal(quantity),
        stop_price=Decimal("62926.30"),
        take_profit_price=None if plain else Decimal("128421.00"),
    )


def ref(kind: OrderKind = OrderKind.ENTRY, *venue_order_ids: str) -> OrderRef:
    """How to find the order again."""
    return OrderRef(client_order_id=CID, kind=kind, symbol=SYMBOL, venue_order_ids=venue_order_ids)


def market(**changes: Any) -> dict[str, Any]:
    """One entry of exchangeInfo."""
    return {
        "symbol": "BTCUSDT",
        "status": "TRADING",
        "baseAsset": "BTC",
        "quoteAsset": "USDT",
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT"],
        "ocoAllowed": True,
        "isSpotTradingAllowed": True,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01000000"},
            {"filterType": "LOT_SIZE", "minQty": "0.00001000", "maxQty": "9000.00", "stepSize": "0.00001000"},
            {"filterType": "MARKET_LOT_SIZE", "minQty": "0.00", "maxQty": "107.60", "stepSize": "0.00000000"},
            {"filterType": "PERCENT_PRICE_BY_SIDE", "askMultiplierUp": "5", "askMultiplierDown": "0.2"},
            {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True},
        ],
        "permissions": ["SPOT"],
        **changes,
    }


def account(**changes: Any) -> dict[str, Any]:
    """The account with a rate and two holdings."""
    return {
        "takerCommission": 15,
        "commissionRates": {"maker": "0.00100000", "taker": "0.00100000", "buyer": "0.00", "seller": "0.00"},
        "canTrade": True,
        "balances": [
            {"asset": "USDT", "free": "10000.00000000", "locked": "0.00000000"},
            {"asset": "BTC", "free": "0.10000000", "locked": "0.02000000"},
        ],
        **changes,
    }


def order(client_order_id: str = CID, status: str = "FILLED", **changes: Any) -> dict[str, Any]:
    """One order of 0.0084 as the order endpoints state it."""
    return {
        "symbol": "BTCUSDT",
        "orderId": 28,
        "orderListId": -1,
        "clientOrderId": client_order_id,
        "transactTime": AT_MS,
        "price": "0.00000000",
        "origQty": "0.00840000",
        "executedQty": "0.00840000" if status == "FILLED" else "0.00000000",
        "cummulativeQuoteQty": "0.00",
        "status": status,
        "timeInForce": "GTC",
        "type": "MARKET",
        "side": "BUY",
        **changes,
    }


def bought() -> dict[str, Any]:
    """A market buy filled in two pieces, the fee once in BTC and once in BNB."""
    fills = [
        {"price": "64210.50", "qty": "0.0080", "commission": "0.00000800", "commissionAsset": "BTC", "tradeId": 56},
        {"price": "64211.00", "qty": "0.0004", "commission": "0.00004100", "commissionAsset": "BNB", "tradeId": 57},
    ]
    return order(fills=fills)


def stop_leg(status: str = "NEW", **changes: Any) -> dict[str, Any]:
    """The STOP_LOSS of an OCO."""
    leg = {"orderId": 31, "orderListId": 7, "type": "STOP_LOSS", "side": "SELL", "stopPrice": "62926.30000000"}
    return order(f"{CID}-sl", status, **{**leg, **changes})


def profit_leg(status: str = "NEW", **changes: Any) -> dict[str, Any]:
    """The LIMIT_MAKER of an OCO."""
    leg = {"orderId": 30, "orderListId": 7, "type": "LIMIT_MAKER", "side": "SELL", "price": "128421.00000000"}
    return order(f"{CID}-tp", status, **{**leg, **changes})


def order_list(*legs: dict[str, Any]) -> dict[str, Any]:
    """The answer to an OCO."""
    return {
        "orderListId": 7,
        "contingencyType": "OCO",
        "listStatusType": "EXEC_STARTED",
        "listOrderStatus": "EXECUTING",
        "listClientOrderId": f"{CID}-l",
        "symbol": "BTCUSDT",
        "orderReports": list(legs or (profit_leg(), stop_leg())),
    }


def refusal(code: int, words: str, status: int = 400) -> Reply:
    """Binance's own form of an error."""
    return Reply({"code": code, "msg": words}, status)


def set_up(tiny: TinyVenue) -> None:
    """Give the tiny venue what connecting asks for."""
    tiny.on("GET", "/api/v3/time", Reply({"serverTime": int(SystemClock().now().timestamp() * 1000)}))
    tiny.on("GET", "/api/v3/exchangeInfo", Reply({"symbols": [market()]}))
    tiny.on("GET", "/api/v3/account", Reply(account()))
