"""Kraken's answers as they are in life, and a client that talks to a tiny venue giving them."""

from __future__ import annotations

import base64
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from helix_core import OrderKind, OrderRef
from helix_core.ccxt import Bounds
from helix_core.clock import SystemClock
from helix_kraken.client import KrakenClient
from helix_kraken.counter import RestLimit
from tests.drivers.specimens import CID, SYMBOL, protect
from tests.drivers.tiny_venue import Reply, TinyVenue

if TYPE_CHECKING:
    from helix_core import ProtectiveOrder

SECRET = base64.b64encode(b"a planted secret that nobody may ever see in any text").decode()
ENTRY, FIRST_STOP, OWN = "OENTRY-AAAAA-BBBBBB", "OSTOP1-AAAAA-BBBBBB", "OOWN11-AAAAA-BBBBBB"
ADD, CANCEL = "/0/private/AddOrder", "/0/private/CancelOrder"
OPEN, CLOSED, QUERY, TRADES = (
    f"/0/private/{name}" for name in ("OpenOrders", "ClosedOrders", "QueryOrders", "QueryTrades")
)
BALANCE, VOLUME, KEY_INFO = (f"/0/private/{name}" for name in ("BalanceEx", "TradeVolume", "GetApiKeyInfo"))
DISARM = "/0/private/CancelAllOrdersAfter"
STOP_ID = "a" * 32


class Impatient(KrakenClient):
    """The client with bounds short enough to wait for in a test, and a counter no test fills."""

    bounds = Bounds(order_timeout_s=0.5, question_timeout_s=1.5, question_interval_s=0.0)
    rest_limit = RestLimit(most=10_000, per_s=1000)


def ok(result: Any) -> Reply:
    """A plain success."""
    return Reply({"error": [], "result": result})


def refusal(*texts: str, status: int = 200) -> Reply:
    """Kraken's own form of an error."""
    return Reply({"error": list(texts)}, status)


def pair(**changes: Any) -> dict[str, Any]:
    """AssetPairs of one pair, with a tick coarser than its decimals."""
    fields = {
        "altname": "XBTUSDT",
        "wsname": "XBT/USDT",
        "base": "XXBT",
        "quote": "USDT",
        "pair_decimals": 2,
        "lot_decimals": 8,
        "ordermin": "0.00005",
        "costmin": "0.5",
        "tick_size": "0.1",
        "status": "online",
        "fees": [[0, 0.4], [10000, 0.35]],
        "fees_maker": [[0, 0.25]],
    }
    return {"XBTUSDT": {**fields, **changes}}


def order(volume: str = "0.0084", executed: str = "0", status: str = "open", **changes: Any) -> dict[str, Any]:
    """A market buy as the order endpoints state it."""
    now_s = SystemClock().now().timestamp()
    kind = {"pair": "XBTUSDT", "type": "buy", "ordertype": "market", "price": "0", "price2": "0"}
    return {
        "refid": None,
        "userref": 0,
        "cl_ord_id": CID,
        "status": status,
        "opentm": round(now_s - changes.pop("age_s", 60), 4),
        "descr": {**kind, **changes.pop("descr", {})},
        "vol": volume,
        "vol_exec": executed,
        "cost": "0",
        "fee": "0",
        "oflags": "fciq",
        "trades": [],
        **changes,
    }


def bought(volume: str = "0.0084", *trades: str, **changes: Any) -> dict[str, Any]:
    """The entry, filled whole."""
    return order(volume, volume, "closed", trades=list(trades), **changes)


def close_order(volume: str, executed: str = "0", status: str = "open", **changes: Any) -> dict[str, Any]:
    """A stop that a fill of the entry made; Kraken gives it no id of ours."""
    kind = {"type": "sell", "ordertype": "stop-loss", "price": changes.pop("price", "62926.3")}
    fields = {"refid": ENTRY, "cl_ord_id": None, "descr": kind, **changes}
    return order(volume, executed, status, **fields)


def own_stop(volume: str, executed: str = "0", status: str = "open", **changes: Any) -> dict[str, Any]:
    """A stop that Helix placed itself."""
    return close_order(volume, executed, status, **{"refid": None, "cl_ord_id": STOP_ID, **changes})


def trade(txid: str, volume: str, side: str = "buy", **changes: Any) -> dict[str, Any]:
    """One execution."""
    fields = {"ordertxid": txid, "pair": "XBTUSDT", "time": 1_780_000_000.1234, "type": side}
    return {**fields, "price": "64210.5", "cost": "1", "fee": "0.25", "vol": volume, **changes}


def opened(**orders: dict[str, Any]) -> Reply:
    """OpenOrders."""
    return ok({"open": named(orders)})


def ended(**orders: dict[str, Any]) -> Reply:
    """ClosedOrders."""
    return ok({"closed": named(orders), "count": len(orders)})


def queried(**orders: dict[str, Any]) -> Reply:
    """QueryOrders."""
    return ok(named(orders))


def named(orders: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Orders under the venue's ids: `entry`, `own`, or `s1` to `s9` for stops that the entry made."""
    return {txid(name): row for name, row in orders.items()}


def txid(name: str) -> str:
    """The venue's id of an order the tests call `name`."""
    return {"entry": ENTRY, "own": OWN}.get(name, f"OSTOP{name[1:]}-AAAAA-BBBBBB")


def stop_for(quantity: str = "0.0084", entry_order_id: str | None = ENTRY) -> ProtectiveOrder:
    """The stop for what the entry bought."""
    return replace(
        protect(),
        client_order_id=STOP_ID,
        quantity=Decimal(quantity),
        held=Decimal(quantity),
        entry_order_id=entry_order_id,
    )


def stop_ref(*venue_order_ids: str, entry_order_id: str | None = ENTRY) -> OrderRef:
    """How to find that stop again."""
    return OrderRef(
        client_order_id=STOP_ID,
        kind=OrderKind.STOP,
        symbol=SYMBOL,
        venue_order_ids=venue_order_ids,
        entry_order_id=entry_order_id,
    )


def set_up(tiny: TinyVenue) -> None:
    """Give the tiny venue what connecting asks for, and empty lists."""
    tiny.on("GET", "/0/public/Time", ok({"unixtime": int(SystemClock().now().timestamp())}))
    tiny.on("GET", "/0/public/AssetPairs", ok(pair()))
    prices = {"a": ["64210.5", "1", "1"], "b": ["64210.4", "1", "1"], "c": ["64210.5", "0.1"]}
    tiny.on("GET", "/0/public/Ticker", ok({"XBTUSDT": prices}))
    tiny.on("POST", DISARM, ok({"currentTime": "2026-01-01T00:00:00Z", "triggerTime": "0"}))
    balances = {
        "USDT": {"balance": "10000.00000000", "hold_trade": "0.00000000"},
        "XXBT": {"balance": "0.1200000000", "hold_trade": "0.0200000000"},
        "KFEE": {"balance": "0.00", "hold_trade": "0.00"},
    }
    tiny.on("POST", BALANCE, ok(balances))
    tiny.on("POST", OPEN, opened())
    tiny.on("POST", CLOSED, ended())
    tiny.on("POST", ADD, ok({"txid": [ENTRY], "descr": {"order": "buy", "close": "close position"}}))
    tiny.on("POST", CANCEL, ok({"count": 1}))
