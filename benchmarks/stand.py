"""Programs that trade on an alert, each before a sandbox venue that is so far away, and how one is made to trade."""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from environments import python_with
from figures import CannotMeasure
from line import Line
from processes import HELIX, Processes, Running, tell
from sender import NotAnswered, send

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from line import Arrival
    from sender import Sent

SECRET = "a-secret-of-the-benchmark"  # noqa: S105 - it guards nothing
_PRICE, _BETTER_PRICE = "64210.50", "64610.50"
_SMALL = {"RISK_PER_TRADE_PCT": "0.01", "MAX_DRAWDOWN_PCT": "50", "MAX_CONSECUTIVE_LOSSES": "100"}
"""Settings with which a bot can trade a thousand times before a limit is reached."""


@dataclass(slots=True)
class Times:
    """What was seen of one program, in seconds.

    From an alert's first byte until its order was at the venue, for BUY and SELL (there a stop is cancelled first);
    from when the program had the answer to its order until the stop was at the venue; until the alert was answered.
    """

    to_order: list[float] = field(default_factory=list)
    to_stop: list[float] = field(default_factory=list)
    to_sale: list[float] = field(default_factory=list)
    to_answer: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Stand:
    """A running program, the line before it and the venue behind that. `buys` are its alerts, oldest first."""

    server: Running
    line: Line
    venue_url: str
    buys: list[Sent] = field(default_factory=list)

    async def trade(self, name: str, pause_s: float, times: Times | None = None) -> None:
        """Buy and sell again. Raises CannotMeasure unless both orders came to the venue."""
        await self.buy(name, pause_s, times)
        await self.sell(name, pause_s, times)

    async def buy(self, name: str, pause_s: float, times: Times | None = None) -> None:
        """Send one BUY that has to be traded."""
        sent, placed = await self._traded("BUY", f"{name}-buy", pause_s)
        self.buys.append(sent)
        if times is not None:
            times.to_order.append(placed[0].at - sent.at)
            times.to_answer.append(sent.answered_at - sent.at)
            if len(placed) > 1 and placed[0].known_at is not None:
                times.to_stop.append(placed[1].at - placed[0].known_at)

    async def sell(self, name: str, pause_s: float, times: Times | None = None) -> None:
        """Send one SELL that has to be traded, at a better price: losses in a row would halt a bot."""
        await self._move(_BETTER_PRICE)
        sent, placed = await self._traded("SELL", f"{name}-sell", pause_s)
        await self._move(_PRICE)
        if times is not None:
            times.to_sale.append(placed[0].at - sent.at)

    async def signal(self, action: str, signal_id: str, pause_s: float, wanted: int = 200) -> Sent:
        """Send one alert when it has been quiet for a while. Raises CannotMeasure unless the answer is as wanted."""
        await asyncio.sleep(pause_s)
        message = {"signal": action, "symbol": "BTC/USDT", "price": 64210.5, "signal_id": signal_id, "secret": SECRET}
        try:
            sent = await send(self.server.port, message)
        except NotAnswered as problem:
            raise CannotMeasure(str(problem)) from problem
        if sent.status != wanted:
            raise CannotMeasure(f"{action} was answered {sent.status} instead of {wanted}: {sent.body[:300]}")
        return sent

    async def _traded(self, action: str, signal_id: str, pause_s: float) -> tuple[Sent, list[Arrival]]:
        sent = await self.signal(action, signal_id, pause_s)
        placed = [arrival for arrival in self.line.since(sent.at) if arrival.places]
        if not placed:
            raise CannotMeasure(f"{action} placed no order, and was answered {sent.body[:300]}")
        return sent, placed

    async def _move(self, price: str) -> None:
        await asyncio.to_thread(tell, f"{self.venue_url}/sandbox/price", {"price": price})

    def requests(self) -> str:
        """What came to the venue around the last BUY, and when."""
        sent = self.buys[-1]
        seen = [arrival for arrival in self.line.since(sent.at - 1.0) if arrival.at < sent.answered_at + 0.1]
        lines = [f"{1000 * (arrival.at - sent.at):8.1f} ms  {arrival.method:6} {arrival.path}" for arrival in seen]
        return "\n".join([*lines, f"{1000 * (sent.answered_at - sent.at):8.1f} ms  the alert was answered"])


@asynccontextmanager
async def floor(folder: Path, delay_s: float) -> AsyncIterator[Stand]:
    """The floor (floor.py)."""
    async with _script("floor.py", folder, delay_s, str(folder / "floor.db")) as stand:
        yield stand


@asynccontextmanager
async def flask(folder: Path, delay_s: float) -> AsyncIterator[Stand]:
    """The Flask script (flask_script.py)."""
    python = await asyncio.to_thread(python_with, "flask")
    async with _script("flask_script.py", folder, delay_s, python=python) as stand:
        yield stand


@asynccontextmanager
async def fastapi(folder: Path, delay_s: float) -> AsyncIterator[Stand]:
    """The FastAPI script (fastapi_script.py), with ccxt as it comes."""
    async with _script("fastapi_script.py", folder, delay_s, "yes") as stand:
        yield stand


@asynccontextmanager
async def fastapi_unlimited(folder: Path, delay_s: float) -> AsyncIterator[Stand]:
    """The same without ccxt's rate limiter."""
    async with _script("fastapi_script.py", folder, delay_s, "no") as stand:
        yield stand


@asynccontextmanager
async def helix(
    folder: Path, delay_s: float, program: Sequence[str] = HELIX, venue: Running | None = None
) -> AsyncIterator[Stand]:
    """Helix as shipped, `helix run`; `program` is what Python runs in its place.

    It is before a venue of its own, unless it gets one that runs.
    """
    with Processes(folder) as processes:
        venue = venue or await asyncio.to_thread(processes.venue)
        line = Line(venue.port, delay_s)
        reached_at = await line.open()
        bot = await asyncio.to_thread(lambda: processes.bot(SECRET, reached_at=reached_at, program=program, **_SMALL))
        yield Stand(bot, line, venue.venue_url)


@asynccontextmanager
async def _script(
    name: str, folder: Path, delay_s: float, *before: str, python: str = sys.executable
) -> AsyncIterator[Stand]:
    with Processes(folder) as processes:
        venue = await asyncio.to_thread(processes.venue)
        # The venue takes its fees in coins: a script that sells as much as it has bought needs some to spare.
        tell(f"{venue.venue_url}/sandbox/transfer", {"currency": "BTC", "amount": "10"})
        line = Line(venue.port, delay_s)
        given = (*before, await line.open(), SECRET)
        yield Stand(
            await asyncio.to_thread(lambda: processes.server(name, *given, python=python)), line, venue.venue_url
        )
