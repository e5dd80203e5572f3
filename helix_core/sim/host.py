"""The owner at the host: `helix halt`, `helix resume --drawdown`, `helix reconcile`, beside a bot that may be running.

The owner decides what a careful human would: coins that no trade holds are theirs, a trade whose coins are all gone was
closed by hand, an order that nobody knows was not placed. Whatever else there is, is left halted.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from helix_core import app
from helix_core.domain.halt import HaltKind
from helix_core.engine import breaker
from helix_core.engine.account import Account
from helix_core.engine.findings import Comparison, FindingKind
from helix_core.engine.market import Market
from helix_core.engine.reconcile import Reconciler
from helix_core.engine.resume import resume
from helix_core.engine.settlement import Settlement
from helix_core.errors import HelixError
from helix_core.plugins import Plugins
from helix_core.sim.life import Life
from helix_core.sim.network import Session
from helix_core.store import halts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from helix_core.config import TradingMode
    from helix_core.sim.stage import Stage
    from helix_core.store.database import Store

BY_THE_OWNER = "stopped by the owner"
_PAUSE_S = 1.0
_MOST_LOOKS, _MOST_DECISIONS = 6, 4
_MOST_TIME_S = 60.0


class Host:
    """What the owner types. A command that fails says so in the story and changes nothing, as at a real host."""

    def __init__(self, stage: Stage, tell: Callable[[str], None]) -> None:
        """Sit at the host of `stage`; `tell` hears what came of each command."""
        self._stage, self._tell = stage, tell
        self.halted: set[str] = set()
        """Kinds of halts that the owner raised and has not ended."""

    async def halt(self) -> None:
        """`helix halt`."""
        try:
            async with self._stage.store() as store, store.write() as session:
                await breaker.halt(session, HaltKind.MANUAL, BY_THE_OWNER, self._stage.clock.now())
        except HelixError as problem:
            self._tell(f"helix halt failed: {problem}")
            return
        self.halted.add(HaltKind.MANUAL.value)
        self._tell("halted by the owner")

    async def resume(self) -> None:
        """`helix reconcile` where a mismatch halts, `helix resume --drawdown`, and a restart where it needs one."""
        try:
            async with self._stage.store() as store:
                async with store.read() as session:
                    kinds = {halt.kind for halt in await halts.active(session)}
                if HaltKind.RECONCILE in kinds:
                    await self._settle(store)
                async with store.write() as session:
                    resumed = await resume(session, "helix resume (owner)", self._stage.clock.now(), drawdown=True)
        except (HelixError, TimeoutError) as problem:
            self._tell(f"helix resume failed: {problem}")
            return
        ended = {halt.kind for halt in resumed.ended}
        self.halted -= {kind.value for kind in ended}
        self._tell(f"resumed by the owner: {sorted(ended)} ended, {sorted(halt.kind for halt, _ in resumed.left)} left")
        if HaltKind.DRAWDOWN in ended and self._stage.alive:
            self._stage.stop()

    async def reconcile(self) -> None:
        """`helix reconcile`, then the resume that it allows."""
        try:
            async with self._stage.store() as store:
                await self._settle(store)
        except (HelixError, TimeoutError) as problem:
            self._tell(f"helix reconcile failed: {problem}")
            return
        await self.resume()

    async def _settle(self, store: Store) -> None:
        async with asyncio.timeout(_MOST_TIME_S), self.account(store) as account:
            reconciler = Reconciler(account)
            settlement = Settlement(account, reconciler, "helix reconcile (owner)")
            seen = await _steady(reconciler)
            for _ in range(_MOST_DECISIONS):
                said = await _decide(seen, reconciler, settlement)
                if said is None:
                    break
                self._tell(f"helix reconcile: {said}")
                seen = await _steady(reconciler)
            agreed = await settlement.finish(seen)
            self._tell(f"helix reconcile: {'nothing left' if agreed else [one.sentence for one in seen.findings]}")

    @asynccontextmanager
    async def account(self, store: Store, mode: TradingMode | None = None) -> AsyncIterator[Account]:
        """The account as a command at the host opens it beside the bot, in its mode unless another is given."""
        stage, visitor = self._stage, Life(0, 0.0, lambda _: False)
        world = app.World(clock=stage.clock, open_session=lambda: Session(stage.network, visitor))
        plugins = Plugins.load(stage.settings.plugin_values, disabled=stage.settings.disabled_plugins)
        config = app.exchange_config(stage.settings, world)
        client = plugins.exchange_client(config if mode is None else replace(config, mode=mode))
        try:
            await client.connect()
            yield Account(
                client=client,
                store=store,
                market=Market(client, stage.settings.trading_pair, stage.clock),
                limits=stage.settings.limits,
                clock=stage.clock,
                started_at=stage.clock.now(),
            )
        finally:
            await client.disconnect()


async def _steady(reconciler: Reconciler) -> Comparison:
    """A comparison that two looks in a row agree on, as `helix reconcile` shows it."""
    seen = await reconciler.look()
    for _ in range(_MOST_LOOKS):
        if not seen.findings:
            break
        await asyncio.sleep(_PAUSE_S)
        again = await reconciler.look()
        if again.same_as(seen):
            return again
        seen = again
    return seen


async def _decide(seen: Comparison, reconciler: Reconciler, settlement: Settlement) -> str | None:
    """Decide about the first finding that can be decided; None when there is none. Raises HelixError."""
    for finding in seen.findings:
        if finding.kind in {FindingKind.NO_BASELINE, FindingKind.UNEXPLAINED_COINS}:
            return await settlement.accept_baseline(seen)
        if finding.kind is FindingKind.MISSING_COINS and _all_gone(seen, reconciler):
            return await settlement.close_by_hand(seen, finding.trade_ids[0])
        if finding.kind is FindingKind.UNKNOWN_ORDER and not finding.passing:
            return await settlement.accept_not_placed(seen, finding.orders[0])
    return None


def _all_gone(seen: Comparison, reconciler: Reconciler) -> bool:
    held = seen.books.held
    return bool(seen.books.trades) and -seen.difference >= held - reconciler.tolerance(seen.rules)
