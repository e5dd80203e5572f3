"""Rules on the list of the account's orders, by which Helix tells its own from a human's, and what it paid."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.clock import SystemClock
from helix_core.errors import DataMissing
from helix_core.testing.exchange.wiretap import Request

if TYPE_CHECKING:
    from helix_core.testing.exchange.bench import Bench

_MANY = 1010
_CLOSE_ENOUGH = Decimal("0.01")
_APART_S = 0.01


class HistoryRules:
    """EX54 to EX58."""

    async def test_ex54_every_order_is_listed(self, bench: Bench) -> None:
        """Helix's and a human's, those that rest, filled, and never filled; with Helix's id where it gave one."""
        account, client, since = bench.account, bench.client, SystemClock().now()
        entry = bench.entry()
        bought = await client.place_market_order(entry)
        await client.place_oco_order(await bench.hold())
        account.trade_by_hand(bench.instrument.lots(bench.size / 30), 1)
        account.fill_only(Decimal(0))
        await client.place_market_order(bench.entry())

        listed = await client.recent_orders(bench.symbol, since)

        by_id = {order.venue_order_id: order for order in listed}
        own = by_id[bought.venue_order_ids[0]]
        assert sorted(by_id) == sorted(account.orders())
        assert len(by_id) == len(listed)
        assert (own.client_order_id, own.filled, own.status) == (entry.client_order_id, entry.quantity, bought.status)
        assert [order.at for order in listed] == sorted(order.at for order in listed)

    async def test_ex55_a_list_begins_where_it_was_asked_to(self, bench: Bench) -> None:
        """What the venue took before is left out, what it took after is not."""
        account = bench.account
        earlier = await bench.client.place_market_order(bench.entry())
        before = set(account.orders())
        await asyncio.sleep(_APART_S)
        since = SystemClock().now()
        await asyncio.sleep(_APART_S)
        await bench.client.place_market_order(bench.entry())

        listed = await bench.client.recent_orders(bench.symbol, since)

        assert before >= set(earlier.venue_order_ids)
        assert {order.venue_order_id for order in listed} == set(account.orders()) - before

    async def test_ex56_a_list_is_whole_or_not_there(self, bench: Bench) -> None:
        """More than a thousand orders: all of them, or DataMissing, never the first page."""
        account, since = bench.account, SystemClock().now()
        account.trade_by_hand(bench.instrument.lots(bench.size / 30), _MANY)

        end = await bench.ends(bench.client.recent_orders(bench.symbol, since))

        if not isinstance(end, DataMissing):
            assert isinstance(end, tuple), f"a long list ended in {end!r}"
            assert {order.venue_order_id for order in end} == set(account.orders())

    async def test_ex57_the_price_of_an_order_is_what_was_paid(self, bench: Bench) -> None:
        """The average of its fills, to a hundredth of a tick; an order in pieces shows it."""
        account, entry = bench.account, bench.entry()
        account.thin_out(bench.instrument.lots(bench.size / 3))

        await bench.client.place_market_order(entry)
        report = await bench.found(bench.ref(entry))

        executed = account.executions()
        paid = sum((each.price * each.quantity for each in executed), Decimal(0))
        assert report.average_price is not None, "the price is missing"
        difference = abs(report.average_price - paid / sum(each.quantity for each in executed))
        assert difference <= bench.instrument.price_tick * _CLOSE_ENOUGH

    async def test_ex58_an_order_that_arrives_too_late_is_not_placed(self, bench: Bench) -> None:
        """After its fence the venue refuses it: what is not found then can never appear any more."""
        account, fence_s = bench.account, bench.client.capabilities.order_fence_s
        account.arrive_late(fence_s)

        end = await bench.ends(bench.client.place_market_order(bench.entry()))

        assert isinstance(end, Exception), f"an order {fence_s:g} s late ended in {end!r}"
        assert bench.sent(Request.MARKET_ORDER) == 1
        assert account.executions() == ()
