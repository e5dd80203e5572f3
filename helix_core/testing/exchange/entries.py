"""Rules on an entry that brings its stop in one request: all or nothing, and covered by the venue itself."""

from __future__ import annotations

import asyncio
import dataclasses
from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.domain.order import OrderReport, OrderStatus
from helix_core.domain.position import fold
from helix_core.errors import OrderOutcomeUnknown
from helix_core.testing.exchange.wiretap import Request, Trouble

if TYPE_CHECKING:
    from helix_core.testing.exchange.bench import Bench

_A_THIRD = Decimal("0.3")
_PENDING_S = 0.25


class EntryRules:
    """EX48 to EX53. They bind a driver only where the market has `atomic_entry`."""

    async def test_ex48_an_entry_brings_its_stop(self, bench: Bench) -> None:
        """One request, every lot that is held is covered, at no lower a price than was asked for."""
        account, order = bench.account, bench.entry_with_stop()
        assert order.bracket is not None, "it brings its stop"
        account.thin_out(bench.instrument.lots(bench.size / 3))
        asked = dataclasses.replace(
            order.bracket, stop_price=order.bracket.stop_price - bench.instrument.price_tick * _A_THIRD
        )

        report = await bench.client.place_entry_with_stop(dataclasses.replace(order, bracket=asked))
        stop = await bench.found(bench.stop_ref(order))

        held = bench.instrument.lots(fold(await bench.fills_of(report), bench.instrument).held)
        assert (report.status, report.filled) == (OrderStatus.FILLED, order.quantity)
        assert stop.protecting == held == sum(each.quantity for each in account.resting_stops())
        assert {each.stop_price for each in account.resting_stops()} == {bench.instrument.stop_price(asked.stop_price)}
        assert {request: bench.sent(request) for request in _PLACING} == {**dict.fromkeys(_PLACING, 0), _ENTRY: 1}

    async def test_ex49_all_of_it_or_nothing(self, bench: Bench) -> None:
        """Where the book holds only a third at that price: EXPIRED, nothing bought, nothing rests."""
        account, order = bench.account, bench.entry_with_stop(limit_price=bench.price)
        account.thin_out(bench.instrument.lots(bench.size / 3))

        report = await bench.client.place_entry_with_stop(order)
        stop = await bench.client.find_order(bench.stop_ref(order))

        assert (report.status, report.filled) == (OrderStatus.EXPIRED, Decimal(0))
        assert account.executions() == ()
        assert account.resting_stops() == ()
        assert stop is None or (stop.status.final and stop.protecting == 0)

    async def test_ex50_an_entry_with_its_stop_is_sent_once(self, bench: Bench) -> None:
        """A lost answer is unknown; entry and stop are found, each by its own id."""
        account, order = bench.account, bench.entry_with_stop()
        bench.arm(_ENTRY, Trouble.LOST_ANSWER)

        end = await bench.ends(bench.client.place_entry_with_stop(order))
        bench.rig.clear()

        assert isinstance(end, OrderOutcomeUnknown), f"a lost answer ended in {end!r}"
        assert bench.sent(_ENTRY) == 1
        assert (await bench.found(bench.ref(order))).filled == order.quantity
        resting = sum(each.quantity for each in account.resting_stops())
        assert (await bench.found(bench.stop_ref(order))).protecting == resting > 0

    async def test_ex51_a_stop_the_venue_refused_is_no_stop(self, bench: Bench) -> None:
        """It filled the entry and did not take the stop: final, and nothing is protected."""
        account, order = bench.account, bench.entry_with_stop()
        account.refuse_pairs()

        report = await bench.client.place_entry_with_stop(order)
        stop = await bench.client.find_order(bench.stop_ref(order))

        assert report.status is OrderStatus.FILLED
        assert account.resting_stops() == ()
        assert stop is None or (stop.status.final and stop.protecting == 0)

    async def test_ex52_a_stop_that_waits_is_no_stop_yet(self, bench: Bench) -> None:
        """Not final and not protecting, until the venue has put it to work."""
        account, order = bench.account, bench.entry_with_stop()
        account.keep_pairs_back(_PENDING_S)

        report = await bench.client.place_entry_with_stop(order)
        waiting = await bench.found(bench.stop_ref(order))
        await asyncio.sleep(_PENDING_S)
        resting = await bench.found(bench.stop_ref(order))

        assert report.status is OrderStatus.FILLED
        assert (waiting.status, waiting.protecting) == (OrderStatus.OPEN, Decimal(0))
        assert resting.protecting == sum(each.quantity for each in account.resting_stops()) > 0

    async def test_ex53_an_entry_whose_id_is_taken_is_not_refused(self, bench: Bench) -> None:
        """An earlier attempt arrived, and nothing is bought a second time."""
        account, order = bench.account, bench.entry_with_stop()
        await bench.client.place_entry_with_stop(order)

        end = await bench.ends(bench.client.place_entry_with_stop(order))

        assert isinstance(end, OrderOutcomeUnknown | OrderReport), f"a taken id ended in {end!r}"
        assert sum(executed.quantity for executed in account.executions()) == order.quantity


_ENTRY = Request.ENTRY_WITH_STOP
_PLACING = (Request.MARKET_ORDER, Request.STOP_ORDER, _ENTRY)
