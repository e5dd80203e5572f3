"""A cancel returns only what the venue confirms."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from helix_core import OrderKind, OrderOutcomeUnknown, OrderRefused, OrderStatus
from tests.drivers.specimens import CID, order, order_list, profit_leg, ref, refusal, stop_leg
from tests.drivers.tiny_venue import Reply

if TYPE_CHECKING:
    from helix_binance.client import BinanceClient
    from tests.drivers.tiny_venue import TinyVenue

ORDER, LIST = "/api/v3/order", "/api/v3/orderList"
STOP = ref(OrderKind.STOP)
NO_SUCH = refusal(-2011, "Unknown order sent.")
ABSENT = refusal(-2013, "Order does not exist.")


async def test_it_waits_until_both_legs_are_final(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("DELETE", LIST, Reply(order_list()))
    gone = [Reply(stop_leg("CANCELED")), Reply(profit_leg("CANCELED"))]
    tiny.on("GET", ORDER, Reply(stop_leg()), Reply(profit_leg()), *gone)

    report = await binance.cancel_order(STOP)

    assert (report.status, report.filled, report.protecting) == (OrderStatus.CANCELED, 0, 0)
    assert [seen.method for seen in tiny.seen] == ["DELETE", "GET", "GET", "GET", "GET"]


async def test_a_stop_that_filled_meanwhile_is_not_an_error(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("DELETE", LIST, NO_SUCH)
    tiny.on("GET", ORDER, Reply(stop_leg("FILLED")), Reply(profit_leg("EXPIRED")))

    report = await binance.cancel_order(STOP)

    assert (report.status, report.filled) == (OrderStatus.FILLED, Decimal("0.0084"))


async def test_a_stop_that_was_placed_alone_is_cancelled_by_its_own_id(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("DELETE", LIST, NO_SUCH)
    tiny.on("DELETE", ORDER, Reply(stop_leg("CANCELED", clientOrderId="the-cancels-own-id")))
    tiny.on("GET", ORDER, Reply(stop_leg()), ABSENT, Reply(stop_leg("CANCELED")), ABSENT)

    report = await binance.cancel_order(STOP)

    assert report.status is OrderStatus.CANCELED
    assert tiny.sent("DELETE", ORDER)[0].parameters["origClientOrderId"] == f"{CID}-sl"


async def test_a_cancel_the_venue_will_not_do_is_refused_and_the_stop_lives(
    binance: BinanceClient, tiny: TinyVenue
) -> None:
    tiny.on("DELETE", LIST, refusal(-2011, "This action is disabled on this account."))
    tiny.on("GET", ORDER, Reply(stop_leg()), Reply(profit_leg()))

    with pytest.raises(OrderRefused, match="-2011 This action is disabled"):
        await binance.cancel_order(STOP)


@pytest.mark.parametrize("seen", [ABSENT, Reply("", 502), Reply(stop_leg("PENDING_CANCEL"))])
async def test_a_cancel_that_cannot_be_confirmed_is_unknown(
    binance: BinanceClient, tiny: TinyVenue, seen: Reply
) -> None:
    tiny.on("DELETE", LIST, Reply(order_list()))
    tiny.on("GET", ORDER, seen)

    with pytest.raises(OrderOutcomeUnknown, match="took the cancel"):
        await binance.cancel_order(STOP)


async def test_an_order_nobody_knows_is_not_called_cancelled(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("DELETE", LIST, NO_SUCH)
    tiny.on("DELETE", ORDER, NO_SUCH)
    tiny.on("GET", ORDER, ABSENT)

    with pytest.raises(OrderOutcomeUnknown, match="-2011"):
        await binance.cancel_order(STOP)


@pytest.mark.parametrize("reply", [Reply("", 502), Reply("", fault="reset"), Reply("<html>", 200), Reply("", 403)])
async def test_a_cancel_without_an_answer_is_unknown_and_sent_once(
    binance: BinanceClient, tiny: TinyVenue, reply: Reply
) -> None:
    tiny.on("DELETE", LIST, reply)

    with pytest.raises(OrderOutcomeUnknown):
        await binance.cancel_order(STOP)

    assert len(tiny.seen) == 1


async def test_an_entry_is_cancelled_by_its_own_id(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("DELETE", ORDER, Reply(order(status="CANCELED")))
    tiny.on("GET", ORDER, Reply(order(status="CANCELED", executedQty="0.0010")))

    report = await binance.cancel_order(ref())

    assert (report.status, report.filled) == (OrderStatus.CANCELED, Decimal("0.001"))
    assert tiny.seen[0].parameters["origClientOrderId"] == CID
