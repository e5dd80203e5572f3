"""The composition root: reads like the boot order, because it is the boot order.

settings -> lock and database -> plugins -> driver -> server (503 until ready) -> permissions -> warm state -> recovery
-> the door opens. Shutdown goes the other way, and never interrupts an order.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from helix_core.config import ExchangeConfig, TradingMode
from helix_core.domain.notice import NoticeKind
from helix_core.engine.account import Account
from helix_core.engine.desk import TradingDesk
from helix_core.engine.entry import Entry
from helix_core.engine.exit import Exit
from helix_core.engine.ledger import Ledger
from helix_core.engine.market import Market
from helix_core.engine.orders import OrderDesk
from helix_core.engine.protection import Protection
from helix_core.engine.seller import Seller
from helix_core.engine.snapshot import Snapshots
from helix_core.engine.watch import StopWatch
from helix_core.engine.worker import Worker
from helix_core.errors import ConfigError, DataMissing, ExchangeError, ExchangeUnavailable
from helix_core.notify import messages
from helix_core.notify.delivery import Delivery
from helix_core.risk import RiskEngine
from helix_core.store import identity, outbox, trades
from helix_core.store.database import Store
from helix_core.store.memory import StoredMemory
from helix_core.web import DoorSettings, Server, create_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from helix_core.clock import Clock
    from helix_core.contracts.exchange import ExchangeClient
    from helix_core.contracts.signal_source import SignalSource
    from helix_core.plugins import Plugins
    from helix_core.settings import Settings

log = structlog.get_logger(__name__)

_FINISH_S = 15.0
_DRAIN_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot:
    """The parts of a running bot that boot and shutdown handle."""

    settings: Settings
    clock: Clock
    client: ExchangeClient
    store: Store
    market: Market
    worker: Worker
    watch: StopWatch
    desk: TradingDesk
    delivery: Delivery


async def run(settings: Settings, plugins: Plugins, clock: Clock, stop: asyncio.Event) -> None:
    """Run the bot until `stop` is set.

    Raises ConfigError, StoreError or ExchangeError in one sentence when it cannot start, and whatever killed a task
    that must not die: the process then ends, and its next start recovers.
    """
    async with AsyncExitStack() as stack:
        store = await Store.open(settings.database_url.get_secret_value())
        stack.push_async_callback(store.close)
        await outbox.StoredOutbox(store).register(notifier.name for notifier in plugins.notifiers)
        await identity.claim(store, settings.active_exchange, settings.trading_mode)
        bot = assemble(settings, plugins, store, clock)
        app = create_app(desk=bot.desk, source=_only_source(plugins), door=_door(settings, clock))
        server = Server(app, host=settings.host, port=settings.port)
        server.bind()
        stack.push_async_callback(bot.client.disconnect)
        async with _supervised(stop, server=server.run()):
            await boot(bot)
            async with _supervised(
                stop,
                market=bot.market.run(),
                watch=bot.watch.run(),
                worker=bot.worker.run(),
                delivery=bot.delivery.run(),
            ):
                await stop.wait()
                log.info("stopping")
                bot.desk.close_door()
                await _finish(bot)


def assemble(settings: Settings, plugins: Plugins, store: Store, clock: Clock) -> Bot:
    """Build every part. Touches neither network nor disk. Raises ConfigError or PluginError."""
    client = _client(settings, plugins, store, clock)
    market = Market(client, settings.trading_pair, clock)
    account = Account(client=client, store=store, market=market, limits=settings.limits, clock=clock)
    delivery = Delivery(plugins.notifiers, outbox.StoredOutbox(store), clock)
    snapshots, risk = Snapshots(account), RiskEngine(plugins.risk_checks)
    orders, ledger = OrderDesk(account), Ledger(account)
    seller = Seller(account, orders, ledger)
    protection = Protection(account, orders, ledger, seller)
    entry = Entry(account, snapshots=snapshots, risk=risk, desk=orders, ledger=ledger, protection=protection)
    exit_ = Exit(
        account, snapshots=snapshots, risk=risk, desk=orders, ledger=ledger, protection=protection, seller=seller
    )
    worker = Worker(
        account,
        entry=entry,
        exit_=exit_,
        protection=protection,
        snapshots=snapshots,
        auto_resume=settings.auto_resume,
        told=delivery.wake,
    )
    desk = TradingDesk(
        account, worker=worker, snapshots=snapshots, mode=settings.trading_mode, listing=plugins.listing()
    )
    watch = StopWatch(client, settings.trading_pair, protection.guarded, worker.suspect)
    return Bot(
        settings=settings,
        clock=clock,
        client=client,
        store=store,
        market=market,
        worker=worker,
        watch=watch,
        desk=desk,
        delivery=delivery,
    )


def _only_source(plugins: Plugins) -> SignalSource:
    """The one reader of the webhook's messages. Two would each read some alerts in their own way."""
    names = [source.name for source in plugins.signal_sources]
    if len(names) != 1:
        raise ConfigError(
            f"Several plugins read signals: {', '.join(names)}. Put all but one of them into DISABLED_PLUGINS."
        )
    return plugins.signal_sources[0]


def _client(settings: Settings, plugins: Plugins, store: Store, clock: Clock) -> ExchangeClient:
    """The driver's client; in paper mode the one that simulates orders on the driver's prices."""
    config = exchange_config(settings, clock)
    client = plugins.exchange_client(config)
    if settings.trading_mode is not TradingMode.PAPER:
        return client
    values, memory = settings.plugin_values("paper"), StoredMemory(store, "paper")
    return plugins.paper_client(replace(config, values=values, venue=client, memory=memory))


async def boot(bot: Bot) -> None:
    """From a closed door to an open one. Raises ConfigError or ExchangeError in one sentence."""
    label, settings = bot.client.label, bot.settings
    try:
        await bot.client.connect()
        await _check_key(bot)
        view = await bot.market.view(settings.trading_pair)
        if view.problem is not None:
            raise ExchangeUnavailable(view.problem)
        if view.instrument is not None and not view.instrument.trading:
            raise ConfigError(f"{settings.trading_pair} is not trading on {label}. Choose another TRADING_PAIR.")
        await _check_pair(bot)
        await bot.worker.recover()
    except (ExchangeError, DataMissing) as error:
        origin = f"{settings.active_exchange.upper().replace('-', '_')}_BASE_URL"
        raise ExchangeUnavailable(
            f"{label} could not be used at start: {error} "
            f"Check the network, the key and {origin}; `helix check` tells which."
        ) from error
    await bot.worker.open_day()
    await _announce(bot)
    bot.desk.open_door()
    log.info("ready", exchange=bot.client.name, mode=settings.trading_mode.value, pair=settings.trading_pair)


async def _check_pair(bot: Bot) -> None:
    """A position in another pair would be looked after by nobody."""
    async with bot.store.read() as session:
        left = [trade.symbol for trade in await trades.open_trades(session) if trade.symbol != bot.market.symbol]
    if left:
        raise ConfigError(f"TRADING_PAIR is {bot.market.symbol}, but a position in {left[0]} is open. Set it back.")


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


@asynccontextmanager
async def _supervised(stop: asyncio.Event, **tasks: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Run tasks for as long as the block lasts. None of them may end before: better no bot than half a bot.

    When one dies, `stop` is set, and its error is raised once the block has ended.
    """

    async def essential(name: str, work: Coroutine[object, object, None]) -> None:
        try:
            await work
        except Exception:
            log.exception("task_died", task=name)
            raise
        finally:
            stop.set()

    async with asyncio.TaskGroup() as group:
        running = [group.create_task(essential(name, work), name=name) for name, work in tasks.items()]
        yield
        for task in running:
            task.cancel()


async def _finish(bot: Bot) -> None:
    """Let the order in hand end, and the last messages go out; both within bounds."""
    try:
        async with asyncio.timeout(_FINISH_S):
            await bot.worker.idle()
    except TimeoutError:
        log.warning("stopped_before_idle", seconds=_FINISH_S)
    await bot.delivery.drain(_DRAIN_S)


def exchange_config(settings: Settings, clock: Clock) -> ExchangeConfig:
    """What the driver is given: in paper mode no key, even where there is one."""
    keyless = settings.trading_mode is TradingMode.PAPER
    return ExchangeConfig(
        name=settings.active_exchange,
        values=settings.plugin_values(settings.active_exchange),
        mode=settings.trading_mode,
        symbol=settings.trading_pair,
        clock=clock,
        api_key=None if keyless else settings.api_key,
        api_secret=None if keyless else settings.api_secret,
        base_url=settings.exchange_base_url,
        ws_url=settings.exchange_ws_url,
    )


def _door(settings: Settings, clock: Clock) -> DoorSettings:
    return DoorSettings(
        secrets=settings.webhook_secrets,
        secret_in_path=settings.webhook_secret_in_path,
        allowed_ips=settings.webhook_allowed_ips,
        trusted_proxies=settings.trusted_proxies,
        webhook_limit_per_minute=settings.webhook_limit_per_minute,
        health_limit_per_minute=settings.health_limit_per_minute,
        status_token=settings.status_token,
        clock=clock,
    )
