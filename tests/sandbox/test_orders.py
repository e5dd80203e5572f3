"""A real ccxt client buys and sells at the sandbox over a real socket."""

from __future__ import annotations

from decimal import Decimal

import ccxt  # type: ignore[import-untyped]
import pytest

from helix_core.sandbox import Book, FeeCoin, Fees, prove

from .conftest import SYMBOL, buy

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_buy_pays_its_fee_in_the_coin_it_bought(exchange, box):
    """What can be sold afterwards is less than what was filled."""
    order = await buy(exchange, clientOrderId="a1")

    assert (order["status"], order["filled"], order["average"]) == ("closed", 0.078, 64210.5)
    assert order["fee"] == {"currency": "BTC", "cost": 0.000078}
    assert box.venue.account.free("BTC") == Decimal("0.077922")
    assert box.venue.account.free("USDT") == Decimal(20_000) - Decimal("5008.419")
    prove(box.venue)


async def test_sell_pays_its_fee_in_quote(exchange, box):
    """The coins are gone to the last lot and the proceeds are net of 0.1 %."""
    await buy(exchange)

    order = await exchange.create_order(SYMBOL, "market", "sell", "0.07792")

    assert order["fee"]["currency"] == "USDT"
    assert box.venue.account.free("BTC") == Decimal("0.000002")
    prove(box.venue)


async def test_large_order_walks_the_book(exchange, box):
    """An order bigger than a level fills at several prices, each with its own fee."""
    box.venue.listing().book = Book(tick=Decimal("0.01"), step_ticks=100, level_quantity=Decimal("0.03"))

    order = await buy(exchange)

    assert [(fill["price"], fill["amount"]) for fill in order["trades"]] == [
        (64210.5, 0.03),
        (64211.5, 0.03),
        (64212.5, 0.018),
    ]
    assert sum(Decimal(fee["cost"]).quantize(Decimal("1E-8")) for fee in order["fees"]) == Decimal("0.000078")
    prove(box.venue)


async def test_order_larger_than_the_book_expires_partly_filled(exchange, box):
    """The book ends: EXPIRED with a fill, which is no error."""
    box.venue.listing().book = Book(tick=Decimal("0.01"), level_quantity=Decimal("0.02"), levels=2)

    order = await buy(exchange)

    assert (order["status"], order["filled"], order["remaining"]) == ("expired", 0.04, 0.038)
    assert order["info"]["expiryReason"] == "INSUFFICIENT_LIQUIDITY"


async def test_fee_coin_runs_out_between_the_fills_of_one_order(exchange, box):
    """Fees are paid in BNB at a discount while there is enough of it, then in the coin bought."""
    box.venue.fees = Fees(coin=FeeCoin(currency="BNB", price=Decimal(600)))
    box.venue.transfer("BNB", Decimal("0.0025"))
    box.venue.listing().book = Book(tick=Decimal("0.01"), level_quantity=Decimal("0.03"))

    order = await buy(exchange)

    assert [fee["currency"] for fee in order["fees"]] == ["BNB", "BTC"]
    fees = [(fill.fee, fill.fee_currency) for fill in box.venue.ledger.executions]
    assert fees == [
        (Decimal("0.00240789"), "BNB"),
        (Decimal("0.00003"), "BTC"),
        (Decimal("0.000018"), "BTC"),
    ]
    prove(box.venue)


async def test_quote_quantity_buys_what_it_is_worth(exchange, box):
    """An order by cost buys the largest number of lots that the cost pays for."""
    order = await exchange.create_order(SYMBOL, "market", "buy", None, None, {"cost": 1000})

    assert order["filled"] == 0.01557
    assert Decimal(order["info"]["cummulativeQuoteQty"]) <= 1000


async def test_limit_order_takes_what_is_there_and_rests(exchange, box):
    """A marketable limit order fills up to its price; the rest waits with its funds locked."""
    box.venue.listing().book = Book(tick=Decimal("0.01"), level_quantity=Decimal("0.02"), levels=2)

    order = await exchange.create_order(SYMBOL, "limit", "buy", "0.05", "64210.50")

    assert (order["info"]["status"], order["filled"]) == ("PARTIALLY_FILLED", 0.02)
    assert box.venue.account.locked("USDT") == Decimal("64210.50") * Decimal("0.03")
    canceled = await exchange.cancel_order(order["id"], SYMBOL)
    assert canceled["status"] == "canceled"
    prove(box.venue)


@pytest.mark.parametrize(
    ("time_in_force", "filled", "reason"),
    [("IOC", 0.02, "UNFILLED_IOC_QUANTITY_EXPIRED"), ("FOK", 0.0, "UNFILLED_FOK_ORDER_EXPIRED")],
)
async def test_impatient_limit_orders_expire(exchange, box, time_in_force, filled, reason):
    """IOC keeps what it got, FOK takes all or nothing."""
    box.venue.listing().book = Book(tick=Decimal("0.01"), level_quantity=Decimal("0.02"), levels=1)

    order = await exchange.create_order(SYMBOL, "limit", "buy", "0.05", "65000", {"timeInForce": time_in_force})

    assert (order["status"], order["filled"], order["info"]["expiryReason"]) == ("expired", filled, reason)
    prove(box.venue)


async def test_id_of_an_open_order_is_refused_and_that_of_a_filled_one_is_free(exchange, box):
    """A filled order frees its id: sending a market order again buys again."""
    await exchange.create_order(SYMBOL, "limit", "buy", "0.01", "60000", {"clientOrderId": "same"})

    with pytest.raises(ccxt.InvalidOrder, match=r"Duplicate order sent\."):
        await buy(exchange, "0.01", clientOrderId="same")
    box.venue.set_price(Decimal(60_000))
    await buy(exchange, "0.01", clientOrderId="same")
    await buy(exchange, "0.01", clientOrderId="same")

    assert [order.client_id for order in box.venue.ledger.orders] == ["same"] * 3
    newest = await exchange.fetch_order(None, SYMBOL, {"clientOrderId": "same"})
    assert newest["id"] == "3"


async def test_test_order_is_checked_and_not_placed(exchange, box):
    """A rehearsal places nothing."""
    await exchange.create_order(SYMBOL, "market", "buy", "0.01", None, {"test": True})

    assert box.venue.ledger.orders == ()
