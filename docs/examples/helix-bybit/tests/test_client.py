"""What the rules cannot know: this venue's own words."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from helix_core import (
    ENTRY_GATES,
    Action,
    ApprovedOrder,
    OrderIntent,
    OrderKind,
    OrderOutcomeUnknown,
    OrderRef,
    OrderRefused,
    OrderStatus,
    ProtectiveOrder,
    RiskDecision,
    RiskReport,
    Verdict,
)
from helix_core.testing import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from helix_core.testing import RecordedRig

OUR_ID = "0123456789abcdef0123456789abcdef"
CREATE, LOOK = "POST /v5/order/create", "GET /v5/order/realtime"


def entry() -> ApprovedOrder:
    intent = OrderIntent(
        client_order_id=OUR_ID,
        signal_row=1,
        signal_id="Long",
        symbol="BTC/USDT",
        side=Action.BUY,
        quantity=Decimal("0.0084"),
        stop_price=Decimal("62926.30"),
    )
    decisions = tuple(RiskDecision(check=gate, verdict=Verdict.ALLOW, reason="ok", detail="ok") for gate in ENTRY_GATES)
    return ApprovedOrder(intent=intent, report=RiskReport(intent=intent, required=ENTRY_GATES, decisions=decisions))


def ref(kind: OrderKind = OrderKind.ENTRY) -> OrderRef:
    return OrderRef(client_order_id=OUR_ID, kind=kind, symbol="BTC/USDT")


def answer(code: int, words: str) -> dict[str, Any]:
    return {"retCode": code, "retMsg": words, "result": {}, "time": 1672211918471}


def resting_stop(order_link_id: str = OUR_ID) -> dict[str, Any]:
    row = {
        "symbol": "BTCUSDT",
        "orderType": "Market",
        "orderLinkId": order_link_id,
        "orderId": "1321003749386327553",
        "orderStatus": "Untriggered",
        "createdTime": "1672217748287",
        "side": "Sell",
        "qty": "0.0083",
        "cumExecQty": "0.0000",
        "leavesQty": "0.0083",
        "triggerPrice": "62926.30",
        "stopOrderType": "tpslOrder",
    }
    return {"retCode": 0, "retMsg": "OK", "result": {"category": "spot", "list": [row]}}


async def test_an_entry_is_sized_in_coins_and_looked_up_for_what_became_of_it(rig: RecordedRig) -> None:
    async with rig:
        client = rig.client()
        await client.connect()
        taken = await client.place_market_order(entry())
        found = await client.find_order(ref())
        (fill,) = await client.get_fills("BTC/USDT", taken.venue_order_ids)
        await client.disconnect()

    (sent,) = rig.wire.sent(Request.MARKET_ORDER)
    wanted = {"qty": "0.0084", "marketUnit": "baseCoin", "orderType": "Market", "orderLinkId": OUR_ID}
    assert wanted.items() <= sent.parameters.items()
    assert (taken.status, taken.filled) == (OrderStatus.OPEN, 0)
    assert found is not None
    assert (found.status, found.filled) == (OrderStatus.FILLED, Decimal("0.0084"))
    assert (fill.quantity, fill.fee, fill.fee_currency) == (Decimal("0.0084"), Decimal("0.0000063"), "BTC")


@pytest.mark.parametrize(
    ("code", "words", "ending"),
    [
        (170131, "Balance insufficient.", OrderRefused),
        (170140, "Transaction amount lower than the minimum.", OrderRefused),
        (10003, "API key is invalid.", OrderRefused),
        (10002, "invalid request, please check your server timestamp", OrderRefused),
        (170141, "Duplicate clientOrderId", OrderOutcomeUnknown),
        (170146, "Order creation timeout", OrderOutcomeUnknown),
        (10016, "System error. Please try again later.", OrderOutcomeUnknown),
        (199999, "a code of next year", OrderOutcomeUnknown),
    ],
)
async def test_only_proof_is_a_refusal(
    venue: Callable[..., RecordedRig], code: int, words: str, ending: type[Exception]
) -> None:
    async with venue(**{CREATE: answer(code, words)}) as rig:
        client = rig.client()
        await client.connect()
        with pytest.raises(ending):
            await client.place_market_order(entry())
        await client.disconnect()

    assert len(rig.wire.sent(Request.MARKET_ORDER)) == 1


async def test_a_stop_holds_the_coins_and_is_believed_once_it_is_seen(venue: Callable[..., RecordedRig]) -> None:
    stop = ProtectiveOrder(
        client_order_id=OUR_ID,
        symbol="BTC/USDT",
        quantity=Decimal("0.0083"),
        held=Decimal("0.0083"),
        stop_price=Decimal("62926.30"),
        take_profit_price=Decimal("128421.00"),
    )
    async with venue(**{LOOK: resting_stop()}) as rig:
        client = rig.client()
        await client.connect()
        report = await client.place_oco_order(stop)
        (resting,) = await client.open_orders("BTC/USDT")
        await client.disconnect()

    (sent,) = rig.wire.sent(Request.STOP_ORDER)
    wanted = {"side": "Sell", "qty": "0.0083", "triggerPrice": "62926.3", "orderFilter": "tpslOrder"}
    assert wanted.items() <= sent.parameters.items()
    assert (report.status, report.protecting) == (OrderStatus.OPEN, Decimal("0.0083"))
    assert (resting.stop_price, resting.remaining) == (Decimal("62926.30"), Decimal("0.0083"))


async def test_an_order_in_neither_list_is_absent_and_another_ones_answer_is_none(
    venue: Callable[..., RecordedRig],
) -> None:
    nothing = {"retCode": 0, "retMsg": "OK", "result": {"category": "spot", "list": []}}
    async with venue(**{LOOK: nothing}) as rig:
        client = rig.client()
        await client.connect()
        assert await client.find_order(ref()) is None
        await client.disconnect()
    async with venue(**{LOOK: resting_stop("somebody else's")}) as rig:
        client = rig.client()
        await client.connect()
        with pytest.raises(Exception, match="another order"):
            await client.find_order(ref())
        await client.disconnect()


@pytest.mark.parametrize(
    ("wallet", "can_withdraw"), [([], False), (["AccountTransfer"], True), (["Withdraw"], True), (None, True)]
)
async def test_any_right_to_the_wallet_is_a_danger(
    venue: Callable[..., RecordedRig], wallet: list[str] | None, can_withdraw: bool
) -> None:
    rights = {"Spot": ["SpotTrade"], "Wallet": wallet}
    said = {"retCode": 0, "retMsg": "", "result": {"readOnly": 0, "permissions": rights}}
    async with venue(**{"GET /v5/user/query-api": said}) as rig:
        client = rig.client()
        await client.connect()
        permissions = await client.key_permissions()
        await client.disconnect()

    assert (permissions.can_trade, permissions.can_withdraw) == (True, can_withdraw)
