"""`helix demo`: the whole job on this machine, in under a minute."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from helix_core.cli.speaking import EXIT_PROBLEM, console, sentences
from helix_core.clock import SystemClock
from helix_core.errors import HelixError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helix_core.cli.demo.bot_process import BotProcess
    from helix_core.cli.demo.candles import Candle
    from helix_core.cli.demo.screen import Screen
    from helix_core.cli.demo.strategy import StrategyOrder
    from helix_core.sandbox import Sandbox
    from helix_core.testing.telegram import FakeTelegram

_CANDLE_S = 0.04
_NOTICE_S, _END_S = 30.0, 60.0
_SECRET = "demo-secret-of-this-run-only"  # noqa: S105 - guards a bot that lives for a minute on loopback
_WANTED = ("closed", "stopped_out", "deduplicated", "rejected")


@sentences
def demo(
    exchange: Annotated[str, typer.Option(help="Whose sandbox to trade on; the only one installed if left out.")] = "",
) -> None:
    """Trade recorded candles on a sandbox venue with the real bot, and prove that its books agree with the venue's."""
    import httpx  # noqa: PLC0415 - keeps --help instant

    try:
        proven = asyncio.run(_demo(exchange))
    except (TimeoutError, httpx.TimeoutException):
        raise HelixError(
            "The bot did not answer in time: this machine is too busy just now. Nothing is left running; try again."
        ) from None
    if not proven:
        raise typer.Exit(EXIT_PROBLEM)


@dataclass(slots=True)
class Play:
    """One run of the demo: who takes part, and what has been seen so far."""

    venue: Sandbox
    bot: BotProcess
    telegram: FakeTelegram
    screen: Screen
    alerts: int = 0
    seen: set[str] = field(default_factory=set)

    async def trade(self, order: StrategyOrder, *, twice: bool) -> None:
        """Post the alert of one strategy order, and show what comes of it; `twice` sends it again at once."""
        from helix_core.cli.demo.alert import alert_message  # noqa: PLC0415 - keeps --help instant

        body = alert_message(order, fired_at=SystemClock().now(), secret=_SECRET)
        self.screen.alert(order.candle, body.replace(_SECRET, "***"))
        for _ in range(2 if twice else 1):
            answer = await self.bot.post(body)
            self.alerts += 1
            self.screen.answer(answer)
            said = answer.json()
            self.seen.add(said["status"])
            if said["status"] != "deduplicated" and "id" in said:
                story = await self._ended(said["id"])
                self.seen.add(str(story["signal"]["action"]))
                self.screen.story(story)
        self.screen.messages(self.telegram.messages)

    async def _ended(self, row: int) -> dict[str, Any]:
        """The story of a signal, once it has an end: a venue that counts questions takes its time."""
        async with asyncio.timeout(_END_S):
            story = await self.bot.get(f"/signals/{row}")
            while story["asked"]["done_at"] is None:
                await asyncio.sleep(0.1)
                story = await self.bot.get(f"/signals/{row}")
        return story

    async def notice_stop(self) -> None:
        """Hold the market until the bot has noticed that its stop filled, as a real market's minutes would."""
        if self.venue.venue.ledger.open_orders(self.venue.symbol):
            return
        async with asyncio.timeout(_NOTICE_S):
            while (await self.bot.get("/health"))["open_positions"]:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        self.screen.messages(self.telegram.messages)


async def _demo(exchange: str) -> bool:
    from helix_core.cli.demo.bot_process import running_bot  # noqa: PLC0415 - keeps --help instant
    from helix_core.cli.demo.candles import recorded_candles  # noqa: PLC0415
    from helix_core.cli.demo.screen import Screen  # noqa: PLC0415
    from helix_core.cli.sandbox import make  # noqa: PLC0415
    from helix_core.sandbox.server import serving  # noqa: PLC0415
    from helix_core.testing.telegram import FakeTelegram  # noqa: PLC0415

    candles = recorded_candles()
    venue, screen = make(exchange, round(candles[0].open)), Screen(console)
    with tempfile.TemporaryDirectory(prefix="helix-demo-") as place:
        folder = Path(place)
        async with serving(venue.app) as url, FakeTelegram() as telegram:
            screen.say(f"Sandbox venue ({venue.name}) and a Telegram server are up; starting the bot.")
            async with running_bot(folder, _settings(venue, url, telegram)) as bot:
                play = Play(venue, bot, telegram, screen)
                await _play(play, candles)
            screen.messages(telegram.messages)
        return _verdict(play, folder / "data" / "helix.db", len(candles))


async def _play(play: Play, candles: tuple[Candle, ...]) -> None:
    from helix_core.cli.demo.player import price_path  # noqa: PLC0415
    from helix_core.cli.demo.strategy import EmaRsi, RsiDip  # noqa: PLC0415

    strategies, tick = (EmaRsi(), RsiDip()), play.venue.venue.listing().market.price_tick
    repeated = False
    for candle in candles:
        for price in price_path(candle, tick):
            play.venue.venue.set_price(price)
        await play.notice_stop()
        for strategy in strategies:
            order = strategy.on_close(candle)
            if order is not None:
                await play.trade(order, twice=not repeated)
                repeated = True
        await asyncio.sleep(_CANDLE_S)


def _verdict(play: Play, database: Path, candles: int) -> bool:
    from helix_core.cli.demo.audit import differences  # noqa: PLC0415

    play.screen.trades(database)
    found = differences(play.venue, database)
    missing = set(_WANTED) - play.seen - play.screen.statuses(database)
    fills = len(play.venue.venue.ledger.executions)
    play.screen.say("")
    for difference in found:
        play.screen.say(f"  DIFFERENCE  {difference}")
    for what in sorted(missing):
        play.screen.say(f"  NOT SHOWN   {what}")
    if not found and not missing:
        play.screen.say(
            f"  {candles} candles, {play.alerts} alerts, {fills} fills: "
            "the venue's ledger and the bot's database agree to the last digit."
        )
    return not found and not missing


def _mode(exchange: str) -> Mapping[str, str]:
    """Testnet, as an owner would begin. A venue without one is traded "live": at the sandbox's address, on loopback."""
    from helix_core.config import TradingMode  # noqa: PLC0415 - keeps --help instant
    from helix_core.plugins import exchange_modes  # noqa: PLC0415
    from helix_core.settings import LIVE_PHRASE  # noqa: PLC0415

    if TradingMode.TESTNET in exchange_modes(exchange, SystemClock()):
        return {"TRADING_MODE": TradingMode.TESTNET.value}
    return {"TRADING_MODE": TradingMode.LIVE.value, "LIVE_CONFIRMATION": LIVE_PHRASE}


def _settings(venue: Sandbox, url: str, telegram: FakeTelegram) -> Mapping[str, str]:
    upper = venue.name.upper()
    return {
        "ACTIVE_EXCHANGE": venue.name,
        **_mode(venue.name),
        "TRADING_PAIR": venue.symbol,
        f"{upper}_BASE_URL": url,
        f"{upper}_API_KEY": venue.api_key,
        f"{upper}_API_SECRET": venue.api_secret,
        "WEBHOOK_SECRET": _SECRET,
        "WEBHOOK_LIMIT_PER_MINUTE": "120",
        "HEALTH_LIMIT_PER_MINUTE": "10000",
        "TELEGRAM_BOT_TOKEN": telegram.token,
        "TELEGRAM_CHAT_ID": "1",
        "TELEGRAM_BASE_URL": telegram.url,
        "STOP_LOSS_PCT": "0.75",
        "RISK_PER_TRADE_PCT": "0.5",
    }
