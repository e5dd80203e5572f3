"""Helix's own local Binance, a client of it, and the steps of a trade."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from pydantic import SecretStr

from helix_binance.client import BinanceClient
from helix_core import (
    ExchangeConfig,
    OrderRef,
    OrderReport,
    TradingMode,
)
from helix_core.ccxt import Bounds
from helix_core.clock import SystemClock
from tests.drivers.specimens import SYMBOL, entry, leave, protect

if TYPE_CHECKING:
    from helix_core import ExitOrder, ProtectiveOrder
    from helix_core.sandbox import Sandbox

EXIT_ID = "f" * 32
BOUGHT = Decimal("0.0084")


class Impatient(BinanceClient):
    """The client with bounds short enough for a test."""

    bounds = Bounds(order_timeout_s=0.5, question_timeout_s=2.0, question_interval_s=0)


def driver_of(venue: Sandbox, url: str) -> BinanceClient:
    config = ExchangeConfig(
        name="binance",
        mode=TradingMode.LIVE,
        symbol=SYMBOL,
        clock=SystemClock(),
        api_key=SecretStr(venue.api_key),
        api_secret=SecretStr(venue.api_secret),
        base_url=url,
    )
    return Impatient(config)


def ref(order: object) -> OrderRef:
    return OrderRef(client_order_id=order.client_order_id, kind=order.kind, symbol=SYMBOL)  # type: ignore[attr-defined]


def stop_for(quantity: Decimal, *, plain: bool = False) -> ProtectiveOrder:
    return replace(protect(plain=plain), client_order_id="a" * 32, quantity=quantity, held=quantity)


def exit_of(quantity: Decimal) -> ExitOrder:
    return replace(leave(), client_order_id=EXIT_ID, quantity=quantity, held=quantity)


def net(report: OrderReport) -> Decimal:
    assert report.fills is not None
    return report.filled - sum(fill.fee for fill in report.fills if fill.fee_currency == "BTC")


async def buy_and_protect(client: BinanceClient, *, plain: bool = False) -> tuple[Decimal, ProtectiveOrder]:
    """Hold 0.0084 BTC less the fee, with a stop for every lot of it."""
    held = net(await client.place_market_order(entry()))
    stop = stop_for((await client.instrument(SYMBOL)).lots(held), plain=plain)
    await client.place_oco_order(stop)
    return stop.quantity, stop
