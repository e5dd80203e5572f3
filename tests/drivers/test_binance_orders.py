"""What Binance says of an order, its fills and the two legs of a stop."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from helix_core import (
    Action,
    DataMissing,
    ExchangeUnavailable,
    Fill,
    OrderKind,
    OrderStatus,
)
from tests.drivers.specimens import (
    AT_MS,
    CID,
    SYMBOL,
    bought,
    entry,
    order,
    order_list,
    profit_leg,
    protect,
    ref,
    refusal,
    stop_leg,
)
from tests.drivers.tiny_venue import Reply

if TYPE_CHECKING:
    from helix_binance.client import BinanceClient
    from tests.drivers.tiny_venue import TinyVenue

ORDER, ACCOUNT, INFO = "/api/v3/order", "/api/v3/account", "/api/v3/exchangeInfo"
AT = datetime(2026, 5, 28, 20, 26, 40, 123000, tzinfo=UTC)
ABSENT = refusal(-2013, "Order does not exist.")
STOP = ref(OrderKind.STOP)


async def test_a_bought_order_carries_its_fills_with_their_fees(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("POST", ORDER, Reply(bought()))

    report = await binance.place_market_order(entry())

    assert (report.status, report.raw_status) == (OrderStatus.FILLED, "FILLED")
    assert (report.client_order_id, report.venue_order_ids) == (CID, ("28",))
    assert (report.filled, report.protecting) == (Decimal("0.0084"), 0)
    assert report.fills is not None
    assert report.fills[0] == Fill(
        fill_id="56",
        venue_order_id="28",
        symbol=SYMBOL,
        side=Action.BUY,
        price=Decimal("64210.5"),
        quantity=Decimal("0.008"),
        fee=Decimal("0.000008"),
        fee_currency="BTC",
        at=AT,
    )
    assert report.fills[1].fee_currency == "BNB"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda fills: fills.pop(),
        lambda fills: fills[0].pop("commission"),
        lambda fills: fills[1].pop("commissionAsset"),
        lambda fills: fills[1].update(tradeId=None),
    ],
)
async def test_fills_that_are_not_whole_are_left_to_be_asked_for(
    binance: BinanceClient, tiny: TinyVenue, spoil: Any
) -> None:
    """The order was placed all the same: its report stands."""
    answer = bought()
    spoil(answer["fills"])
    tiny.on("POST", ORDER, Reply(answer))

    report = await binance.place_market_order(entry())

    assert report.fills is None
    assert report.filled == Decimal("0.0084")


@pytest.mark.parametrize(
    ("status", "executed", "read"),
    [
        ("EXPIRED", "0.0050", OrderStatus.EXPIRED),
        ("EXPIRED_IN_MATCH", "0.0000", OrderStatus.EXPIRED),
        ("FILLED", "0.0050", OrderStatus.EXPIRED),
        ("PARTIALLY_FILLED", "0.0050", OrderStatus.OPEN),
        ("REJECTED", "0.0000", OrderStatus.REJECTED),
        ("PENDING_NEW", "0.0000", OrderStatus.OPEN),
        ("A_WORD_OF_NEXT_YEAR", "0.0050", OrderStatus.UNKNOWN),
    ],
)
async def test_what_was_filled_counts_whatever_the_status(
    binance: BinanceClient, tiny: TinyVenue, status: str, executed: str, read: OrderStatus
) -> None:
    tiny.on("POST", ORDER, Reply(order(status=status, executedQty=executed)))

    report = await binance.place_market_order(entry())

    assert (report.status, report.raw_status, report.filled) == (read, status, Decimal(executed))


async def test_fills_are_asked_for_by_order_and_come_oldest_first(binance: BinanceClient, tiny: TinyVenue) -> None:
    def trade(number: int, order_id: int, at_ms: int) -> dict[str, Any]:
        return {
            "symbol": "BTCUSDT",
            "id": number,
            "orderId": order_id,
            "price": "63000.10",
            "qty": "0.0042",
            "quoteQty": "264.60",
            "commission": "0.26460042",
            "commissionAsset": "USDT",
            "time": at_ms,
            "isBuyer": False,
            "isMaker": False,
        }

    tiny.on("GET", "/api/v3/myTrades", Reply([trade(9, 31, AT_MS + 5)]), Reply([trade(8, 30, AT_MS)]))

    fills = await binance.get_fills(SYMBOL, ("31", "30"))

    assert [(fill.fill_id, fill.venue_order_id, fill.side) for fill in fills] == [
        ("8", "30", Action.SELL),
        ("9", "31", Action.SELL),
    ]
    assert fills[0].fee == Decimal("0.26460042")
    assert [seen.parameters["orderId"] for seen in tiny.seen] == ["31", "30"]


@pytest.mark.parametrize("answer", [{}, [{"id": 1, "qty": "1"}]])
async def test_fills_that_are_not_stated_are_not_none(binance: BinanceClient, tiny: TinyVenue, answer: Any) -> None:
    tiny.on("GET", "/api/v3/myTrades", Reply(answer))

    with pytest.raises(DataMissing):
        await binance.get_fills(SYMBOL, ("31",))


async def test_an_order_the_venue_does_not_know_is_none(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("GET", ORDER, ABSENT)

    assert await binance.find_order(ref()) is None
    assert await binance.find_order(STOP) is None


@pytest.mark.parametrize("reply", [Reply("", 404), Reply({"code": -1100, "msg": "Illegal characters."}, 400)])
async def test_another_refusal_is_not_proof_of_absence(binance: BinanceClient, tiny: TinyVenue, reply: Reply) -> None:
    tiny.on("GET", ORDER, reply)

    with pytest.raises(ExchangeUnavailable):
        await binance.find_order(ref())
    assert len(tiny.seen) == 1


async def test_an_archived_order_was_cancelled_without_a_fill(binance: BinanceClient, tiny: TinyVenue) -> None:
    words = "Order was canceled or expired with no executed qty over 90 days ago and has been archived."
    tiny.on("GET", ORDER, refusal(-2026, words))

    report = await binance.find_order(ref(OrderKind.ENTRY, "28"))

    assert report is not None
    assert (report.status, report.filled, report.venue_order_ids) == (OrderStatus.CANCELED, 0, ("28",))


@pytest.mark.parametrize(
    ("stop", "profit", "status", "filled", "protecting"),
    [
        (stop_leg(), profit_leg(), OrderStatus.OPEN, "0", "0.0084"),
        (stop_leg(), None, OrderStatus.OPEN, "0", "0.0084"),
        (
            stop_leg("PARTIALLY_FILLED", executedQty="0.0034"),
            profit_leg("EXPIRED"),
            OrderStatus.OPEN,
            "0.0034",
            "0.005",
        ),
        (stop_leg("FILLED"), profit_leg("EXPIRED"), OrderStatus.FILLED, "0.0084", "0"),
        (stop_leg("EXPIRED"), profit_leg("FILLED"), OrderStatus.FILLED, "0.0084", "0"),
        (stop_leg("EXPIRED"), profit_leg("EXPIRED"), OrderStatus.EXPIRED, "0", "0"),
        (stop_leg("EXPIRED", executedQty="0.002"), profit_leg("EXPIRED"), OrderStatus.EXPIRED, "0.002", "0"),
        (stop_leg("CANCELED"), profit_leg("CANCELED"), OrderStatus.CANCELED, "0", "0"),
        (stop_leg("CANCELED"), None, OrderStatus.CANCELED, "0", "0"),
        (
            stop_leg("EXPIRED"),
            profit_leg("PARTIALLY_FILLED", executedQty="0.001"),
            OrderStatus.OPEN,
            "0.001",
            "0",
        ),
        (stop_leg("PENDING_NEW"), profit_leg("PENDING_NEW"), OrderStatus.OPEN, "0", "0"),
        (None, profit_leg(), OrderStatus.UNKNOWN, "0", "0"),
    ],
)
async def test_the_legs_of_a_stop_are_one_order(
    binance: BinanceClient, tiny: TinyVenue, stop: Any, profit: Any, status: str, filled: str, protecting: str
) -> None:
    tiny.on("GET", ORDER, *(Reply(leg) if leg else ABSENT for leg in (stop, profit)))

    report = await binance.find_order(STOP)

    assert report is not None
    assert (report.status, report.filled, report.protecting) == (status, Decimal(filled), Decimal(protecting))
    assert report.venue_order_ids == tuple(str(leg["orderId"]) for leg in (stop, profit) if leg)
    assert report.client_order_id == CID


async def test_a_placed_pair_protects_with_the_stop_first(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("POST", "/api/v3/orderList/oco", Reply(order_list()))

    report = await binance.place_oco_order(protect())

    assert (report.status, report.protecting) == (OrderStatus.OPEN, Decimal("0.0084"))
    assert (report.venue_order_ids, report.client_order_id) == (("31", "30"), CID)


async def test_a_stop_placed_alone_protects(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("POST", ORDER, Reply(stop_leg(orderListId=-1, fills=[])))

    report = await binance.place_oco_order(protect(plain=True))

    assert (report.status, report.protecting, report.venue_order_ids) == (OrderStatus.OPEN, Decimal("0.0084"), ("31",))
    assert report.client_order_id == CID
