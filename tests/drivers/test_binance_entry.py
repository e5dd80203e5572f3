"""An entry with its stop in one request, on Binance: what is sent, and what is made of every answer."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from helix_core import Bracket, OrderKind, OrderOutcomeUnknown, OrderRef, OrderRefused, OrderStatus
from helix_core.sandbox import Fault, FaultKind, prove
from tests.drivers.specimens import CID, SYMBOL, entry, market, order, profit_leg, ref, refusal, stop_leg
from tests.drivers.tiny_venue import Reply, TinyVenue

if TYPE_CHECKING:
    from helix_binance.client import BinanceClient
    from helix_core import ApprovedOrder
    from helix_core.sandbox import Sandbox

OPOCO, ORDER = "/api/v3/orderList/opoco", "/api/v3/order"
STOP_ID = "b" * 32
STOP = OrderRef(client_order_id=STOP_ID, kind=OrderKind.STOP, symbol=SYMBOL)


def bracketed(*, limit: str = "64852.60", stop: str = "62926.30", quantity: str = "0.0084") -> ApprovedOrder:
    bracket = Bracket(
        limit_price=Decimal(limit),
        stop_price=Decimal(stop),
        take_profit_price=Decimal("128421.00"),
        stop_client_order_id=STOP_ID,
    )
    return replace(entry(quantity), bracket=bracket)


def waiting(leg: dict[str, Any], status: str = "PENDING_NEW") -> dict[str, Any]:
    """A leg as Binance states it before it is at the market: without a quantity."""
    return {name: value for name, value in {**leg, "status": status}.items() if name != "origQty"}


def answer(entry_row: dict[str, Any]) -> dict[str, Any]:
    rows = [entry_row, waiting(stop_leg()), waiting(profit_leg())]
    return {"orderListId": 7, "contingencyType": "OTO", "orderReports": rows}


async def test_the_request_is_the_one_binance_documents(binance: BinanceClient, tiny: TinyVenue) -> None:
    """Prices off the tick are rounded towards safety: never dearer, never a stop further away, never more coins."""
    tiny.on("POST", OPOCO, Reply(answer(order(cummulativeQuoteQty="539.37"))))

    await binance.place_entry_with_stop(bracketed(limit="64852.609", stop="62926.291", quantity="0.008409"))

    (sent,) = tiny.sent("POST", OPOCO)
    signing = {"timestamp", "recvWindow", "signature"}
    assert {name: value for name, value in sent.parameters.items() if name not in signing} == {
        "symbol": "BTCUSDT",
        "listClientOrderId": f"{STOP_ID}-l",
        "newOrderRespType": "RESULT",
        "workingType": "LIMIT",
        "workingSide": "BUY",
        "workingClientOrderId": CID,
        "workingPrice": "64852.6",
        "workingQuantity": "0.0084",
        "workingTimeInForce": "FOK",
        "pendingSide": "SELL",
        "pendingAboveType": "LIMIT_MAKER",
        "pendingAboveClientOrderId": f"{STOP_ID}-tp",
        "pendingAbovePrice": "128421",
        "pendingBelowType": "STOP_LOSS",
        "pendingBelowClientOrderId": f"{STOP_ID}-sl",
        "pendingBelowStopPrice": "62926.3",
    }


async def test_the_report_is_the_entry_s_own(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("POST", OPOCO, Reply(answer(order(cummulativeQuoteQty="539.37240000"))))

    report = await binance.place_entry_with_stop(bracketed())

    assert (report.status, report.filled, report.venue_order_ids) == (OrderStatus.FILLED, Decimal("0.0084"), ("28",))
    assert report.average_price == Decimal("539.37240000") / Decimal("0.0084")
    assert (report.client_order_id, report.protecting, report.fills) == (CID, 0, None)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refusal(-2010, "Account has insufficient balance for requested action."), OrderRefused),
        (refusal(-1013, "Filter failure: NOTIONAL"), OrderRefused),
        (refusal(-2010, "Duplicate order sent."), OrderOutcomeUnknown),
        (refusal(-1007, "Timeout waiting for response from backend server.", 504), OrderOutcomeUnknown),
        (Reply({"orderListId": 7, "orderReports": [waiting(stop_leg())]}), OrderOutcomeUnknown),
        (Reply({}), OrderOutcomeUnknown),
        (Reply(fault="reset"), OrderOutcomeUnknown),
        (Reply("<html>", 502), OrderOutcomeUnknown),
    ],
)
async def test_only_a_proven_refusal_is_one(
    binance: BinanceClient, tiny: TinyVenue, reply: Reply, error: type[Exception]
) -> None:
    tiny.on("POST", OPOCO, reply)

    with pytest.raises(error) as raised:
        await binance.place_entry_with_stop(bracketed())

    assert type(raised.value) is error
    assert len(tiny.sent("POST", OPOCO)) == 1


async def test_an_entry_without_a_bracket_never_leaves(binance: BinanceClient, tiny: TinyVenue) -> None:
    with pytest.raises(OrderRefused, match="carries no stop"):
        await binance.place_entry_with_stop(entry())

    assert tiny.seen == []


@pytest.mark.parametrize(
    ("legs", "status"),
    [
        (("PENDING_NEW", "PENDING_NEW"), OrderStatus.OPEN),
        (("EXPIRED", "EXPIRED"), OrderStatus.EXPIRED),
        (("REJECTED", "EXPIRED"), OrderStatus.REJECTED),
        (("CANCELED", "CANCELED"), OrderStatus.CANCELED),
        (("EXPIRED", "PENDING_NEW"), OrderStatus.OPEN),
    ],
)
async def test_a_leg_without_a_quantity_protects_nothing(
    binance: BinanceClient, tiny: TinyVenue, legs: tuple[str, str], status: OrderStatus
) -> None:
    stop, profit = waiting(stop_leg(), legs[0]), waiting(profit_leg(), legs[1])
    tiny.on("GET", ORDER, Reply(stop), Reply(profit))

    report = await binance.find_order(ref(OrderKind.STOP))

    assert report is not None
    assert (report.status, report.filled, report.protecting) == (status, 0, 0)
    assert report.venue_order_ids == ("31", "30")


@pytest.mark.parametrize("flag", ["otoAllowed", "opoAllowed", "ocoAllowed", None])
async def test_a_market_says_whether_it_takes_one(binance: BinanceClient, tiny: TinyVenue, flag: str | None) -> None:
    """All three flags are needed; a pair without OCO cannot be traded at all."""
    flags = {name: name != flag for name in ("otoAllowed", "opoAllowed")}
    tiny.on("GET", "/api/v3/exchangeInfo", Reply({"symbols": [market(**flags)]}))

    assert (await binance.instrument(SYMBOL)).atomic_entry is all(flags.values())


async def test_coins_of_the_owner_pay_the_fee_and_the_stop_covers_all(client: BinanceClient, venue: Sandbox) -> None:
    """Source: faqs/opo.md. Without them the stop covers what was bought less the fee, in whole lots."""
    without = await client.place_entry_with_stop(bracketed())
    covered = await client.find_order(STOP)
    venue.venue.transfer("BTC", Decimal("0.1"))
    second = bracketed()
    assert second.bracket is not None
    other = replace(second.bracket, stop_client_order_id="c" * 32)
    await client.place_entry_with_stop(replace(second, bracket=other))
    whole = await client.find_order(replace(STOP, client_order_id="c" * 32))

    assert covered is not None
    assert whole is not None
    assert (without.filled, covered.protecting, whole.protecting) == tuple(
        map(Decimal, ("0.0084", "0.00839", "0.0084"))
    )
    prove(venue.venue)


@pytest.mark.parametrize("limit", ["64210.50", "64852.60"])
async def test_a_stop_above_the_price_is_refused_after_the_fill(
    client: BinanceClient, venue: Sandbox, limit: str
) -> None:
    """The venue fills first and asks the stop's rules afterwards: coins held, nothing rests, nothing locked."""
    stop = str(Decimal("64210.50") if limit != "64210.50" else Decimal("64210.40"))

    bought = await client.place_entry_with_stop(bracketed(limit=limit, stop=stop))
    report = await client.find_order(STOP)

    resting = limit == "64210.50"
    assert bought.status is OrderStatus.FILLED
    assert report is not None
    assert (report.status.final, report.protecting > 0) == (not resting, resting)
    assert (venue.venue.account.locked("BTC") > 0) is resting
    prove(venue.venue)


async def test_coins_are_locked_while_the_stop_waits_and_free_after_a_cancel(
    client: BinanceClient, venue: Sandbox
) -> None:
    """A stop of Helix's own is refused meanwhile; cancelling the list by the stop's id frees the coins."""
    venue.faults.add(Fault(on=f"POST {OPOCO}", kind=FaultKind.PENDING, delay_s=60))
    await client.place_entry_with_stop(bracketed())
    listed = await client.open_orders(SYMBOL)
    locked = venue.venue.account.locked("BTC")

    cancelled = await client.cancel_order(STOP)

    assert [order.remaining for order in listed] == [0, 0]
    assert locked == Decimal("0.00839")
    assert (cancelled.status, cancelled.filled) == (OrderStatus.CANCELED, 0)
    assert venue.venue.account.locked("BTC") == 0
    prove(venue.venue)
