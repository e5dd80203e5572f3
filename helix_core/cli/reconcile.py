"""`helix reconcile`: shows how account and database differ, and asks what to do. It sends no order and no cancel."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from helix_core.audit.actor import actor
from helix_core.cli.database import write_audit_log
from helix_core.cli.speaking import EXIT_PROBLEM, console, sentences
from helix_core.contracts.memory import Memory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from helix_core.config import ExchangeConfig
    from helix_core.contracts.exchange import ExchangeClient
    from helix_core.engine.account import Account
    from helix_core.engine.findings import Comparison, Finding
    from helix_core.engine.reconcile import Reconciler
    from helix_core.engine.settlement import Settlement
    from helix_core.plugins import Plugins
    from helix_core.settings import Settings
    from helix_core.store.database import Store

_STEADY_PAUSE_S = 1.0
_MOST_LOOKS = 6
_NOTHING = "decide nothing now"

Choices = dict[str, "Callable[[], Awaitable[str]] | None"]


@sentences
def reconcile(
    *,
    accept_baseline: bool = typer.Option(
        False, "--accept-baseline", help="Coins that no open trade holds are yours: Helix never sells them."
    ),
    as_json: bool = typer.Option(False, "--json", help="Only show, as JSON; nothing is asked, nothing is changed."),
) -> None:
    """Compare the account with the database, and decide what to do about each difference.

    Exit code 0 when nothing is left to decide, 1 when something is.
    """
    if not asyncio.run(_reconcile(accept_baseline=accept_baseline, as_json=as_json)):
        raise typer.Exit(EXIT_PROBLEM)


async def _reconcile(*, accept_baseline: bool, as_json: bool) -> bool:
    from helix_core.engine.reconcile import Reconciler  # noqa: PLC0415 - keeps --help instant
    from helix_core.engine.settlement import Settlement  # noqa: PLC0415

    async with opened_account() as account:
        reconciler = Reconciler(account)
        seen = await _steady(reconciler)
        if as_json:
            typer.echo(json.dumps(_as_json(seen), indent=2))
            return seen.clean
        _show(seen)
        settlement = Settlement(account, reconciler, actor("helix reconcile"))
        if accept_baseline:
            console.print(await settlement.accept_baseline(seen))
        else:
            await _ask(seen, reconciler, settlement)
        return await _finish(await _steady(reconciler), settlement)


async def _steady(reconciler: Reconciler) -> Comparison:
    """A comparison that two looks in a row agree on: what passes by itself within seconds is not shown."""
    seen = await reconciler.look()
    for _ in range(_MOST_LOOKS):
        if not seen.findings:
            break
        await asyncio.sleep(_STEADY_PAUSE_S)
        again = await reconciler.look()
        if again.same_as(seen):
            return again
        seen = again
    return seen


def _show(seen: Comparison) -> None:
    from helix_core.domain.money import plain  # noqa: PLC0415

    base, kept = seen.rules.base, seen.books
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_row("the venue holds", f"{plain(seen.total)} {base}")
    table.add_row(
        "yours (baseline and dust)", "not accepted yet" if kept.owned is None else f"{plain(kept.owned)} {base}"
    )
    for trade in kept.trades:
        table.add_row(f"trade {trade.trade_id} holds", f"{plain(trade.quantity)} {base}")
    table.add_row("difference", f"{plain(seen.difference)} {base}")
    table.add_row("orders resting", str(len(seen.orders)))
    console.print(table)
    for finding in seen.findings:
        mark = "yellow" if finding.passing or not finding.halts else "red"
        console.print(f"[{mark}]{finding.kind.value}[/{mark}]", end="  ")
        console.print(f"{finding.sentence}.", markup=False)
        console.print(f"    what to do: {finding.remedy}.", markup=False)


async def _ask(seen: Comparison, reconciler: Reconciler, settlement: Settlement) -> None:
    """Ask about one finding after the other; after each decision everything is looked at anew."""
    asked: set[str] = set()
    while True:
        due = [finding for finding in seen.findings if finding.key not in asked]
        if not due:
            return
        asked.add(due[0].key)
        choices = _choices(due[0], seen, settlement)
        if not choices:
            continue
        console.print(f"\n{due[0].sentence}.", markup=False)
        decide = _choose({**choices, _NOTHING: None})
        if decide is not None:
            console.print(await decide(), markup=False)
            seen = await _steady(reconciler)


def _choices(finding: Finding, seen: Comparison, settlement: Settlement) -> Choices:
    """What may be decided about a finding: never anything that touches the venue."""
    from helix_core.engine.findings import FindingKind as Kind  # noqa: PLC0415

    accept: Choices = {
        "what open trades do not hold is mine: accept it as the baseline": partial(settlement.accept_baseline, seen)
    }
    if finding.kind in {Kind.NO_BASELINE, Kind.UNEXPLAINED_COINS}:
        return accept
    if finding.kind is Kind.MISSING_COINS:
        closed: Choices = {
            f"trade {trade_id} was closed by hand: book it": partial(settlement.close_by_hand, seen, trade_id)
            for trade_id in finding.trade_ids
        }
        return closed | (accept if seen.total >= seen.books.held else {})
    if finding.kind is Kind.RESET:
        return {"the testnet was reset: adopt what it holds now": partial(settlement.adopt_reset, seen)}
    if finding.kind is Kind.UNKNOWN_ORDER and not finding.passing:
        order = finding.orders[0]
        return {"it was not placed: accept that": partial(settlement.accept_not_placed, seen, order)}
    if finding.kind in {Kind.FOREIGN_ORDERS, Kind.LATE_ORDER}:
        return {"I know these orders: acknowledge them": partial(settlement.acknowledge, seen, finding.orders)}
    return {}


def _choose(choices: Choices) -> Callable[[], Awaitable[str]] | None:
    """Ask until one of the numbers is typed. There is no default."""
    for number, words in enumerate(choices, start=1):
        console.print(f"  {number}  {words}", markup=False)
    while True:
        answer = typer.prompt("Your decision").strip()
        if answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(choices):
            return list(choices.values())[int(answer) - 1]
        console.print(f"Type a number from 1 to {len(choices)}.")


async def _finish(seen: Comparison, settlement: Settlement) -> bool:
    """Say what is left, and note when it is nothing."""
    if await settlement.finish(seen):
        console.print("[green]Account and database agree.[/green] If trading is halted: helix resume.")
        return True
    left = ", ".join(finding.kind.value for finding in seen.findings if finding.halts or finding.passing)
    console.print(f"Left to settle: {left}. A reconcile halt stays in force.")
    return False


def _as_json(seen: Comparison) -> Mapping[str, object]:
    from helix_core.domain.money import plain  # noqa: PLC0415

    return {
        "symbol": seen.rules.symbol,
        "at_venue": plain(seen.total),
        "owned": None if seen.books.owned is None else plain(seen.books.owned),
        "trades": {str(trade.trade_id): plain(trade.quantity) for trade in seen.books.trades},
        "difference": plain(seen.difference),
        "clean": seen.clean,
        "findings": [asdict(finding) for finding in seen.findings],
    }


@asynccontextmanager
async def opened_account() -> AsyncIterator[Account]:
    """The account of this folder's settings, beside a running bot or with none."""
    from helix_core import logs  # noqa: PLC0415
    from helix_core.app import World, exchange_config  # noqa: PLC0415
    from helix_core.cli.bot import load  # noqa: PLC0415
    from helix_core.engine.account import Account  # noqa: PLC0415
    from helix_core.engine.market import Market  # noqa: PLC0415
    from helix_core.store import identity  # noqa: PLC0415
    from helix_core.store.database import Store  # noqa: PLC0415

    settings, plugins = load()
    logs.configure("ERROR", settings.secrets)  # the findings say what a warning would
    world = World()
    store = await Store.open(settings.database_url.get_secret_value(), alone=False)
    try:
        await identity.claim(store, settings.active_exchange, settings.trading_mode)
        client = _client(settings, plugins, store, exchange_config(settings, world))
        try:
            await client.connect()
            market = Market(client, settings.trading_pair, world.clock)
            yield Account(
                client=client,
                store=store,
                market=market,
                limits=settings.limits,
                clock=world.clock,
                started_at=world.clock.now(),
            )
        finally:
            await client.disconnect()
            await write_audit_log(settings, store)
    finally:
        await store.close()


def _client(settings: Settings, plugins: Plugins, store: Store, config: ExchangeConfig) -> ExchangeClient:
    """The driver's client; on paper, the simulated account as it is on disk, which only the bot itself may change."""
    from helix_core.config import TradingMode  # noqa: PLC0415
    from helix_core.store.memory import StoredMemory  # noqa: PLC0415

    client = plugins.exchange_client(config)
    if settings.trading_mode is not TradingMode.PAPER:
        return client
    memory = _OnlyRecalled(StoredMemory(store, "paper"))
    return plugins.paper_client(replace(config, values=settings.plugin_values("paper"), venue=client, memory=memory))


class _OnlyRecalled(Memory):
    """Another's memory: read, never written."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def recall(self, key: str) -> str | None:
        """What the owner of the memory keeps under `key`."""
        return await self._memory.recall(key)

    async def keep(self, key: str, value: str) -> None:
        """Keep nothing."""
