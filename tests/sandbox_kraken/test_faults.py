"""Each kind of fault, as a real client meets it in Kraken's protocol."""

from __future__ import annotations

from decimal import Decimal

import ccxt  # type: ignore[import-untyped]
import httpx
import pytest
from pydantic import ValidationError

from helix_core.sandbox import CLOSE, Fault, FaultKind, prove

from .conftest import BUY, STOP, SYMBOL

pytestmark = pytest.mark.asyncio(loop_scope="session")

ORDER = "POST /0/private/AddOrder"


async def buy(exchange):
    return await exchange.create_order(SYMBOL, "market", "buy", "0.01", None, {})


@pytest.mark.parametrize(("kind", "bought"), [(FaultKind.LOST_REQUEST, 0), (FaultKind.LOST_ANSWER, 1)])
async def test_connection_is_closed_without_an_answer(exchange, box, kind, bought):
    """Only the ledger knows whether it was done."""
    box.faults.add(Fault(on=ORDER, kind=kind))

    with pytest.raises(ccxt.ExchangeNotAvailable):
        await buy(exchange)

    assert len(box.venue.ledger.orders) == bought
    prove(box.venue)


async def test_lost_request_uses_up_no_nonce(wire, box):
    """What never arrived was never counted."""
    box.faults.add(Fault(on="POST /0/private/Balance", kind=FaultKind.LOST_REQUEST))

    with pytest.raises(httpx.RemoteProtocolError):
        await wire.send("Balance", nonce=9_900_000)

    assert (await wire.send("Balance", nonce=9_900_000))["error"] == []


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("text", [None, "EGeneral:Internal error"])
async def test_execution_status_unknown(wire, box, text, done):
    """A timeout or an internal error is said whether or not the order was placed."""
    box.faults.add(Fault(on=ORDER, kind=FaultKind.UNKNOWN_EXECUTION, msg=text, done=done))

    assert await wire.error("AddOrder", BUY) == (text or "EService:Timeout")
    assert len(box.venue.ledger.orders) == int(done)


@pytest.mark.parametrize("done", [False, True])
async def test_gateway_error_before_or_after_the_work(exchange, box, done):
    """A 502 says nothing about the order."""
    box.faults.add(Fault(on=ORDER, kind=FaultKind.HTTP_5XX, status=502, done=done))

    with pytest.raises(ccxt.ExchangeNotAvailable):
        await buy(exchange)

    assert len(box.venue.ledger.orders) == int(done)


async def test_answer_breaks_off_in_the_middle(exchange, box):
    """Done, and it looks like a refusal."""
    box.faults.add(Fault(on=ORDER, kind=FaultKind.CUT_BODY))

    with pytest.raises(ccxt.ExchangeError):
        await buy(exchange)

    assert len(box.venue.ledger.orders) == 1


@pytest.mark.parametrize(
    ("method", "text"), [("AddOrder", "EOrder:Rate limit exceeded"), ("Balance", "EAPI:Rate limit exceeded")]
)
async def test_rate_limit_on_request(wire, box, method, text):
    """Each limiter has its own text, and neither says how long to wait."""
    box.faults.add(Fault(on=f"POST /0/private/{method}", kind=FaultKind.RATE_LIMITED))

    assert await wire.error(method, BUY) == text
    assert box.venue.ledger.orders == ()


async def test_refusal_may_be_given_whole_or_in_two_parts(wire, box):
    """The text is code and msg with a colon between, or a msg that is already whole, or the code alone."""
    for code, msg in (("EGeneral", "Invalid arguments:price"), ("x", "EService:Busy"), ("EService:Unavailable", "")):
        box.faults.add(Fault(on=ORDER, kind=FaultKind.REFUSED, code=code, msg=msg))

    texts = [await wire.error("AddOrder", BUY) for _ in range(3)]

    assert texts == ["EGeneral:Invalid arguments:price", "EService:Busy", "EService:Unavailable"]


async def test_accepted_order_stays_invisible_for_a_while(wire, box):
    """Lists are empty, and a question by id gets an error; then it is there."""
    await wire.place(BUY)
    txid = await wire.place(STOP)
    box.faults.add(Fault(on="POST /0/private/OpenOrders", kind=FaultKind.INVISIBLE))
    box.faults.add(Fault(on="POST /0/private/ClosedOrders", kind=FaultKind.INVISIBLE))
    box.faults.add(Fault(on="POST /0/private/QueryOrders", kind=FaultKind.INVISIBLE))

    assert (await wire.ok("OpenOrders"))["open"] == {}
    assert await wire.ok("ClosedOrders") == {"closed": {}, "count": 0}
    assert await wire.error("QueryOrders", txid=txid) == "EOrder:Unknown order"
    assert list((await wire.ok("OpenOrders"))["open"]) == [txid]


async def test_delayed_cancel_is_only_late(wire, box):
    """A delay is no pending cancel."""
    await wire.place(BUY)
    txid = await wire.place(STOP)
    box.faults.add(Fault(on="POST /0/private/CancelOrder", kind=FaultKind.DELAY, delay_s=0.05))

    assert await wire.ok("CancelOrder", txid=txid) == {"count": 1}


async def test_faults_that_fit_nowhere_are_refused_when_armed():
    """A close order can only be refused, and a pending cancel needs its time."""
    with pytest.raises(ValidationError, match="CLOSE can only be a refused"):
        Fault(on=f"{CLOSE} {SYMBOL}", kind=FaultKind.PARTIAL_FILL, fraction=Decimal("0.5"))
    with pytest.raises(ValidationError, match="pending needs it"):
        Fault(on="POST /0/private/CancelOrder", kind=FaultKind.PENDING)


async def test_control_endpoints_work_beside_the_protocol(wire, box):
    """The price is moved, and the ledger names an order's parent."""
    await wire.place(BUY, {"close[ordertype]": "stop-loss", "close[price]": "62926.3"}, volume="0.01")

    moved = await wire.http.post("/sandbox/price", json={"price": "62000"})
    ledger = (await wire.http.get("/sandbox/ledger")).json()

    assert moved.json()["worked"] == [2]
    assert [order["parent_id"] for order in ledger["orders"]] == [None, 1]
    assert box.count("POST", "/0/private/AddOrder") == 1
