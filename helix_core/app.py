"""The composition root: reads like the boot order, because it is the boot order.

settings -> lock and database -> plugins -> driver -> server (503 until ready) -> permissions -> warm state -> recovery
-> the door opens. Shutdown goes the other way, and never interrupts an order.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from helix_core.audit.actor import actor
from helix_core.audit.auditor import Auditor
from helix_core.audit.tape import DiskTape
from helix_core.boot import boot, open_up
from helix_core.clock import Clock, SystemClock
from helix_core.config import ExchangeConfig, TradingMode
from helix_core.engine.account import Account
from helix_core.engine.chores import Chores
from helix_core.engine.commands import MENU, Commands
from helix_core.engine.copies import Copies
from helix_core.engine.custody import Custody
from helix_core.engine.desk import TradingDesk
from helix_core.engine.entry import Entry
from helix_core.engine.exit import Exit
from helix_core.engine.flattening import Flattening
from helix_core.engine.keys import KeyWatch
from helix_core.engine.ledger import Ledger
from helix_core.engine.market import Market
from helix_core.engine.orders import OrderDesk
from helix_core.engine.protection import Protection
from helix_core.engine.reconcile import Reconciler
from helix_core.engine.seller import Seller
from helix_core.engine.snapshot import Snapshots
from helix_core.engine.stops import Stops
from helix_core.engine.stream import OrderStream
from helix_core.engine.summary import DailySummary
from helix_core.engine.survey import Survey
from helix_core.engine.together import supervised, unless_set
from helix_core.engine.vitals import Checkup
from helix_core.engine.watch import StopWatch
from helix_core.engine.worker import Worker
from helix_core.errors import ConfigError
from helix_core.notify.delivery import Delivery
from helix_core.notify.listening import Listening
from helix_core.risk import RiskEngine
from helix_core.store import identity, outbox
from helix_core.store.database import Store
from helix_core.store.memory import StoredMemory
from helix_core.web import DoorSettings, Server, create_app

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from pathlib import Path

    from helix_core.audit.tape import Tape
    from helix_core.contracts.exchange import ExchangeClient
    from helix_core.contracts.signal_source import SignalSource
    from helix_core.plugins import Plugins
    from helix_core.settings import Settings

log = structlog.get_logger(__name__)

_FINISH_S = 15.0
_DRAIN_S = 5.0


class WebServer(Protocol):
    """Serves the door. `bind` takes the address, `run` serves until it is cancelled."""

    def bind(self) -> None:
        """Take the address. Raises ConfigError."""

    async def run(self) -> None:
        """Serve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything outside Helix, through one seam: time, the venue's wire, the files, the door's address.

    The defaults are the real ones. A simulation puts its own in their place and runs every line of Helix.
    `open_session` opens the HTTP session of a ccxt driver; `open_connection` opens the database's driver connection,
    `open_tape` the file of the audit log. `beside` runs beside the bot from before its boot to its end: what tells a
    service manager of it.
    """

    clock: Clock = field(default_factory=SystemClock)
    open_session: Callable[[], Any] | None = None
    open_connection: Callable[[], Awaitable[Any]] | None = None
    open_tape: Callable[[Path], Tape] = DiskTape
    serve: Callable[..., WebServer] = Server
    beside: Callable[[Bot, asyncio.Event], Coroutine[object, object, None]] | None = None


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
    stream: OrderStream
    reconciler: Reconciler
    keys: KeyWatch
    desk: TradingDesk
    commands: Commands
    chores: Chores


async def run(settings: Settings, plugins: Plugins, world: World, stop: asyncio.Event) -> None:
    """Run the bot until `stop` is set.

    Raises ConfigError, StoreError or ExchangeError in one sentence when it cannot start, and whatever killed a task
    that must not die: the process then ends, and its next start recovers.
    """
    async with AsyncExitStack() as stack:
        store = await Store.open(settings.database_url.get_secret_value(), connect=world.open_connection)
        stack.push_async_callback(store.close)
        await outbox.StoredOutbox(store).register(notifier.name for notifier in plugins.notifiers)
        await identity.claim(store, settings.active_exchange, settings.trading_mode)
        _be_alone(store, settings, world)
        auditor = Auditor(settings, store, world.clock, world.open_tape(settings.audit_log_path))
        await auditor.begin(actor("helix run"))
        bot = assemble(settings, plugins, store, world, auditor)
        app = create_app(desk=bot.desk, source=_only_source(plugins), door=_door(settings, world.clock))
        server = world.serve(app, host=settings.host, port=settings.port)
        server.bind()
        stack.push_async_callback(bot.client.disconnect)
        summary = DailySummary(store, world.clock, settings.trading_pair, lambda: bot.desk.ready)
        beside = {} if world.beside is None else {"beside": world.beside(bot, stop)}
        async with supervised(
            stop,
            **beside,
            server=server.run(),
            delivery=bot.chores.keep("messages", bot.chores.delivery.run),
            listening=bot.chores.keep("commands", partial(bot.chores.listening.run, bot.commands.hear)),
            auditor=bot.chores.keep("audit log", auditor.run),
        ):
            await unless_set(stop, boot(bot))
            if stop.is_set():
                return
            async with supervised(
                stop,
                market=bot.market.run(),
                watch=bot.watch.run(),
                stream=bot.stream.run(),
                reconciler=bot.reconciler.run(),
                keys=bot.keys.run(),
                worker=bot.worker.run(),
                summary=bot.chores.keep("daily summary", summary.run),
            ):
                await unless_set(stop, open_up(bot))
                await stop.wait()
                log.info("stopping")
                bot.desk.close_door()
                await _finish(bot)


def assemble(settings: Settings, plugins: Plugins, store: Store, world: World, auditor: Auditor) -> Bot:
    """Build every part. Touches neither network nor disk. Raises ConfigError or PluginError."""
    clock = world.clock
    client = _client(settings, plugins, store, world)
    market = Market(client, settings.trading_pair, clock)
    account = Account(
        client=client, store=store, market=market, limits=settings.limits, clock=clock, started_at=clock.now()
    )
    delivery = Delivery(plugins.notifiers, outbox.StoredOutbox(store), clock)
    listening = Listening(plugins.notifiers, MENU, clock)
    chores = Chores(store, clock, delivery=delivery, listening=listening, auditor=auditor)
    snapshots, risk = Snapshots(account), RiskEngine(plugins.risk_checks)
    orders, ledger = OrderDesk(account), Ledger(account)
    seller, stops = Seller(account, orders, ledger), Stops(account, orders, ledger)
    protection = Protection(account, orders, ledger, seller, stops)
    entry = Entry(
        account,
        snapshots=snapshots,
        risk=risk,
        desk=orders,
        ledger=ledger,
        protection=protection,
        stops=stops,
        style=settings.entry_style,
    )
    exit_ = Exit(
        account, snapshots=snapshots, risk=risk, desk=orders, ledger=ledger, protection=protection, seller=seller
    )
    custody = Custody(account, entry=entry, protection=protection, copies=Copies(account, orders, ledger))
    reconciler = Reconciler(account, custody)
    worker = Worker(
        account,
        entry=entry,
        exit_=exit_,
        custody=custody,
        flattening=Flattening(account, exit_),
        reconciler=reconciler,
        auto_resume=settings.auto_resume,
        told=delivery.wake,
    )
    checkup = Checkup(account, snapshots=snapshots, protection=protection, chores=chores)
    desk = TradingDesk(account, worker=worker, checkup=checkup, mode=settings.trading_mode, listing=plugins.listing())
    survey = Survey(account, desk=desk, checkup=checkup, snapshots=snapshots)
    watch = StopWatch(account, protection, worker.suspect)
    stream = OrderStream(client, settings.trading_pair, hint=watch.hint, reconciled=reconciler.hint)
    return Bot(
        settings=settings,
        clock=clock,
        client=client,
        store=store,
        market=market,
        worker=worker,
        watch=watch,
        stream=stream,
        reconciler=reconciler,
        keys=KeyWatch(account),
        desk=desk,
        commands=Commands(account, survey=survey, worker=worker, told=delivery.wake),
        chores=chores,
    )


def _be_alone(store: Store, settings: Settings, world: World) -> None:
    """Refuse to trade on an account that another bot of this machine trades on. Raises StoreError."""
    if settings.trading_mode is TradingMode.PAPER or settings.api_key is None or world.open_session is not None:
        return
    origin, key = settings.exchange_base_url or settings.trading_mode.value, settings.api_key.get_secret_value()
    identity.hold(store, settings.active_exchange, origin, key)


def _only_source(plugins: Plugins) -> SignalSource:
    """The one reader of the webhook's messages. Two would each read some alerts in their own way."""
    names = [source.name for source in plugins.signal_sources]
    if len(names) != 1:
        raise ConfigError(
            f"Several plugins read signals: {', '.join(names)}. Put all but one of them into DISABLED_PLUGINS."
        )
    return plugins.signal_sources[0]


def _client(settings: Settings, plugins: Plugins, store: Store, world: World) -> ExchangeClient:
    """The driver's client; in paper mode the one that simulates orders on the driver's prices."""
    config = exchange_config(settings, world)
    client = plugins.exchange_client(config)
    if settings.trading_mode is not TradingMode.PAPER:
        return client
    values, memory = settings.plugin_values("paper"), StoredMemory(store, "paper")
    return plugins.paper_client(replace(config, values=values, venue=client, memory=memory))


async def _finish(bot: Bot) -> None:
    """Let the order in hand end, and the last messages go out; both within bounds."""
    try:
        async with asyncio.timeout(_FINISH_S):
            await bot.worker.idle()
    except TimeoutError:
        log.warning("stopped_before_idle", seconds=_FINISH_S)
    await bot.chores.delivery.drain(_DRAIN_S)


def exchange_config(settings: Settings, world: World) -> ExchangeConfig:
    """What the driver is given: in paper mode no key, even where there is one."""
    keyless = settings.trading_mode is TradingMode.PAPER
    return ExchangeConfig(
        name=settings.active_exchange,
        values=settings.plugin_values(settings.active_exchange),
        mode=settings.trading_mode,
        symbol=settings.trading_pair,
        clock=world.clock,
        api_key=None if keyless else settings.api_key,
        api_secret=None if keyless else settings.api_secret,
        base_url=settings.exchange_base_url,
        ws_url=settings.exchange_ws_url,
        open_session=world.open_session,
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
