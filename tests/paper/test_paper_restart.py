"""A restart after any step, or a kill at any write, changes nothing in what a trade becomes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from helix_core import (
    Memory,
)
from helix_core.store.memory import StoredMemory
from tests.paper.conftest import SYMBOL, Box, buy, holdings, ref, sell, stop_order

if TYPE_CHECKING:
    from helix_plugins.paper import PaperExchange

D = Decimal


class Killed(BaseException):
    """The process ends here."""


class Mortal(Memory):
    """A memory whose process is killed at its n-th write: just before it reaches the disk, or just after."""

    def __init__(self, real: Memory, at: int, *, kept: bool) -> None:
        self._real, self._left, self._kept = real, at, kept

    async def recall(self, key: str) -> str | None:
        return await self._real.recall(key)

    async def keep(self, key: str, value: str) -> None:
        self._left -= 1
        if self._left < 0 or (self._left == 0 and not self._kept):
            raise Killed
        await self._real.keep(key, value)
        if self._left == 0:
            raise Killed


Step = Callable[["PaperExchange", Box], Awaitable[None]]
Steps = tuple[Step, ...]


async def _buy(client: PaperExchange, box: Box) -> None:
    await client.place_market_order(buy())


async def _protect(client: PaperExchange, box: Box) -> None:
    await client.place_oco_order(stop_order())


async def _stop_out(client: PaperExchange, box: Box) -> None:
    box.price("62000.00")
    await client.get_ticker(SYMBOL)


async def _cancel(client: PaperExchange, box: Box) -> None:
    await client.cancel_order(ref(stop_order()))


async def _sell(client: PaperExchange, box: Box) -> None:
    await client.place_market_order(sell())


ORDERS: dict[Step, object] = {_buy: buy(), _protect: stop_order(), _sell: sell()}
CLOSED = (_buy, _protect, _cancel, _sell)
STOPPED_OUT = (_buy, _protect, _stop_out)
"""Five writes each: the opening of the account and one for a step; a stop that is set off takes two."""

either_way = pytest.mark.parametrize("steps", [CLOSED, STOPPED_OUT], ids=["closed", "stopped out"])


async def take(client: PaperExchange, box: Box, steps: Steps, done: list[object]) -> None:
    for step in steps:
        await step(client, box)
        done.append(step)


async def told(client: PaperExchange) -> list[object]:
    """All that can be known of the account, ids and times left out."""
    reports = [await client.find_order(ref(order)) for order in (buy(), stop_order(), sell())]
    known = [
        report and (report.status, report.filled, report.protecting, [fill.price for fill in report.fills or ()])
        for report in reports
    ]
    return [known, await holdings(client), len(await client.open_orders(SYMBOL))]


async def straight_through(box: Box, steps: Steps) -> list[object]:
    """The same steps on another account that never stops."""
    box.price("64210.50")
    client = await box.start(StoredMemory(box.store, "another"))
    await take(client, box, steps, [])
    return await told(client)


@either_way
async def test_a_restart_after_every_step_changes_nothing(box: Box, steps: Steps) -> None:
    for step in steps:
        await step(await box.start(), box)

    restarted = await told(await box.start())

    assert restarted == await straight_through(box, steps)


@pytest.mark.parametrize("kept", [False, True], ids=["before the disk", "after the disk"])
@pytest.mark.parametrize("at", [1, 2, 3, 4, 5])
@either_way
async def test_a_kill_at_any_write_leaves_a_step_done_or_not_begun(box: Box, steps: Steps, at: int, kept: bool) -> None:
    """Looked up after the restart and repeated only where it is not there, the trade ends as if nothing had been."""
    done: list[object] = []
    with pytest.raises(Killed):
        await take(await box.start(Mortal(box.memory, at, kept=kept)), box, steps, done)

    again = await box.start()
    await again.get_ticker(SYMBOL)
    for step in steps[len(done) :]:
        if step not in ORDERS or await again.find_order(ref(ORDERS[step])) is None:
            await step(again, box)

    assert await told(again) == await straight_through(box, steps)
