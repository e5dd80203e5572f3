"""Orders as ccxt places and reads them: fees in quote, a close order for each fill, stops that hold their coins."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import ccxt  # type: ignore[import-untyped]
import pytest

from helix_core.sandbox import CLOSE, TRIGGER, Fault, FaultKind, prove

from .conftest import BUY, PRICE, STOP, SYMBOL

pytestmark = pytest.mark.asyncio(loop_scope="session")

CLIENT_ID = "0123456789abcdef0123456789abcdef"
WITH_CLOSE: dict[str, Any] = {
    "clientOrderId": CLIENT_ID,
    "oflags": "fciq",
    "close": {"ordertype": "stop-loss", "price": "62926.3"},
}
CLOSE_ARGUMENTS = {"close[ordertype]": "stop-loss", "close[price]": "62926.3"}


@pytest.fixture(autouse=True)
def money_is_right(box):
    """After every test the account adds up."""
    yield
    prove(box.venue)


async def buy(exchange, amount="0.05", **more):
    return await exchange.create_order(SYMBOL, "market", "buy", amount, None, WITH_CLOSE | more)


async def test_buy_in_five_pieces_leaves_five_stops(exchange, box):
    """Each fill makes its own close order of its own size, tied to the entry by refid, without an id of ours."""
    entry = await buy(exchange)

    filled = await exchange.fetch_order(entry["id"], SYMBOL)
    stops = (await exchange.private_post_openorders())["result"]["open"]
    assert (filled["status"], filled["filled"], filled["clientOrderId"]) == ("closed", "0.05000000", CLIENT_ID)
    assert len(filled["info"]["trades"]) == 5
    assert [stop["vol"] for stop in stops.values()] == ["0.01000000"] * 5
    assert {stop["refid"] for stop in stops.values()} == {entry["id"]}
    assert {stop["descr"]["order"] for stop in stops.values()} == {"sell 0.01000000 XBTUSDT @ stop loss 62926.3"}
    assert all("cl_ord_id" not in stop for stop in stops.values())


async def test_buy_pays_its_fee_in_quote(exchange, box):
    """The coins received are the coins asked for; cost and fee are what the account paid."""
    entry = await buy(exchange)

    filled = await exchange.fetch_order(entry["id"], SYMBOL)

    cost = sum(Decimal(price) * Decimal("0.01") for price in ("64210.5", "64215.5", "64220.5", "64225.5", "64230.5"))
    assert Decimal(filled["info"]["cost"]) == cost
    assert filled["fee"]["currency"] == "USDT"
    assert box.venue.account.free("USDT") == 20_000 - cost - Decimal(filled["fee"]["cost"])
    assert box.venue.balances()["BTC"].total == Decimal("0.05")


async def test_trades_are_exact_where_the_order_is_cut(exchange, wire, box):
    """The order's cost is cut to five decimals; the trades state price and volume to the last digit."""
    txid = await wire.place(BUY, volume="0.00012347")

    shown = (await wire.ok("QueryOrders", txid=txid, trades="true"))[txid]
    (trade,) = (await wire.ok("QueryTrades", txid=",".join(shown["trades"]))).values()

    assert (trade["price"], trade["vol"], trade["ordertxid"]) == ("64210.50000", "0.00012347", txid)
    assert Decimal(trade["price"]) * Decimal(trade["vol"]) == box.venue.ledger.executions[0].notional
    assert Decimal(shown["cost"]) < box.venue.ledger.executions[0].notional
    assert Decimal(shown["fee"]) == Decimal(trade["fee"]) == box.venue.ledger.executions[0].fee


async def test_untriggered_stops_hold_the_coins(exchange, wire, box):
    """Nothing can be sold until the stops are cancelled, one by one."""
    await buy(exchange)

    with pytest.raises(ccxt.InsufficientFunds):
        await exchange.create_order(SYMBOL, "market", "sell", "0.05", None, {})
    for txid in (await wire.ok("OpenOrders"))["open"]:
        assert await wire.ok("CancelOrder", txid=txid) == {"count": 1}
    await exchange.create_order(SYMBOL, "market", "sell", "0.05", None, {})

    assert box.venue.balances()["BTC"].total == 0


async def test_price_sets_the_stops_off(exchange, box):
    """At or below the trigger each is sold at market; the order says that it was stopped."""
    entry = await buy(exchange)

    box.venue.set_price(Decimal("62926.3"))

    closed = (await exchange.private_post_closedorders())["result"]["closed"]
    stops = [order for order in closed.values() if order["refid"] == entry["id"]]
    assert [(order["status"], order["misc"], order["stopprice"]) for order in stops] == [
        ("closed", "stopped", "62926.30000")
    ] * 5
    assert box.venue.balances()["BTC"].total == 0


async def test_price_above_the_stop_sets_nothing_off(wire, box):
    """One tick above is not there yet."""
    await wire.place(BUY, CLOSE_ARGUMENTS)

    assert box.venue.set_price(Decimal("62926.4")) == ()


async def test_stop_at_or_above_the_market_goes_off_at_once(wire, box):
    """Kraken does not refuse it."""
    await wire.place(BUY)

    txid = await wire.place(STOP, price="64210.5")

    assert (await wire.ok("QueryOrders", txid=txid))[txid]["status"] == "closed"
    assert box.venue.balances()["BTC"].total == 0


async def test_close_above_the_market_sells_what_was_just_bought(wire, box):
    """A stale trigger is deadly."""
    await wire.place(BUY, CLOSE_ARGUMENTS, **{"close[price]": "65000"})

    assert (box.venue.balances()["BTC"].total, len(box.venue.ledger.orders)) == (0, 6)


async def test_take_profit_goes_off_upwards(wire, box):
    """And says so."""
    await wire.place(BUY)
    txid = await wire.place(STOP, ordertype="take-profit", price="70000")

    box.venue.set_price(Decimal(70_000))

    assert (await wire.ok("QueryOrders", txid=txid))[txid]["misc"] == "touched"


async def test_stop_may_fill_in_part(wire, box):
    """A triggered stop can end with coins unsold: canceled, with a reason."""
    await wire.place(BUY)
    txid = await wire.place(STOP)
    box.faults.add(Fault(on=f"{TRIGGER} {SYMBOL}", kind=FaultKind.PARTIAL_FILL, fraction=Decimal("0.4")))

    box.venue.set_price(Decimal(62_000))

    stop = (await wire.ok("QueryOrders", txid=txid))[txid]
    assert (stop["status"], stop["vol_exec"], stop["reason"]) == ("canceled", "0.02000000", "Out of liquidity")


async def test_close_order_can_be_missing(wire, box):
    """A fault swallows the close of the second fill, and nobody is told."""
    box.faults.add(Fault(on=f"{CLOSE} {SYMBOL}", kind=FaultKind.REFUSED, code="EOrder", msg="", after=1))

    await wire.place(BUY, CLOSE_ARGUMENTS)

    assert len((await wire.ok("OpenOrders"))["open"]) == 4


async def test_close_order_below_the_minimum_is_dropped(wire, box):
    """A fill that is smaller than an order may be leaves no stop."""
    await wire.place(BUY, CLOSE_ARGUMENTS, volume="0.01004")

    assert [stop["vol"] for stop in (await wire.ok("OpenOrders"))["open"].values()] == ["0.01000000"]


async def test_fee_in_coins_leaves_a_close_without_cover(wire, box):
    """With fcib fewer coins arrive than the closes sell: the last of them is refused. The fee still reads in quote."""
    txid = await wire.place(BUY, CLOSE_ARGUMENTS, oflags="fcib")

    assert box.venue.balances()["BTC"].total == Decimal("0.0498")
    assert len((await wire.ok("OpenOrders"))["open"]) == 4
    assert (await wire.ok("QueryOrders", txid=txid))[txid]["fee"] == "12.84410"


async def test_limit_order_makes_its_close_when_it_fills(wire, box):
    """A close waits for the fill, whenever that comes."""
    limit = await wire.place(BUY, CLOSE_ARGUMENTS, ordertype="limit", price="64000")
    before = await wire.ok("OpenOrders")

    box.venue.set_price(Decimal(64_000))

    assert list(before["open"]) == [limit]
    assert [stop["refid"] for stop in (await wire.ok("OpenOrders"))["open"].values()] == [limit]


async def test_buy_for_a_cost(exchange, box):
    """Viqc: the volume is an amount of quote currency, and as many whole lots are bought as it pays for."""
    await exchange.create_order(SYMBOL, "market", "buy", "1", None, {"cost": "321.0"})

    assert Decimal("321.0") - PRICE * Decimal("1E-8") < box.venue.ledger.orders[0].quote_executed <= Decimal("321.0")


async def test_entry_filled_in_part_ends(wire, box):
    """The rest is cancelled; only what was filled is protected."""
    box.faults.add(Fault(on="POST /0/private/AddOrder", kind=FaultKind.PARTIAL_FILL, fraction=Decimal("0.3")))

    txid = await wire.place(BUY, CLOSE_ARGUMENTS)

    entry = (await wire.ok("QueryOrders", txid=txid))[txid]
    stops = (await wire.ok("OpenOrders"))["open"].values()
    assert (entry["status"], entry["vol_exec"]) == ("canceled", "0.01500000")
    assert [stop["vol"] for stop in stops] == ["0.00500000", "0.01000000"]


async def test_validate_places_nothing(wire, box):
    """Only the word in small letters counts: Python's True is a live order."""
    checked = await wire.ok("AddOrder", **BUY, validate="true")
    live = await wire.ok("AddOrder", **BUY, validate="True")

    assert (checked.keys(), live.keys()) == ({"descr"}, {"descr", "txid"})
    assert len(box.venue.ledger.orders) == 1


async def test_client_id_is_unique_among_open_orders_only(wire, box):
    """A market order that is sent again after it closed is a second order."""
    first = await wire.place(BUY, cl_ord_id=CLIENT_ID)
    second = await wire.place(BUY, cl_ord_id=CLIENT_ID)
    await wire.place(STOP, cl_ord_id=CLIENT_ID)

    refused = await wire.error("AddOrder", STOP, cl_ord_id=CLIENT_ID)

    assert first != second
    assert refused == "EGeneral:Invalid arguments:cl_ord_id"


async def test_orders_are_found_by_client_id(exchange, wire):
    """In the open and in the closed orders; never in the other one."""
    await wire.place(BUY, cl_ord_id="a" * 18)
    await wire.place(STOP, cl_ord_id="b" * 18)

    opened = await exchange.fetch_open_orders(SYMBOL, None, None, {"clientOrderId": "b" * 18})
    closed = await exchange.fetch_closed_orders(SYMBOL, None, None, {"clientOrderId": "a" * 18})

    assert ([order["clientOrderId"] for order in opened], opened[0]["stopLossPrice"]) == (["b" * 18], "62926.3")
    assert [order["clientOrderId"] for order in closed] == ["a" * 18]
    assert await exchange.fetch_open_orders(SYMBOL, None, None, {"clientOrderId": "a" * 18}) == []


async def test_userref_names_a_group(wire):
    """Many orders may share it, and one cancel ends them all."""
    await wire.place(BUY)
    for _ in range(2):
        await wire.place(STOP, volume="0.01", userref="7")
    await wire.place(STOP, volume="0.01", userref="8")

    found = await wire.ok("OpenOrders", userref="7")

    assert len(found["open"]) == 2
    assert await wire.ok("CancelOrder", txid="7") == {"count": 2}
    assert [order["userref"] for order in (await wire.ok("OpenOrders"))["open"].values()] == [8]


async def test_cancelled_order_says_who_did_it(wire):
    """Canceled, user requested; a second cancel finds nothing."""
    await wire.place(BUY)
    txid = await wire.place(STOP, cl_ord_id="mine")

    await wire.ok("CancelOrder", cl_ord_id="mine")

    order = (await wire.ok("QueryOrders", txid=txid))[txid]
    assert (order["status"], order["reason"]) == ("canceled", "User requested")
    assert await wire.error("CancelOrder", txid=txid) == "EOrder:Unknown order"


async def test_trades_history_comes_newest_first(exchange, wire):
    """All trades of the account, as ccxt reads them."""
    await wire.place(BUY, volume="0.02")

    trades = await exchange.fetch_my_trades(SYMBOL)
    history = await wire.ok("TradesHistory", ofs="1")

    assert [(trade["price"], trade["amount"]) for trade in trades] == [
        ("64210.50000", "0.01000000"),
        ("64215.50000", "0.01000000"),
    ]
    assert ([trade["price"] for trade in history["trades"].values()], history["count"]) == (["64210.50000"], 2)


async def test_cancel_all_takes_the_stops_too(wire):
    """Everything is everything."""
    await wire.place(BUY, CLOSE_ARGUMENTS)

    assert await wire.ok("CancelAll") == {"count": 5}
    assert (await wire.ok("OpenOrders"))["open"] == {}
