"""The recorded candles give the story that the demo tells, with room to spare on each turn of it."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import pytest

from helix_core.cli.demo import strategy
from helix_core.cli.demo.candles import recorded_candles
from helix_core.cli.demo.strategy import EmaRsi, RsiDip
from helix_core.domain.signal import Action

if TYPE_CHECKING:
    from helix_core.cli.demo.candles import Candle

STOP_RATIO = Decimal("0.9925")  # the demo's STOP_LOSS_PCT of 0.75


class Event(NamedTuple):
    bar: int
    what: str
    order_id: str


STORY = [
    Event(73, "opened", "Dip-20240404-0005"),
    Event(102, "stopped", "Dip-20240404-0005"),
    Event(142, "opened", "Long-20240404-0550"),
    Event(194, "refused: position open", "Dip-20240404-1010"),
    Event(206, "closed", "Close entry(s) order Long-20240404-0550"),
    Event(211, "opened", "Long-20240404-1135"),
    Event(312, "closed", "Close entry(s) order Long-20240404-1135"),
    Event(343, "opened", "Long-20240404-2235"),
    Event(377, "closed", "Close entry(s) order Long-20240404-2235"),
]


def replay(candles: tuple[Candle, ...], stop_ratio: Decimal) -> list[Event]:
    """What becomes of every order when at most one position is open and a low below the stop ends it."""
    strategies = (EmaRsi(), RsiDip())
    story: list[Event] = []
    stop, entry_id = Decimal(0), ""
    for bar, candle in enumerate(candles):
        if candle.low <= stop:
            story.append(Event(bar, "stopped", entry_id))
            stop = Decimal(0)
        for order in filter(None, (each.on_close(candle) for each in strategies)):
            if order.action is Action.SELL:
                story.append(Event(bar, "closed" if stop else "refused: no position", order.order_id))
                stop = Decimal(0)
            elif stop:
                story.append(Event(bar, "refused: position open", order.order_id))
            else:
                story.append(Event(bar, "opened", order.order_id))
                stop, entry_id = candle.close * stop_ratio, order.order_id
    return story


def test_the_replay_tells_the_story_of_the_demo() -> None:
    assert replay(recorded_candles(), STOP_RATIO) == STORY


@pytest.mark.parametrize("ratio", ["0.9905", "0.9935"])
def test_a_fill_a_tenth_of_a_percent_away_changes_no_ending(ratio: str) -> None:
    endings = [(event.what, event.order_id) for event in replay(recorded_candles(), Decimal(ratio))]

    assert endings == [(event.what, event.order_id) for event in STORY]


def test_the_bot_has_five_candles_between_any_two_turns() -> None:
    assert min(later.bar - earlier.bar for earlier, later in pairwise(STORY)) == 5


def test_where_the_recording_begins_does_not_matter_once_the_indicators_are_warm() -> None:
    later_start = replay(recorded_candles()[8:], STOP_RATIO)

    assert [event._replace(bar=event.bar + 8) for event in later_start] == STORY


def test_no_signal_comes_before_the_indicators_are_warm() -> None:
    warm_up = recorded_candles()[: strategy.WARM_UP_CANDLES]

    assert replay(warm_up, STOP_RATIO) == []
