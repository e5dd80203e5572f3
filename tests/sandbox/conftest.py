"""One real server and one real ccxt client for all tests; a fresh sandbox behind them for each."""

from __future__ import annotations

import hashlib
import hmac
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import ccxt.async_support as ccxt  # type: ignore[import-untyped]
import httpx
import pytest
import pytest_asyncio

from helix_binance.sandbox import sandbox
from helix_core.clock import SystemClock
from helix_core.sandbox import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from helix_core.sandbox import Sandbox

SYMBOL = "BTC/USDT"
PRICE = Decimal("64210.50")


class Stage:
    """An ASGI application that plays whichever sandbox is on."""

    sandbox: Sandbox

    async def __call__(self, scope, receive, send):
        await self.sandbox.app(scope, receive, send)


class Wire:
    """A client that signs as Binance asks, and lets a test do it wrong."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def send(
        self,
        method: str,
        path: str,
        *,
        key: str | None = "sandbox-key",
        secret: str = "sandbox-secret",
        **parameters: Any,
    ) -> httpx.Response:
        """Send `parameters` signed; a `timestamp` of None is left out."""
        stamped = {"timestamp": now_ms(), **parameters}
        encoded = urlencode({name: value for name, value in stamped.items() if value is not None})
        signature = hmac.new(secret.encode(), encoded.encode(), hashlib.sha256).hexdigest()
        return await self.raw(method, path, f"{encoded}&signature={signature}", key)

    async def raw(self, method: str, path: str, encoded: str, key: str | None = "sandbox-key") -> httpx.Response:
        """Send these very characters: as a form with POST, else in the query."""
        headers = {} if key is None else {"X-MBX-APIKEY": key}
        if method != "POST":
            return await self.http.request(method, f"{path}?{encoded}", headers=headers)
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        return await self.http.post(path, content=encoded, headers=headers)

    async def error(self, method: str, path: str, **parameters: Any) -> tuple[int, str]:
        """The code and text of the refusal."""
        answer = (await self.send(method, path, **parameters)).json()
        return answer["code"], answer["msg"]

    async def ok(self, method: str, path: str, **parameters: Any) -> Any:
        """The answer, which must not be an error."""
        response = await self.send(method, path, **parameters)
        assert response.status_code == 200, response.text
        return response.json()


def now_ms() -> int:
    return int(SystemClock().now().timestamp() * 1000)


def point(exchange: ccxt.binance, url: str) -> None:
    """Send a ccxt client to a local server, and let it read error codes as it would at api.binance.com."""
    exchange.urls["api"] = {"public": f"{url}/api/v3", "private": f"{url}/api/v3", "sapi": f"{url}/sapi/v1"}
    by_url = exchange.get_exceptions_by_url
    exchange.get_exceptions_by_url = lambda _, kind: by_url("https://api.binance.com/", kind)


async def buy(exchange, quantity="0.078", **parameters):
    return await exchange.create_order(SYMBOL, "market", "buy", quantity, None, parameters)


async def protect(exchange, quantity="0.07792", stop="62926.30", limit="110000.00", **parameters):
    return await exchange.private_post_orderlist_oco(
        {
            "symbol": "BTCUSDT",
            "side": "SELL",
            "quantity": quantity,
            "aboveType": "LIMIT_MAKER",
            "abovePrice": limit,
            "belowType": "STOP_LOSS",
            "belowStopPrice": stop,
            "newOrderRespType": "RESULT",
            **parameters,
        }
    )


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[ccxt.binance]:
    exchange = ccxt.binance(
        {
            "apiKey": "sandbox-key",
            "secret": "sandbox-secret",
            "enableRateLimit": False,
            "timeout": 5_000,
            "options": {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False},
        }
    )
    point(exchange, url)
    try:
        exchange.set_markets(await exchange.fetch_markets({"symbol": "BTCUSDT"}))
        yield exchange
    finally:
        await exchange.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage() -> AsyncIterator[tuple[Stage, str]]:
    played = Stage()
    async with serving(played) as url:
        yield played, url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_exchange(stage) -> AsyncIterator[ccxt.binance]:
    stage[0].sandbox = sandbox()
    async with connected(stage[1]) as exchange:
        yield exchange


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_http(stage) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=stage[1], timeout=30, verify=False) as http:
        yield http


@pytest.fixture
def box(stage) -> Sandbox:
    """A fresh sandbox with 20,000 USDT behind the running server."""
    stage[0].sandbox = sandbox(balances={"USDT": Decimal(20_000)}, price=PRICE)
    return stage[0].sandbox


@pytest.fixture
def exchange(box, shared_exchange) -> ccxt.binance:
    """The real ccxt client, talking to `box`."""
    shared_exchange.options.pop("hasAlreadyAuthenticatedSuccessfully", None)
    return shared_exchange


@pytest.fixture
def wire(box, shared_http) -> Wire:
    """The bare protocol, talking to `box`."""
    return Wire(shared_http)
