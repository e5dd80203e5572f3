"""Bots that others would pick, made ready for the sandbox, each in an environment of its own."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from environments import python_with
from figures import CannotMeasure
from line import Line
from processes import HERE, Processes, Running, free_port
from sender import NotAnswered, send

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sender import Sent

_PATIENCE_S = 60.0
_LOGIN = f"Authorization: Basic {base64.b64encode(b'bench:bench').decode()}\r\n"
_PULSE = (
    "import sys, pulse_binance.adapter as adapter, pulse_tradingview.cli as cli; "
    "adapter.BinanceAdapter.BASE_URL = sys.argv.pop(1); cli.main()"
)
"""pulse-binance knows no other address than Binance's own: the sandbox's is put in its place."""


class Freqtrade:
    """freqtrade with one pair, market orders, and a stop at the exchange; it is told what to buy."""

    name = "freqtrade forceenter"

    def __init__(self, running: Running, line: Line) -> None:
        """Running, before a line."""
        self.line = line
        self._port = running.port

    async def buy(self) -> Sent:
        """Have it buy. Raises CannotMeasure when it does not."""
        sent = await self._post("forceenter", {"pair": "BTC/USDT", "side": "long"})
        if sent.status != 200:
            raise CannotMeasure(f"freqtrade answered {sent.status}: {sent.body[:300]}")
        return sent

    async def ready(self) -> None:
        """Wait until it trades: before that it refuses. Raises CannotMeasure."""
        ends = asyncio.get_running_loop().time() + _PATIENCE_S
        while (said := await self._post("forceexit", {"tradeid": "all"})).status != 200:
            if asyncio.get_running_loop().time() > ends:
                raise CannotMeasure(f"freqtrade does not come to trade: {said.status} {said.body[:300]}")
            await asyncio.sleep(0.5)

    async def _post(self, what: str, message: dict[str, Any]) -> Sent:
        try:
            return await send(self._port, message, path=f"/api/v1/{what}", headers=_LOGIN)
        except NotAnswered as problem:
            raise CannotMeasure(str(problem)) from problem


@asynccontextmanager
async def freqtrade(folder: Path, delay_s: float) -> AsyncIterator[Freqtrade]:
    """Start it before a venue of its own, so far away."""
    python, port = await asyncio.to_thread(python_with, "freqtrade"), free_port()
    with Processes(folder) as processes:
        venue = await asyncio.to_thread(processes.venue)
        line = Line(venue.port, delay_s)
        (folder / "user").mkdir()
        (folder / "config.json").write_text(json.dumps(_freqtrade_config(await line.open(), port)), encoding="utf-8")
        options = ("--userdir", "user", "--config", "config.json", "--db-url", f"sqlite:///{folder}/trades.db")
        strategy = ("--strategy", "Told", "--strategy-path", str(HERE / "freqtrade"))
        command = (python, "-m", "freqtrade", "trade", *options, *strategy)
        bot = Freqtrade(await asyncio.to_thread(processes.serving, "freqtrade", command, port), line)
        await bot.ready()
        yield bot


def _freqtrade_config(venue_url: str, port: int) -> dict[str, Any]:
    ccxt = {
        "urls": {"api": {"public": f"{venue_url}/api/v3", "private": f"{venue_url}/api/v3"}},
        "options": {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False},
    }
    return {
        "dry_run": False,
        "max_open_trades": 1,
        "stake_currency": "USDT",
        "stake_amount": 60,
        "trading_mode": "spot",
        "force_entry_enable": True,
        "initial_state": "running",
        "exchange": {
            "name": "binance",
            "key": "sandbox-key",
            "secret": "sandbox-secret",
            "ccxt_config": ccxt,
            "pair_whitelist": ["BTC/USDT"],
            "enable_ws": False,
        },
        "pairlists": [{"method": "StaticPairList"}],
        "entry_pricing": {"price_side": "other", "use_order_book": False},
        "exit_pricing": {"price_side": "other", "use_order_book": False},
        "api_server": {
            "enabled": True,
            "listen_ip_address": "127.0.0.1",
            "listen_port": port,
            "username": "bench",
            "password": "bench",
            "jwt_secret_key": "a-secret-of-the-benchmark-that-is-long-enough",
        },
    }


async def pulse_says(folder: Path) -> str:
    """What pulse-tradingview answers to an alert that is to buy, and whether it has placed an order."""
    python, port = await asyncio.to_thread(python_with, "pulse"), free_port()
    with Processes(folder) as processes:
        venue = await asyncio.to_thread(processes.venue)
        line = Line(venue.port, 0.0)
        config = {"binance": {"api_key": "sandbox-key", "api_secret": "sandbox-secret"}, "pairs": ["BTC/USDT"]}
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
        start = ("start", "--port", str(port), "--config", "config.json")
        command = (python, "-c", _PULSE, await line.open(), *start)
        await asyncio.to_thread(processes.serving, "pulse", command, port)
        alert = {"action": "buy", "symbol": "BTCUSDT", "price": "64210.50", "confidence": "1.0"}
        try:
            sent = await send(port, alert, path="/")
        except NotAnswered as problem:
            raise CannotMeasure(f"pulse-tradingview: {problem}") from problem
        orders = sum(arrival.places for arrival in line.arrivals)
        return f"{orders} orders came to the venue; it answered {sent.status}: {sent.body}"
