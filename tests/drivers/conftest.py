"""A tiny venue, and clients that talk to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from helix_binance.client import BinanceClient
from helix_binance.sandbox import sandbox
from helix_core import ExchangeConfig, TradingMode
from helix_core.ccxt import Bounds
from helix_core.clock import SystemClock
from helix_core.sandbox import Sandbox, serving
from tests.drivers import kraken_venue
from tests.drivers.local_binance import driver_of
from tests.drivers.specimens import KEY, SECRET, SYMBOL, set_up
from tests.drivers.tiny_venue import TinyVenue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from helix_kraken.client import KrakenClient


@pytest.fixture
async def tiny() -> AsyncIterator[TinyVenue]:
    """A tiny venue with no answers yet."""
    venue = TinyVenue()
    await venue.open()
    yield venue
    await venue.close()


@pytest.fixture
def config(tiny: TinyVenue) -> Callable[..., ExchangeConfig]:
    """Make a driver's configuration that points at the tiny venue."""

    def make(**changes: Any) -> ExchangeConfig:
        settings: dict[str, Any] = {
            "name": "driver",
            "mode": TradingMode.LIVE,
            "symbol": SYMBOL,
            "clock": SystemClock(),
            "api_key": SecretStr(KEY),
            "api_secret": SecretStr(SECRET),
            "base_url": tiny.url,
        }
        return ExchangeConfig(**{**settings, **changes})

    return make


class Impatient(BinanceClient):
    """The client with bounds short enough to wait for in a test."""

    bounds = Bounds(order_timeout_s=0.4, question_timeout_s=1.2, question_interval_s=0.0)


@pytest.fixture
async def binance(tiny: TinyVenue, config: Callable[..., ExchangeConfig]) -> AsyncIterator[BinanceClient]:
    """A connected client; the tiny venue has forgotten how it came about."""
    set_up(tiny)
    client = Impatient(config())
    await client.connect()
    tiny.seen.clear()
    yield client
    await client.disconnect()


@pytest.fixture
def venue() -> Sandbox:
    """A local Binance."""
    return sandbox()


@pytest.fixture
async def client(venue: Sandbox) -> AsyncIterator[BinanceClient]:
    """A client connected to the local Binance."""
    async with serving(venue.app) as url:
        driver = driver_of(venue, url)
        await driver.connect()
        yield driver
        await driver.disconnect()


@pytest.fixture
async def kraken(tiny: TinyVenue, config: Callable[..., ExchangeConfig]) -> AsyncIterator[KrakenClient]:
    """A connected client; the tiny venue has forgotten how it came about."""
    kraken_venue.set_up(tiny)
    driver = kraken_venue.Impatient(config(name="kraken", api_secret=SecretStr(kraken_venue.SECRET)))
    await driver.connect()
    tiny.seen.clear()
    yield driver
    await driver.disconnect()
