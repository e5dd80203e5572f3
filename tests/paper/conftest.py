"""Paper accounts on a sandbox venue's public prices: real HTTP, a real database file, and never a key."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from helix_binance.client import BinanceClient
from helix_binance.sandbox import sandbox
from helix_core import ExchangeConfig, Memory, OrderRef, SystemClock, TradingMode
from helix_core.ccxt import Bounds
from helix_core.sandbox import Fault, FaultKind, Sandbox, serving
from helix_core.sandbox.book import Book
from helix_core.store.database import Store
from helix_core.store.memory import StoredMemory
from helix_plugins.paper import PaperExchange, helix_exchanges
from tests.bot.conftest import command as command  # noqa: PLC0414 - fixtures of the bot's tests serve here, too
from tests.bot.conftest import logs_left_alone as logs_left_alone  # noqa: PLC0414 - likewise
from tests.drivers.specimens import entry, leave, protect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from helix_core import ApprovedOrder, ExitOrder, OrderReport, ProtectiveOrder

D = Decimal
SYMBOL = "BTC/USDT"
PRICE, TICK = D("64210.50"), D("0.01")
BOUGHT, HELD = D("0.0084"), D("0.00839")
STOP = D("62926.30")
PUBLIC = {"/api/v3/time", "/api/v3/exchangeInfo", "/api/v3/ticker/24hr", "/api/v3/depth"}


class Impatient(BinanceClient):
    """The driver with bounds short enough for a test."""

    bounds = Bounds(order_timeout_s=0.5, question_timeout_s=2.0, question_interval_s=0)


class Box:
    """A sandbox venue, a database, and any number of paper accounts that follow one another on them."""

    def __init__(self, venue: Sandbox, url: str, store: Store, stack: AsyncExitStack) -> None:
        self.venue, self.url, self.store = venue, url, store
        self._stack = stack

    @property
    def memory(self) -> StoredMemory:
        """What the core gives the plugin."""
        return StoredMemory(self.store, "paper")

    def config(self, **changes: Any) -> ExchangeConfig:
        """What the core gives the plugin: the driver's keyless client, a memory, and no key."""
        driver = ExchangeConfig(
            name="binance", mode=TradingMode.PAPER, symbol=SYMBOL, clock=SystemClock(), base_url=self.url
        )
        venue = Impatient(driver)
        self._stack.push_async_callback(venue.disconnect)
        given: dict[str, Any] = {"venue": venue, "memory": self.memory, "values": {"balance": "10000"}, **changes}
        return replace(driver, **given)

    async def start(self, memory: Memory | None = None, **changes: Any) -> PaperExchange:
        """A client as it is after a (re)start, connected."""
        config = self.config(memory=memory or self.memory, **changes)
        (client,) = helix_exchanges(config)
        assert isinstance(client, PaperExchange)
        await client.connect()
        return client

    def price(self, price: str) -> None:
        """Move the market."""
        self.venue.venue.set_price(D(price))

    def shape(self, *, level: str, levels: int) -> None:
        """Give each level of the book so many coins."""
        self.venue.venue.listing().book = Book(tick=TICK, level_quantity=D(level), levels=levels)

    def break_(self, path: str, times: int | None = None) -> None:
        """Let one public endpoint fail."""
        self.venue.faults.add(Fault(on=f"GET {path}", kind=FaultKind.LOST_REQUEST, times=times))


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    venue = sandbox(price=PRICE)
    async with serving(venue.app) as url, AsyncExitStack() as stack:
        store = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/helix.db")
        stack.push_async_callback(store.close)
        yield Box(venue, url, store, stack)


@pytest.fixture
async def paper(box: Box) -> PaperExchange:
    return await box.start()


def buy(quantity: str = str(BOUGHT), client_order_id: str = "buy") -> ApprovedOrder:
    order = entry(quantity)
    intent = replace(order.intent, client_order_id=client_order_id)
    return replace(order, intent=intent, report=replace(order.report, intent=intent))


def stop_order(client_order_id: str = "stop", quantity: str = str(HELD), **changes: Any) -> ProtectiveOrder:
    return replace(protect(quantity=quantity), client_order_id=client_order_id, **changes)


def sell(quantity: str = str(HELD), client_order_id: str = "sell") -> ExitOrder:
    return replace(leave(quantity), client_order_id=client_order_id)


def ref(order: Any) -> OrderRef:
    return OrderRef(client_order_id=order.client_order_id, kind=order.kind, symbol=SYMBOL)


async def protected(client: PaperExchange, **changes: Any) -> OrderReport:
    """Hold 0.0084 BTC less the fee, with a stop for every lot of it."""
    await client.place_market_order(buy())
    return await client.place_oco_order(stop_order(**changes))


async def holdings(client: Any) -> dict[str, tuple[Decimal, Decimal]]:
    """Free and locked by currency."""
    return {code: (held.free, held.locked) for code, held in (await client.get_balance()).holdings.items()}
