"""Boot: from a closed door to an open one. Nothing is bought before every question here has been answered.

`boot` asks what must be known to look after anything at all. Then the worker starts, recovers what an earlier run left
behind and keeps it covered, while `open_up` compares account and database and opens the door at last.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import structlog

from helix_core.contracts.exchange import IN_HAND
from helix_core.domain.notice import NoticeKind
from helix_core.errors import ConfigError, DataMissing, ExchangeError, ExchangeUnavailable, RateLimited
from helix_core.notify import messages
from helix_core.store import journal, outbox, trades

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from helix_core.app import Bot

log = structlog.get_logger(__name__)

_PAUSE_S = 1.0
_PAUSE_WITHOUT_FIGURE_S = 10.0
_LONGEST_PAUSE_S = 60.0
_LOOKS_FOR_STOPS = 120


async def boot(bot: Bot) -> None:
    """Ask what the worker needs to begin. Raises ConfigError or ExchangeError in one sentence."""
    label, settings = bot.client.label, bot.settings
    try:
        await _ask_everything(bot)
    except (ExchangeError, DataMissing) as error:
        origin = f"{settings.active_exchange.upper().replace('-', '_')}_BASE_URL"
        raise ExchangeUnavailable(
            f"{label} could not be used at start: {error} "
            f"Check the network, the key and {origin}; `helix check` tells which."
        ) from error


async def open_up(bot: Bot) -> None:
    """Open the door, once everything is recovered and account and database have been compared. A task of its own."""
    await bot.worker.recovered.wait()
    for _ in range(_LOOKS_FOR_STOPS):
        if bot.worker.calm:
            break
        await asyncio.sleep(_PAUSE_S)  # a venue may count questions: those for a stop come before all others
    IN_HAND.set(True)
    await _insist(bot, bot.worker.compare, for_ever=True)
    await _insist(bot, partial(_announce, bot), for_ever=True)
    await bot.worker.take_up()
    bot.desk.open_door()
    log.info("ready", exchange=bot.client.name, mode=bot.settings.trading_mode.value, pair=bot.market.symbol)


async def _ask_everything(bot: Bot) -> None:
    """All that must be known. A bot with something at the venue does not give up while that cannot be reached.

    A pause that the venue asks for is kept here in any case: a new process would only ask it more.
    """
    await _insist(bot, bot.client.connect)
    await _insist(bot, partial(_check_key, bot))
    await _insist(bot, partial(_ask, bot))


async def _insist(bot: Bot, ask: Callable[[], Awaitable[None]], *, for_ever: bool = False) -> None:
    held_off_s = 0.0
    while True:
        try:
            await ask()
        except RateLimited as limited:
            # Each turn asks some questions again, so the next one waits twice as long: else it gets no further ever.
            held_off_s = max(limited.retry_after_s or _PAUSE_WITHOUT_FIGURE_S, 2 * held_off_s)
            pause_s, problem = min(held_off_s, _LONGEST_PAUSE_S), str(limited)
        except (ExchangeUnavailable, DataMissing) as error:
            if not for_ever and not await _something_is_at_stake(bot):
                raise
            pause_s, problem = _PAUSE_S, str(error)
        else:
            return
        log.warning("start_waits_for_the_venue", seconds=pause_s, problem=problem)
        await asyncio.sleep(pause_s)


async def _something_is_at_stake(bot: Bot) -> bool:
    async with bot.store.read() as session:
        return bool(await trades.open_trades(session) or await journal.unsettled(session))


async def _ask(bot: Bot) -> None:
    view = await bot.market.view(bot.market.symbol)
    if view.problem is not None:
        raise bot.market.limited or ExchangeUnavailable(view.problem)
    await _check_pair(bot, trading=view.instrument is not None and view.instrument.trading)


async def _check_pair(bot: Bot, *, trading: bool) -> None:
    """A position in another pair would be looked after by nobody; one in a pair that is halted must be."""
    async with bot.store.read() as session:
        held = {trade.symbol for trade in await trades.open_trades(session)}
    for symbol in sorted(held - {bot.market.symbol}):
        raise ConfigError(f"TRADING_PAIR is {bot.market.symbol}, but a position in {symbol} is open. Set it back.")
    if not trading and not held:
        raise ConfigError(f"{bot.market.symbol} is not trading on {bot.client.label}. Choose another TRADING_PAIR.")


async def _check_key(bot: Bot) -> None:
    """A key that can withdraw, or cannot trade, never starts a bot."""
    rights = await bot.client.key_permissions()
    if rights.applicable and rights.can_withdraw:
        raise ConfigError(
            f"The API key may move money out of {bot.client.label} ({rights.detail}). Helix refuses such a key: "
            "make one that can only read and trade."
        )
    if rights.applicable and not rights.can_trade:
        raise ConfigError(f"The API key may not trade on {bot.client.label} ({rights.detail}). Allow spot trading.")
    for warning in rights.warnings:
        log.warning("key_permissions", warning=warning)


async def _announce(bot: Bot) -> None:
    await bot.worker.open_day()
    view = await bot.market.view(bot.settings.trading_pair)
    if view.balances is None or view.instrument is None:
        raise ExchangeUnavailable("The balance could not be read.")
    text = messages.bot_startup(
        mode=bot.settings.trading_mode.value,
        exchange=bot.client.label,
        balance=view.balances.of(view.instrument.quote).total,
        quote=view.instrument.quote,
    )
    async with bot.store.write() as session:
        outbox.owe(session, NoticeKind.BOT_STARTUP, text, bot.clock.now())
