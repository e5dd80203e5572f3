"""Rules on the end of a stop: a cancel is what the venue confirms, and a fill meanwhile is a fill."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.domain.order import OrderReport, OrderStatus
from helix_core.errors import OrderOutcomeUnknown, OrderRefused
from helix_core.testing.exchange.wiretap import Request, Trouble

if TYPE_CHECKING:
    from helix_core.testing.exchange.bench import Bench

_NOTHING = Decimal(0)


class CancelRules:
    """EX39 to EX43."""

    async def test_ex39_a_cancel_is_done_when_it_returns(self, bench: Bench) -> None:
        """Every part of the stop is gone and the coins are free."""
        stop = await bench.hold()
        placed = await bench.client.place_oco_order(stop)

        report = await bench.client.cancel_order(bench.ref(stop, placed))

        assert (report.status, report.filled, report.protecting) == (OrderStatus.CANCELED, _NOTHING, _NOTHING)
        assert await bench.client.open_orders(bench.symbol) == ()
        assert bench.account.balance(bench.instrument.base).locked == 0

    async def test_ex40_a_cancel_that_was_only_promised_is_unknown(self, bench: Bench) -> None:
        """The venue says yes and the stop lives on: only looking shows it."""
        first, second = await bench.hold(), await bench.hold()
        placed = await bench.client.place_oco_order(first)
        await bench.client.cancel_order(bench.ref(first, placed))
        placed = await bench.client.place_oco_order(second)
        bench.arm(Request.CANCEL, Trouble.EMPTY_PROMISE)

        end = await bench.ends(bench.client.cancel_order(bench.ref(second, placed)))

        assert isinstance(end, OrderOutcomeUnknown), f"a cancel that was only promised ended in {end!r}"
        assert bench.account.resting_stops() != ()

    async def test_ex41_a_cancel_that_comes_too_late_says_filled(self, bench: Bench) -> None:
        """The stop sold meanwhile: that is no error, and not "cancelled"."""
        stop = await bench.hold()
        placed = await bench.client.place_oco_order(stop)
        bench.account.set_price(bench.instrument.stop_price(bench.price * Decimal("0.97")))

        end = await bench.ends(bench.client.cancel_order(bench.ref(stop, placed)))

        assert isinstance(end, OrderReport), f"cancelling a stop that filled ended in {end!r}"
        assert (end.status, end.filled, end.protecting) == (OrderStatus.FILLED, stop.quantity, _NOTHING)
        fills = await bench.client.get_fills(bench.symbol, end.venue_order_ids)
        assert sum(fill.quantity for fill in fills) == stop.quantity

    async def test_ex42_a_cancel_without_an_answer_is_unknown_and_sent_once(self, bench: Bench) -> None:
        """Nobody knows whether the stop still lives, unless the driver looked and saw that it is gone."""
        stop = await bench.hold()
        placed = await bench.client.place_oco_order(stop)
        bench.arm(Request.CANCEL, Trouble.LOST_REQUEST)

        end = await bench.ends(bench.client.cancel_order(bench.ref(stop, placed)))

        assert isinstance(end, OrderOutcomeUnknown | OrderRefused), f"a lost cancel ended in {end!r}"
        assert bench.sent(Request.CANCEL) <= 1
        assert [each.quantity for each in bench.account.resting_stops()] == [stop.quantity]

    async def test_ex43_an_exit_sells_what_is_held_and_nothing_else(self, bench: Bench) -> None:
        """After the stop is cancelled the coins are sold, to the last lot."""
        account, stop = bench.account, await bench.hold()
        placed = await bench.client.place_oco_order(stop)
        await bench.client.cancel_order(bench.ref(stop, placed))

        report = await bench.client.place_market_order(bench.exit(stop.quantity))

        assert (report.status, report.filled) == (OrderStatus.FILLED, stop.quantity)
        assert account.balance(bench.instrument.base).total == 0
        assert sum(executed.quantity for executed in account.executions()) == stop.quantity
