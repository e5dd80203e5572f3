"""Rules on the stop that rests at the venue: it covers what is held, exactly, or says why it does not."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.domain.order import OrderReport, OrderStatus
from helix_core.domain.position import fold
from helix_core.errors import OrderOutcomeUnknown, OrderRefused, StopWouldTrigger
from helix_core.testing.exchange.wiretap import Request, Trouble

if TYPE_CHECKING:
    from helix_core.testing.exchange.bench import Bench

_A_THIRD = Decimal("0.3")


class StopRules:
    """EX33 to EX38, and EX59."""

    async def test_ex33_what_is_protected_is_what_is_held(self, bench: Bench) -> None:
        """After an entry in several pieces the stops cover every lot that is held, at the price that was told."""
        account, entry = bench.account, bench.entry()
        account.thin_out(bench.instrument.lots(bench.size / 3))
        bought = await bench.client.place_market_order(entry)
        held = bench.instrument.lots(fold(await bench.fills_of(bought), bench.instrument).held)
        stop = bench.stop(held, entry=bought)

        report = await bench.client.place_oco_order(stop)

        resting = account.resting_stops()
        assert report.protecting == held == sum(each.quantity for each in resting)
        assert {each.stop_price for each in resting} == {report.stop_price or stop.stop_price}
        open_ids = {order.venue_order_id for order in await bench.client.open_orders(bench.symbol)}
        assert set(report.venue_order_ids) == open_ids
        assert (await bench.found(bench.ref(stop))).protecting == held

    async def test_ex34_a_stop_is_rounded_towards_safety(self, bench: Bench) -> None:
        """Never more than asked for, and never further away."""
        market, stop = bench.instrument, await bench.hold()
        off_steps = dataclasses.replace(
            stop,
            quantity=stop.quantity - market.lot_step * _A_THIRD,
            stop_price=stop.stop_price - market.price_tick * _A_THIRD,
        )

        await bench.client.place_oco_order(off_steps)

        (resting,) = bench.account.resting_stops()
        assert resting.quantity == market.lots(off_steps.quantity)
        assert resting.stop_price == market.stop_price(off_steps.stop_price)

    async def test_ex35_a_refused_stop_is_refused(self, bench: Bench) -> None:
        """A stop for coins that are not there: OrderRefused, and nothing rests."""
        account = bench.account

        end = await bench.ends(bench.client.place_oco_order(bench.stop(bench.size)))

        assert isinstance(end, OrderRefused), f"a refused stop ended in {end!r}"
        assert not isinstance(end, StopWouldTrigger), "it was refused for want of coins, not for its price"
        assert account.resting_stops() == ()

    async def test_ex36_a_stop_that_comes_too_late_is_called_so(self, bench: Bench) -> None:
        """The market is below it already: that calls for a sale, not for another try."""
        stop = await bench.hold()
        bench.account.set_price(bench.instrument.stop_price(bench.price * Decimal("0.9")))

        end = await bench.ends(bench.client.place_oco_order(stop))

        assert isinstance(end, StopWouldTrigger), f"a stop above the market ended in {end!r}"
        assert bench.account.resting_stops() == ()

    async def test_ex37_a_stop_whose_answer_is_lost_is_unknown_and_sent_once(self, bench: Bench) -> None:
        """And it is found by its id, covering what it should."""
        stop = await bench.hold()
        bench.arm(Request.STOP_ORDER, Trouble.LOST_ANSWER)

        end = await bench.ends(bench.client.place_oco_order(stop))
        bench.rig.clear()
        found = await bench.found(bench.ref(stop))

        assert isinstance(end, OrderOutcomeUnknown), f"a lost answer ended in {end!r}"
        assert bench.sent(Request.STOP_ORDER) == 1
        assert (found.status, found.protecting) == (OrderStatus.OPEN, stop.quantity)

    async def test_ex38_an_id_that_is_taken_is_not_a_refusal(self, bench: Bench) -> None:
        """An order of this id rests already, so an earlier attempt arrived: look it up, never "not placed"."""
        stop = await bench.hold()
        await bench.hold()
        await bench.client.place_oco_order(stop)

        end = await bench.ends(bench.client.place_oco_order(stop))

        assert isinstance(end, OrderOutcomeUnknown | OrderReport), f"a taken id ended in {end!r}"
        assert [each.quantity for each in bench.account.resting_stops()] == [stop.quantity]

    async def test_ex59_a_price_above_the_take_profit_is_not_below_the_stop(self, bench: Bench) -> None:
        """Refused or placed, but never "too late": the coins are worth more than was hoped for, not less."""
        stop = await bench.hold()
        bench.account.set_price(bench.instrument.stop_price(bench.price * 3))

        end = await bench.ends(bench.client.place_oco_order(stop))

        assert isinstance(end, OrderReport | OrderRefused), f"a price above the take profit ended in {end!r}"
        assert not isinstance(end, StopWouldTrigger), "the price is far above the stop"
