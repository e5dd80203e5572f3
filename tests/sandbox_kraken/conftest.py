"""One real server and one real ccxt client for all tests; a fresh Kraken sandbox behind them for each."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import ccxt.async_support as ccxt  # type: ignore[import-untyped]
import httpx
import pytest
import pytest_asyncio

from helix_core.clock import SystemClock
from helix_core.sandbox import Book, serving
from helix_kraken.sandbox import SECRET, sandbox
from helix_kraken.sandbox.signing import signature

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from helix_core.sandbox import Sandbox

SYMBOL = "BTC/USDT"
PRICE = Decimal("64210.5")
BUY = {"pair": "XBTUSDT", "type": "buy", "ordertype": "market", "volume": "0.05"}
STOP = {"pair": "XBTUSDT", "type": "sell", "ordertype": "stop-loss", "volume": "0.05", "price": "62926.3"}


class MovingClock(SystemClock):
    """The venue's clock: it stands still until a test moves it."""

    def __init__(self) -> None:
        self._now = super().now()

    def now(self):
        return self._now

    def skip(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


class Stage:
    """An ASGI application that plays whichever sandbox is on."""

    sandbox: Sandbox

    async def __call__(self, scope, receive, send):
        await self.sandbox.app(scope, receive, send)


class Wire:
    """A client that signs as Kraken asks, and lets a test do it wrong."""

    def __init__(self, http: httpx.AsyncClient, next_nonce: Callable[[], int]) -> None:
        self.http, self.next_nonce = http, next_nonce

    async def raw(self, method: str, body: str, nonce: str, **wrong: Any) -> Any:
        """Send these very characters to a private method and return the whole answer."""
        path = f"/0/private/{method}"
        sign = signature(wrong.get("secret", SECRET), path, nonce, body.encode())
        headers = {"API-Key": wrong.get("key", "sandbox-key"), "API-Sign": sign}
        headers["Content-Type"] = "application/json" if body.startswith("{") else "application/x-www-form-urlencoded"
        response = await self.http.post(path, content=body, headers=headers)
        assert response.status_code == 200, "Kraken answers 200 whatever happened"
        return response.json()

    async def send(self, method: str, arguments: dict[str, str] | None = None, **wrong: Any) -> Any:
        """Send `arguments` as a form with raw brackets, under the next nonce or the one a test gives."""
        nonce = str(wrong.pop("nonce", self.next_nonce()))
        body = "&".join(f"{name}={value}" for name, value in {"nonce": nonce, **(arguments or {})}.items())
        return await self.raw(method, body, nonce, **wrong)

    async def ok(self, method: str, **arguments: str) -> Any:
        """The result, which must not be an error."""
        answer = await self.send(method, arguments)
        assert answer["error"] == [], answer
        return answer["result"]

    async def place(self, *orders: dict[str, str], **more: str) -> str:
        """Place one order, made of the parts given, and return its txid."""
        arguments = {name: value for part in orders for name, value in part.items()} | more
        return (await self.ok("AddOrder", **arguments))["txid"][0]

    async def error(self, method: str, arguments: dict[str, str] | None = None, **more: str) -> str:
        """The text of the refusal."""
        answer = await self.send(method, (arguments or {}) | more)
        assert "result" not in answer, answer
        (text,) = answer["error"]
        return text

    async def public(self, method: str, **arguments: str) -> Any:
        """The result of a public method."""
        response = await self.http.get(f"/0/public/{method}", params=arguments)
        assert response.status_code == 200
        return response.json()


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[ccxt.kraken]:
    exchange = ccxt.kraken(
        {"apiKey": "sandbox-key", "secret": SECRET, "enableRateLimit": False, "timeout": 5_000, "number": str}
    )
    exchange.urls["api"] = {"public": url, "private": url}
    try:
        await exchange.load_markets()
        yield exchange
    finally:
        await exchange.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage() -> AsyncIterator[tuple[Stage, str]]:
    played = Stage()
    async with serving(played) as url:
        yield played, url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_exchange(stage) -> AsyncIterator[ccxt.kraken]:
    stage[0].sandbox = sandbox()
    async with connected(stage[1]) as exchange:
        yield exchange


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_http(stage) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=stage[1], timeout=30, verify=False) as http:
        yield http


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def box(stage, clock) -> Sandbox:
    """A fresh sandbox with 20,000 USDT behind the running server, in whose book 0.01 coins stand on each level."""
    stage[0].sandbox = sandbox(balances={"USDT": Decimal(20_000)}, price=PRICE, clock=clock)
    listing = stage[0].sandbox.venue.listing()
    listing.book = Book(tick=Decimal("0.1"), level_quantity=Decimal("0.01"))
    return stage[0].sandbox


@pytest.fixture
def exchange(box, shared_exchange) -> ccxt.kraken:
    """The real ccxt client, talking to `box`."""
    return shared_exchange


@pytest.fixture
def wire(box, shared_http, shared_exchange) -> Wire:
    """The bare protocol, talking to `box`; one source of nonces serves both clients of the key."""
    return Wire(shared_http, shared_exchange.incrementing_nonce)
