"""The server starts, stops and frees its port, and leaves the event loop as it was."""

from __future__ import annotations

import asyncio
import signal
from decimal import Decimal

import httpx
import pytest

from helix_binance.sandbox import sandbox
from helix_core.sandbox import Fault, FaultKind, Refused, SandboxServer, serving


async def test_server_serves_and_is_gone_afterwards():
    """Inside the block it answers, behind it nobody listens."""
    async with serving(sandbox().app) as url, httpx.AsyncClient(base_url=url, verify=False) as http:
        assert (await http.get("/api/v3/ping")).json() == {}

    with pytest.raises(httpx.ConnectError):
        async with httpx.AsyncClient(verify=False) as http:
            await http.get(f"{url}/api/v3/ping")


async def test_port_is_free_again_at_once():
    """The same port can be served again, as a restarted venue would."""
    async with serving(sandbox().app) as url:
        port = int(url.rpartition(":")[2])

    async with serving(sandbox().app, port=port) as again:
        assert again == url


async def test_port_that_is_taken_is_an_error():
    """A second server on one port does not start."""
    async with serving(sandbox().app) as url:
        second = SandboxServer(sandbox().app, port=int(url.rpartition(":")[2]))

        with pytest.raises(OSError, match="in use"):
            await second.start()


async def test_stopping_twice_is_fine_and_does_not_wait_for_a_hanging_request():
    """A request that hangs for a minute holds the server up for a second at most."""
    box, arrived = sandbox(), asyncio.Event()
    box.faults.add(Fault(on="GET /api/v3/ping", kind=FaultKind.DELAY, delay_s=60))

    async def app(scope, receive, send):
        arrived.set()
        await box.app(scope, receive, send)

    server = SandboxServer(app)
    await server.start()
    async with asyncio.TaskGroup() as group, httpx.AsyncClient(base_url=server.url, verify=False) as http:
        hanging = group.create_task(answered(http))
        await arrived.wait()

        async with asyncio.timeout(3):
            await server.stop()
            await server.stop()

        assert await hanging is False
    with pytest.raises(RuntimeError):
        _ = server.url


async def answered(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/api/v3/ping", timeout=10)).status_code == 200
    except httpx.RemoteProtocolError:
        return False


async def test_signal_handlers_stay_as_they_were():
    """The host program's own Ctrl+C is not taken over."""
    before = signal.getsignal(signal.SIGINT)

    async with serving(sandbox().app):
        assert signal.getsignal(signal.SIGINT) is before


async def test_errors_in_the_body_of_the_block_come_through_unchanged():
    """A failing test inside the block fails with its own error."""
    with pytest.raises(ZeroDivisionError):
        async with serving(sandbox().app):
            _ = 1 / 0


def test_pair_without_a_known_price_needs_one():
    """Nothing is made up: the first price is given or known."""
    with pytest.raises(ValueError, match="ETH/USDT"):
        sandbox(symbol="ETH/USDT")
    with pytest.raises(Refused):
        sandbox(price=Decimal("0.001"))

    assert sandbox(symbol="ETH/USDT", price=Decimal(2500)).venue.listing().market.native_id == "ETHUSDT"
