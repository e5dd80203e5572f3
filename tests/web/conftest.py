"""A door on a real socket, with a stand-in for the bot behind it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr

from helix_core.clock import SystemClock
from helix_core.engine.outcome import Outcome, OutcomeStatus, Receipt
from helix_core.errors import StoreError
from helix_core.web import DoorSettings, Server, create_app
from helix_core.web.protocol import PromptProtocol
from helix_plugins.tradingview import TradingView

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from helix_core.domain.signal import Signal
    from helix_core.engine.vitals import Condition

SECRET = "correct-horse-battery-staple"
HEALTH = {
    "status": "ok",
    "uptime_seconds": 12,
    "active_exchange": "paper",
    "exchange_connected": True,
    "last_signal_time": None,
    "open_positions": 0,
    "daily_pnl_pct": None,
    "trading_mode": "paper",
}


@dataclass
class StandInDesk:
    """A Desk that stores what it is given and ends each signal as it is told."""

    ready: bool = True
    end: Callable[[int, Signal, asyncio.Future[Outcome]], None] | None = None
    storing: Callable[[], Any] | None = None
    looking: Callable[[], Any] | None = None
    asked: int = 0
    soon: bool = True
    taken: list[tuple[Signal, str]] = field(default_factory=list)
    futures: list[asyncio.Future[Outcome]] = field(default_factory=list)
    state: dict[str, object] = field(default_factory=lambda: dict(HEALTH))

    async def accept(self, signal: Signal, payload: str) -> Receipt:
        if self.storing is not None:
            await self.storing()
        self.taken.append((signal, payload))
        row, outcome = len(self.taken), asyncio.get_running_loop().create_future()
        self.futures.append(outcome)
        (self.end or accepted)(row, signal, outcome)
        return Receipt(row, outcome, self.soon)

    async def health(self) -> Mapping[str, object]:
        return self.state

    async def status(self) -> Mapping[str, object]:
        return {"halts": [], "now": datetime(2026, 5, 15, tzinfo=UTC)}

    async def signal_story(self, row: int) -> Mapping[str, object] | None:
        return {"id": row} if row <= len(self.taken) else None

    async def condition(self) -> Condition:
        """Say nothing: a desk whose database does not answer."""
        self.asked += 1
        if self.looking is not None:
            await self.looking()
        raise StoreError("the disk is gone")

    def plugins(self) -> list[Mapping[str, object]]:
        return [{"name": "tradingview"}]


def accepted(row: int, signal: Signal, outcome: asyncio.Future[Outcome]) -> None:
    outcome.set_result(Outcome(status=OutcomeStatus.ACCEPTED, row=row, signal_id=signal.signal_id, trade_id=7))


@dataclass
class House:
    """What a test talks to: the desk behind the door, a client in front of it, the port for raw bytes."""

    desk: StandInDesk
    client: httpx.AsyncClient
    port: int

    async def raw(self, data: bytes, *, finish_s: float = 5.0) -> bytes:
        """Send bytes as they are; return everything that comes back until the server hangs up."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        try:
            return await asyncio.wait_for(reader.read(), finish_s)
        finally:
            writer.close()


@pytest.fixture
def message() -> dict[str, object]:
    """A message that can be read, without the secret."""
    return {"signal": "BUY", "symbol": "BTC/USDT", "price": 64210.5, "signal_id": "Long"}


@pytest.fixture
def auth() -> dict[str, str]:
    """The secret in the header."""
    return {"X-Webhook-Secret": SECRET}


@pytest.fixture
def desk() -> StandInDesk:
    """A desk that accepts everything."""
    return StandInDesk()


@pytest.fixture
def opened(desk: StandInDesk) -> Callable[..., AbstractAsyncContextManager[House]]:
    """Open a door with these settings on a port of its own."""

    @asynccontextmanager
    async def opened(*, http: type[PromptProtocol] = PromptProtocol, **settings: Any) -> AsyncIterator[House]:
        settings = {"secrets": (SecretStr(SECRET),), "webhook_limit_per_minute": 1000, **settings}
        door = DoorSettings(clock=SystemClock(), **settings)
        server = Server(create_app(desk=desk, source=TradingView(), door=door), host="127.0.0.1", port=0, http=http)
        server.bind()
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(server.run())
            async with httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{server.port}", timeout=30, verify=False
            ) as client:
                yield House(desk, client, server.port)
            serving.cancel()

    return opened


@pytest.fixture
async def house(opened: Callable[..., AbstractAsyncContextManager[House]]) -> AsyncIterator[House]:
    """A door with the usual settings."""
    async with opened() as house:
        yield house
