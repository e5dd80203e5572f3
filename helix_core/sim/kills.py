"""The real bot, killed by the real SIGKILL at random moments while it trades: real processes, sockets, files.

    report = asyncio.run(run(kills=200, seed=1, paths=[("exchange", "market")]))

Several bots stand side by side, each with a venue, a folder and a port of its own. Each goes through rounds: a storm,
in which alerts come, the price moves, stops go off and the bot is killed again and again, while it starts and while it
recovers too; then a calm, after which the oracle judges. The next round goes on with what the last one left.

The choices of a run follow from its seed; the moments at which they meet the bot do not, for time is real here.
"""

from __future__ import annotations

import asyncio
import resource
import sqlite3
import tempfile
from collections import Counter
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random  # noqa: TID251 - seeded: chance that can be had again
from typing import TYPE_CHECKING

from helix_core.cli.sandbox import make
from helix_core.clock import SystemClock
from helix_core.domain.identifiers import ORDER_ID_PREFIX
from helix_core.sim.books import Books
from helix_core.sim.forked_bot import nursery
from helix_core.sim.kill_station import PRICE, environment_of, station
from helix_core.sim.kill_storm import MOMENTS, Moment, storm
from helix_core.sim.oracle import judge, quiet
from helix_core.sim.ways import is_asked_seldom

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from helix_core.sim.kill_station import Station

KILLS_A_ROUND = 10
_CALM_S, _LOOK_S = 75.0, 0.25
_USED_UP_S = 45.0
"""A venue that counts questions has given none for so long when a storm ends: its counter drains before anything."""
_STEADY_LOOKS = 3


@dataclass(slots=True)
class KillReport:
    """What a run of kills has shown. `moments` says what the bot was doing when it died. `halts`: the owner's."""

    seed: int
    kills: int = 0
    rounds: int = 0
    lives: int = 0
    alerts: int = 0
    orders: int = 0
    halts: int = 0
    kills_while_halted: int = 0
    denied_while_halted: int = 0
    moments: Counter[str] = field(default_factory=Counter)
    exits: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    wall_s: float = 0
    cpu_s: float = 0


async def run(
    *,
    kills: int,
    seed: int,
    paths: Sequence[tuple[str, str]],
    bots: int = 6,
    deadline_s: float | None = None,
    moments: Sequence[Moment] = MOMENTS,
    settings: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> KillReport:
    """Kill bots at least `kills` times in all, and judge after each round.

    `paths`, exchange and entry style, are dealt out to the bots in turn. After `deadline_s` of wall time no bot begins
    another round. `folder` keeps databases and logs; without one they are thrown away.
    Raises HelixError when no bot can be started at all.
    """
    clock, report = SystemClock(), KillReport(seed)
    began_s, used_s = clock.monotonic(), _cpu_s()
    ends_s = None if deadline_s is None else began_s + deadline_s
    rounds = max(1, round(kills / bots / KILLS_A_ROUND))
    each = -(-kills // (rounds * bots))
    async with AsyncExitStack() as stack:
        place = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="helix-kills-")))
        cradle = await stack.enter_async_context(nursery())
        for exchange in dict.fromkeys(exchange for exchange, _ in paths):
            await cradle.warm_up(environment_of(make(exchange, PRICE)))
        async with asyncio.TaskGroup() as group:
            for number in range(bots):
                chance = Random(f"{seed}/{number}")  # noqa: S311 - a simulation's chance
                exchange, style = paths[number % len(paths)]
                made = await stack.enter_async_context(
                    station(
                        f"bot-{number}",
                        exchange,
                        cradle,
                        place / f"bot-{number}",
                        chance,
                        {"ENTRY_STYLE": style, **(settings or {})},
                    )
                )
                weather = partial(storm, kills=each, chance=chance, report=report, moments=moments)
                group.create_task(_rounds(made, rounds, weather, report, ends_s))
    report.wall_s, report.cpu_s = clock.monotonic() - began_s, _cpu_s() - used_s
    return report


async def _rounds(
    made: Station,
    rounds: int,
    weather: Callable[[Station], Awaitable[None]],
    report: KillReport,
    ends_s: float | None,
) -> None:
    for number in range(rounds):
        if ends_s is not None and SystemClock().monotonic() > ends_s:
            break
        await weather(made)
        violations = await _calm(made)
        report.violations += [f"{made.name}, round {number}: {found}" for found in violations]
        report.rounds += 1
    report.lives += made.lives
    report.alerts += made.alerts
    report.halts += made.owner.halts
    report.denied_while_halted += made.owner.denied()
    report.exits += made.exits
    report.orders += sum(order.client_id.startswith(ORDER_ID_PREFIX) for order in made.sandbox.venue.ledger.orders)


async def _calm(made: Station) -> list[str]:
    """Let the bot come to rest, and judge what it and its venue have on record."""
    steady = 0
    calm_s = _CALM_S + (_USED_UP_S if is_asked_seldom(made.sandbox.name) else 0.0)
    deadline_s = SystemClock().monotonic() + calm_s
    while steady < _STEADY_LOOKS and SystemClock().monotonic() < deadline_s:
        await made.keep_running()
        steady = steady + 1 if await made.ready() and _at_rest(made) else 0
        await asyncio.sleep(_LOOK_S)
    with closing(sqlite3.connect(f"file:{made.database}?mode=ro", uri=True)) as connection:
        found = [str(one) for one in judge(Books(made.sandbox, connection), accepted=made.accepted)]
    late = [] if steady else [f"not at rest after {calm_s:g} s"]
    noticed, made.owner.violations = made.owner.violations, []
    return [*late, *found, *made.forgotten_halts(), *noticed]


def _at_rest(made: Station) -> bool:
    with closing(sqlite3.connect(f"file:{made.database}?mode=ro", uri=True)) as connection:
        return quiet(Books(made.sandbox, connection))


def _cpu_s() -> float:
    """What this process and its children that have ended have used."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )
