"""Each kind of fault, as a real client over a real socket experiences it."""

from __future__ import annotations

from decimal import Decimal

import aiohttp
import ccxt  # type: ignore[import-untyped]
import httpx
import pytest

from helix_core.sandbox import Fault, FaultKind, prove

from .conftest import SYMBOL

pytestmark = pytest.mark.asyncio(loop_scope="session")

ORDER = "POST /api/v3/order"
MARKET = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}


async def buy(exchange, **parameters):
    return await exchange.create_order(SYMBOL, "market", "buy", "0.01", None, parameters)


@pytest.mark.parametrize(("kind", "bought"), [(FaultKind.LOST_REQUEST, 0), (FaultKind.LOST_ANSWER, 1)])
async def test_connection_is_closed_without_an_answer(exchange, box, kind, bought):
    """The client sees the server disconnect, not an error answer; only the ledger knows whether it was done."""
    box.faults.add(Fault(on=ORDER, kind=kind))

    with pytest.raises(ccxt.ExchangeNotAvailable) as seen:
        await buy(exchange)

    assert isinstance(seen.value.__cause__, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError)
    assert len(box.venue.ledger.orders) == bought
    prove(box.venue)


async def test_other_clients_see_the_disconnect_too(wire, box):
    """Another HTTP library meets the same broken connection."""
    box.faults.add(Fault(on=ORDER, kind=FaultKind.LOST_ANSWER))

    with pytest.raises(httpx.RemoteProtocolError):
        await wire.send("POST", "/api/v3/order", **MARKET)

    assert len(box.venue.ledger.orders) == 1


async def test_answer_breaks_off_in_the_middle(exchange, box):
    """Done, but the body ends early: ccxt's plain ExchangeError, which looks like a refusal and is none."""
    box.faults.add(Fault(on=ORDER, kind=FaultKind.CUT_BODY))

    with pytest.raises(ccxt.ExchangeError) as seen:
        await buy(exchange)

    assert type(seen.value) is ccxt.ExchangeError
    assert isinstance(seen.value.__cause__, aiohttp.ClientPayloadError)
    assert len(box.venue.ledger.orders) == 1


@pytest.mark.parametrize("done", [False, True])
async def test_delay_makes_the_client_give_up(wire, box, done):
    """Whether it was done when the client gave up depends on which side of the work the delay is."""
    box.faults.add(Fault(on=ORDER, kind=FaultKind.DELAY, delay_s=0.3, done=done))

    with pytest.raises(httpx.ReadTimeout):
        await wire.http.post("/api/v3/order", content=await signed(wire, MARKET), headers=KEY, timeout=0.1)

    assert len(box.venue.ledger.orders) == int(done)


async def test_delayed_order_still_arrives(wire, box):
    """A short delay only costs time."""
    box.faults.add(Fault(on=ORDER, kind=FaultKind.DELAY, delay_s=0.05))

    assert (await wire.ok("POST", "/api/v3/order", **MARKET))["status"] == "FILLED"


async def test_delay_beyond_the_window_is_refused_on_arrival(wire, box):
    """A request that arrives later than its recvWindow is not carried out."""
    box.faults.add(Fault(on=ORDER, kind=FaultKind.DELAY, delay_s=0.1))

    assert (await wire.error("POST", "/api/v3/order", **MARKET, recvWindow=50))[0] == -1021


@pytest.mark.parametrize(
    ("status", "body", "done", "expected"),
    [
        (500, None, False, ccxt.ExchangeNotAvailable),
        (502, "<html>bad gateway</html>", True, ccxt.ExchangeNotAvailable),
        (504, None, True, ccxt.RequestTimeout),
        (503, '{"code":-1008,"msg":"Server is currently overloaded."}', True, ccxt.OperationFailed),
    ],
)
async def test_server_error_before_or_after_the_work(exchange, box, status, body, done, expected):
    """The status says nothing about whether the order was placed."""
    box.faults.add(Fault(on=ORDER, kind=FaultKind.HTTP_5XX, status=status, body=body, done=done))

    with pytest.raises(expected):
        await buy(exchange)

    assert len(box.venue.ledger.orders) == int(done)


@pytest.mark.parametrize("status", [None, 418])
async def test_rate_limit_says_how_long_to_wait(exchange, box, status):
    """429, or 418 for a ban, with Retry-After; nothing is done."""
    box.faults.add(Fault(on=ORDER, kind=FaultKind.RATE_LIMITED, status=status, retry_after_s=7))

    with pytest.raises(ccxt.DDoSProtection, match="-1003"):
        await buy(exchange)

    assert {name.lower(): value for name, value in exchange.last_response_headers.items()}["retry-after"] == "7"
    assert box.venue.ledger.orders == ()


@pytest.mark.parametrize("done", [False, True])
async def test_execution_status_unknown(exchange, box, done):
    """-1007 is said whether or not the order was placed."""
    box.faults.add(Fault(on=ORDER, kind=FaultKind.UNKNOWN_EXECUTION, done=done))

    with pytest.raises(ccxt.RequestTimeout, match="-1007"):
        await buy(exchange)

    assert len(box.venue.ledger.orders) == int(done)


async def test_refusal_with_any_code(exchange, box):
    """The stop can be refused after the fill."""
    await buy(exchange)
    text = "Stop loss orders are not supported for this symbol."
    box.faults.add(Fault(on="POST /api/v3/orderList/oco", kind=FaultKind.REFUSED, code=-2010, msg=text))

    with pytest.raises(ccxt.ExchangeError, match=text):
        await exchange.private_post_orderlist_oco({"symbol": "BTCUSDT"})

    assert len(box.venue.ledger.orders) == 1


async def test_market_order_fills_in_part(exchange, box):
    """A fraction is filled, floored to the lot, and the rest expires."""
    box.faults.add(Fault(on=ORDER, kind=FaultKind.PARTIAL_FILL, fraction=Decimal("0.35")))

    order = await buy(exchange)

    assert (order["status"], order["filled"], order["info"]["expiryReason"]) == (
        "expired",
        0.0035,
        "INSUFFICIENT_LIQUIDITY",
    )
    prove(box.venue)


async def test_stop_that_is_set_off_fills_not_at_all(exchange, box):
    """The stop is triggered, its sibling is gone, and the coins are still there."""
    await buy(exchange)
    await exchange.create_order(SYMBOL, "market", "sell", "0.009", None, {"stopLossPrice": "60000"})
    box.faults.add(Fault(on=f"TRIGGER {SYMBOL}", kind=FaultKind.PARTIAL_FILL, fraction=Decimal(0)))

    (stop,) = box.venue.set_price(Decimal(59_000))

    assert (stop.status, stop.executed) == ("expired", 0)
    assert box.venue.account.locked("BTC") == 0


async def test_accepted_order_stays_invisible_for_a_while(exchange, box):
    """The lookup says -2013 twice, then finds the order."""
    await buy(exchange, clientOrderId="a1")
    box.faults.add(Fault(on="GET /api/v3/order", kind=FaultKind.INVISIBLE, times=2))

    for _ in range(2):
        with pytest.raises(ccxt.OrderNotFound):
            await exchange.fetch_order(None, SYMBOL, {"clientOrderId": "a1"})

    assert (await exchange.fetch_order(None, SYMBOL, {"clientOrderId": "a1"}))["filled"] == 0.01


async def test_invisible_orders_are_missing_from_lists(exchange, box):
    """A list question gets an empty list."""
    await exchange.create_order(SYMBOL, "limit", "buy", "0.01", "60000")
    box.faults.add(Fault(on="GET /api/v3/openOrders", kind=FaultKind.INVISIBLE))

    assert await exchange.fetch_open_orders(SYMBOL) == []
    assert len(await exchange.fetch_open_orders(SYMBOL)) == 1


async def test_fault_waits_for_its_turn_and_its_parameters(exchange, box):
    """`after` lets requests pass, `where` looks at what is asked, `times` ends it."""
    box.faults.add(Fault(on=ORDER, kind=FaultKind.LOST_REQUEST, after=1, times=2, where={"side": "BUY"}))

    await buy(exchange)
    await exchange.create_order(SYMBOL, "market", "sell", "0.001")
    for _ in range(2):
        with pytest.raises(ccxt.ExchangeNotAvailable):
            await buy(exchange)
    await buy(exchange)

    assert [order.side for order in box.venue.ledger.orders] == ["BUY", "SELL", "BUY"]
    assert [path for path, _ in box.faults.struck] == [ORDER, ORDER]
    assert box.faults.armed == ()


async def test_wildcard_takes_the_whole_venue_down(exchange, box):
    """One fault can cover every request until it is cleared."""
    box.faults.add(Fault(on="* /api/*", kind=FaultKind.LOST_REQUEST, times=None))

    for _ in range(3):
        with pytest.raises(ccxt.ExchangeNotAvailable):
            await exchange.fetch_balance()
    box.faults.clear()

    assert (await exchange.fetch_balance())["USDT"]["free"] == 20_000


async def test_every_request_is_logged_even_a_lost_one(exchange, box):
    """Tests can count what was sent, whatever became of it."""
    box.faults.add(Fault(on=ORDER, kind=FaultKind.LOST_REQUEST))

    with pytest.raises(ccxt.ExchangeNotAvailable):
        await buy(exchange, clientOrderId="lost")

    assert box.count("POST", "/api/v3/order") == 1
    assert box.requests[-1].parameters["newClientOrderId"] == "lost"


KEY = {"X-MBX-APIKEY": "sandbox-key", "Content-Type": "application/x-www-form-urlencoded"}


async def signed(wire, parameters):
    """The body of a signed order, taken from a rehearsal of it."""
    rehearsal = await wire.send("POST", "/api/v3/order/test", **parameters)
    return rehearsal.request.content
