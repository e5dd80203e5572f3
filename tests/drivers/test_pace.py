"""The pace of questions: a pause is as long as the venue said, and short where it named no figure."""

from __future__ import annotations

from datetime import timedelta

import pytest

from helix_core import RateLimited
from helix_core.ccxt.pace import Pace
from tests.drivers.test_late_orders import Frozen


async def left_s(pace: Pace) -> float:
    """Seconds until a question may go; 0: now."""
    try:
        await pace.turn()
    except RateLimited as limited:
        return limited.retry_after_s or 0.0
    return 0.0


async def test_a_pause_ends_when_the_venue_said_it_would() -> None:
    """To the second: questions about a stop wait for it too."""
    clock = Frozen()
    pace = Pace(clock, 0.0)

    pace.hush(7)
    before = await left_s(pace)
    clock.at += timedelta(seconds=7)

    assert (before, await left_s(pace)) == (7, 0)


async def test_without_a_figure_pauses_grow_from_two_seconds_and_are_short_again_after_a_calm_minute() -> None:
    clock = Frozen()
    pace = Pace(clock, 0.0)
    pauses = []
    for calm_s in (0, 0, 0, 0, 0, 0, 59, 61):
        clock.at += timedelta(seconds=calm_s)
        pace.hush(None)
        pauses.append(await left_s(pace))
        clock.at += timedelta(seconds=pauses[-1])

    assert pauses == pytest.approx([2, 4, 8, 8, 8, 8, 8, 2])


async def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    pace = Pace(Frozen(), 0.0)

    pace.hush(120)
    pace.hush(None)

    assert await left_s(pace) == 120
