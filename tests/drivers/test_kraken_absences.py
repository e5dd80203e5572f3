"""Orders that were looked for in vain at Kraken: when they count as absent, and for how long."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from helix_core import OrderKind, OrderOutcomeUnknown, OrderRefused
from helix_core.clock import SystemClock
from helix_kraken.absences import Absences
from tests.drivers.kraken_venue import ADD, CLOSED, OPEN, SECRET, Impatient, refusal, set_up
from tests.drivers.specimens import leave, ref
from tests.drivers.test_kraken_lane import HandClock
from tests.drivers.test_kraken_thrift import private
from tests.drivers.tiny_venue import Reply

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from helix_core import ExchangeConfig
    from helix_kraken.client import KrakenClient
    from tests.drivers.tiny_venue import TinyVenue


def test_an_order_that_was_missing_after_its_deadline_is_gone_for_good() -> None:
    """Until it is written once more: then it may show up again."""
    clock = HandClock()
    absences = Absences(clock, fence_s=10.0)
    absences.written("order")
    absences.missed("order", clock.at_s + 9)
    early = absences.is_gone("order")
    absences.missed("order", clock.at_s + 10.1)
    late = absences.is_gone("order")
    absences.written("order")

    assert (early, late, absences.is_gone("order")) == (False, True, False)


def test_an_order_of_an_earlier_process_is_gone_once_it_was_missing_for_as_long() -> None:
    clock = HandClock()
    absences = Absences(clock, fence_s=10.0)
    absences.missed("order", clock.at_s)

    assert not absences.may_appear("order")
    assert not absences.is_gone("order")
    absences.missed("order", clock.at_s + 10.1)
    assert absences.is_gone("order")


def test_an_order_held_absent_is_sought_again_after_a_while_and_at_once_when_another_is_refused() -> None:
    """An answer may have left it out: then a sale that sold would never be booked."""
    clock = HandClock()
    absences = Absences(clock, fence_s=10.0)
    absences.written("a")
    clock.at_s += 11
    absences.missed("a", clock.at_s)
    assert absences.is_gone("a")

    absences.doubt()
    assert not absences.is_gone("a")
    absences.missed("a", clock.at_s)
    assert absences.is_gone("a")
    clock.at_s += 20
    assert not absences.is_gone("a")
    absences.missed("a", clock.at_s)
    clock.at_s += 119
    assert absences.is_gone("a")


class _Leaping(SystemClock):
    """The real clock, set ahead by the test."""

    ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.ahead_s)


async def test_of_several_sales_that_were_lost_one_search_tells(
    tiny: TinyVenue, config: Callable[..., ExchangeConfig]
) -> None:
    """Each search of the ended orders takes 12 s where the counter is empty, and the position waits for it, bare."""
    set_up(tiny)
    clock = _Leaping()
    client = Impatient(config(api_secret=SecretStr(SECRET), clock=clock))
    await client.connect()
    tiny.on("POST", ADD, Reply("", fault="reset"))
    sales = [replace(leave(), client_order_id=letter * 32) for letter in "abc"]
    refs = [replace(ref(OrderKind.EXIT), client_order_id=sale.client_order_id) for sale in sales]
    for sale, lost in zip(sales, refs, strict=True):
        with pytest.raises(OrderOutcomeUnknown):
            await client.place_market_order(sale)
        assert await client.find_order(lost) is None
    clock.ahead_s = 60
    tiny.seen.clear()

    found = [await client.find_order(lost) for lost in refs]
    await client.disconnect()

    assert found == [None, None, None]
    assert private(tiny) == [OPEN, CLOSED]


async def test_a_sale_of_which_every_copy_was_refused_is_not_sought(kraken: KrakenClient, tiny: TinyVenue) -> None:
    """It is nowhere to be found. One copy without an answer, and it may be anywhere."""
    tiny.on("POST", ADD, refusal("EOrder:Insufficient funds"), Reply("", fault="reset"))
    for error in (OrderRefused, OrderOutcomeUnknown):
        tiny.seen.clear()
        with pytest.raises(error):
            await kraken.place_market_order(leave())
        await kraken.find_order(ref(OrderKind.EXIT))
        asked = private(tiny)[1:]

        assert asked == ([] if error is OrderRefused else [OPEN, CLOSED])
