"""A storm: alerts come, the price moves, and the bot is killed again and again."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from helix_core.domain.money import floor_to
from helix_core.sim.kill_station import PRICE
from helix_core.sim.ways import is_asked_seldom

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random  # noqa: TID251 - only its name

    from helix_core.sim.kill_station import Station
    from helix_core.sim.kills import KillReport

_TICK_S = 0.05
_STEP, _PULL = 0.0004, 0.02
_PLUNGE_CHANCE, _PLUNGE = 0.004, Decimal("0.975")
_LONGEST_WAIT_S = 3.0
_BOOT_S = 0.9
_LOOK_S = 0.05
_HALT_CHANCE, _RESUME_CHANCE = 0.12, 0.5
_PAUSE_S = 12.0
"""Between two kills at a venue that counts every question: sooner, no bot would get as far as to trade."""


class Moment(StrEnum):
    """When to strike: soon after the start, at any time once ready, upon an alert, upon the venue's doing."""

    START = "start"
    READY = "ready"
    ALERT = "alert"
    VENUE = "venue"


MOMENTS = (Moment.START, Moment.READY, *(Moment.ALERT,) * 3, *(Moment.VENUE,) * 3)
"""Drawn from by each kill: mostly while something is under way."""


async def storm(
    made: Station, kills: int, chance: Random, report: KillReport, moments: Sequence[Moment] = MOMENTS
) -> None:
    """Kill the bot `kills` times while it trades, and leave it dead."""
    pause_s = _PAUSE_S if is_asked_seldom(made.sandbox.name) else 0.0
    async with asyncio.TaskGroup() as group:
        around = [group.create_task(_market(made, chance)), group.create_task(_alerts(made, chance))]
        for _ in range(kills):
            await made.keep_running()
            await _wait(made, chance.choice(moments), chance)
            await _owner(made, chance)
            if await made.kill():
                report.moments[made.was_doing()] += 1
                report.kills += 1
                report.kills_while_halted += made.owner.has_halted
            await asyncio.sleep(chance.choice((0.0, 0.0, 0.0, 1.0)) * chance.random() + pause_s)
        for task in around:
            task.cancel()
    await made.owner.resume()


async def _owner(made: Station, chance: Random) -> None:
    """Just before a kill the owner may halt the bot, or end the halt that the last kills met."""
    if made.owner.has_halted:
        if chance.random() < _RESUME_CHANCE:
            await made.owner.resume()
    elif chance.random() < _HALT_CHANCE and made.database.exists():
        await made.owner.halt()


async def _wait(made: Station, moment: Moment, chance: Random) -> None:
    if moment is Moment.START:
        await asyncio.sleep(chance.uniform(0, _BOOT_S))
        return
    await _until_ready(made)
    if moment is Moment.READY:
        await asyncio.sleep(chance.uniform(0, 1.5))
        return
    awaited, longest_s = (made.alerted, 0.35) if moment is Moment.ALERT else (made.moved, 0.06)
    awaited.clear()
    try:
        async with asyncio.timeout(_LONGEST_WAIT_S):
            await awaited.wait()
    except TimeoutError:
        return
    await asyncio.sleep(chance.uniform(0, longest_s))


async def _until_ready(made: Station) -> None:
    try:
        async with asyncio.timeout(_LONGEST_WAIT_S):
            while not await made.ready():  # noqa: ASYNC110 - another process
                await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        return  # it is recovering, and waits for the venue's fence: a good moment too


async def _alerts(made: Station, chance: Random) -> None:
    """BUY while flat and SELL while not, mostly; sometimes the other way round, and sometimes two at once."""
    while True:
        if await made.ready():
            sell = made.holding is (chance.random() > 0.15)  # noqa: PLR2004 - a share of contrary alerts
            await made.alert("SELL" if sell else "BUY")
        await asyncio.sleep(chance.uniform(0.02, 0.5))


async def _market(made: Station, chance: Random) -> None:
    """A price that wanders around where it began, and now and then falls through every stop."""
    listing = made.sandbox.venue.listing()
    while True:
        away = float(listing.last / PRICE) - 1
        price = listing.last * Decimal(1 + chance.gauss(0, _STEP) - _PULL * away)
        if chance.random() < _PLUNGE_CHANCE:
            price *= _PLUNGE
        made.sandbox.venue.set_price(floor_to(price, listing.market.price_tick))
        await asyncio.sleep(_TICK_S)
