"""A trade on paper ends to the last digit as it would have ended at the venue."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from helix_core import (
    Action,
    AnyOrder,
    Capabilities,
    ConfigError,
    Holding,
    OrderKind,
    OrderRef,
    OrderRefused,
    OrderStatus,
    ProtectiveOrder,
)
from helix_core.sandbox import prove
from helix_plugins.paper import helix_exchanges
from tests.drivers.local_binance import driver_of
from tests.paper.conftest import BOUGHT, HELD, PUBLIC, STOP, SYMBOL, buy, holdings, protected, ref, sell, stop_order

if TYPE_CHECKING:
    from collections.abc import Callable

    from helix_core import ExchangeClient
    from helix_plugins.paper import PaperExchange
    from tests.paper.conftest import Box

D = Decimal


async def whole_trade(client: ExchangeClient, box: Box) -> list[object]:
    """Buy, protect, look, cancel, sell: everything that can be told of it."""
    bought = await client.place_market_order(buy("0.05"))
    stop = stop_order(quantity="0.04995")
    rested = await client.place_oco_order(stop)
    open_now = await client.open_orders(SYMBOL)
    (resting,) = [(order.side, order.remaining, order.stop_price) for order in open_now if order.stop_price]
    held = await holdings(client)
    box.price("64500.00")
    cancelled = await client.cancel_order(ref(stop))
    sold = await client.place_market_order(sell("0.04995"))
    reports = [(one.status, one.filled, one.protecting) for one in (bought, rested, cancelled, sold)]
    fills = await client.get_fills(SYMBOL, (*bought.venue_order_ids, *sold.venue_order_ids))
    told = [(one.side, one.price, one.quantity, one.fee, one.fee_currency) for one in fills]
    return [*reports, resting, held, *told, await holdings(client)]


async def test_a_paper_trade_is_the_venues_trade(box: Box, paper: PaperExchange) -> None:
    """Same fills from a thin book, same fees, same locked funds, same money at the end."""
    box.shape(level="0.02", levels=20)
    on_paper = await whole_trade(paper, box)
    asked = {request.path for request in box.venue.requests}
    box.price("64210.50")
    box.shape(level="0.02", levels=20)

    real = driver_of(box.venue, box.url)
    await real.connect()
    at_the_venue = await whole_trade(real, box)
    await real.disconnect()

    assert on_paper == at_the_venue
    assert asked <= PUBLIC
    prove(box.venue.venue)


async def test_the_book_is_walked_level_by_level(box: Box, paper: PaperExchange) -> None:
    box.shape(level="0.02", levels=20)

    report = await paper.place_market_order(buy("0.05"))

    assert report.fills is not None
    assert [fill.quantity for fill in report.fills] == [D("0.02"), D("0.02"), D("0.01")]
    first, second, third = (fill.price for fill in report.fills)
    assert first == D("64210.50")
    assert first < second < third
    assert {fill.fee_currency for fill in report.fills} == {"BTC"}
    assert [fill.fee for fill in report.fills] == [D("0.00002"), D("0.00002"), D("0.00001")]
    assert len({fill.fill_id for fill in report.fills}) == 3


async def test_where_the_book_ends_the_order_ends(box: Box, paper: PaperExchange) -> None:
    """What was there is bought and paid for, the rest is not."""
    box.shape(level="0.01", levels=3)

    report = await paper.place_market_order(buy("0.05"))

    assert (report.status, report.filled) == (OrderStatus.EXPIRED, D("0.03"))
    assert await paper.get_open_positions() == (Holding(symbol=SYMBOL, quantity=D("0.02997")),)
    assert await paper.find_order(ref(buy())) == report


async def test_it_says_what_it_is(paper: PaperExchange) -> None:
    rights = await paper.key_permissions()

    assert (paper.name, paper.label) == ("binance", "Binance (paper)")
    assert paper.capabilities == Capabilities(testnet=False, entry_carries_stop=False, order_fence_s=1.0)
    assert (rights.applicable, rights.can_withdraw) == (False, False)
    assert abs(await paper.clock_offset_s()) < 1


async def test_coins_in_a_stop_are_held_and_cannot_be_sold(paper: PaperExchange) -> None:
    report = await protected(paper)

    (resting,) = await paper.open_orders(SYMBOL)
    assert (report.status, report.protecting, report.stop_price) == (OrderStatus.OPEN, HELD, STOP)
    assert (resting.venue_order_id, resting.side, resting.remaining) == (report.venue_order_ids[0], Action.SELL, HELD)
    assert (await paper.get_balance()).of("BTC").locked == HELD
    assert await paper.get_open_positions() == (Holding(symbol=SYMBOL, quantity=D("0.0083916")),)
    with pytest.raises(OrderRefused, match=r"0.00839 BTC needed, 0.0000016 free"):
        await paper.place_market_order(sell())

    await paper.cancel_order(ref(stop_order()))
    assert (await paper.place_market_order(sell())).status is OrderStatus.FILLED


REFUSED: dict[str, tuple[Callable[[], AnyOrder], str, str]] = {
    "off the lot step": (lambda: buy("0.008405"), "lot_size", "multiple of 0.00001"),
    "no lot at all": (lambda: buy("0.000001"), "lot_size", "0.000001"),
    "above the largest": (lambda: buy("5000"), "lot_size", "largest market order"),
    "worth too little": (lambda: buy("0.00005"), "min_notional", "at least 5"),
    "more than the cash": (lambda: buy("0.2"), "insufficient_funds", "9460.6318 free"),
    "more than the coins": (lambda: sell("0.5"), "insufficient_funds", "0.0083916 free"),
    "an id used before": (lambda: buy(client_order_id="held"), "duplicate_order", "exists already"),
    "a stop for more": (lambda: stop_order(quantity="0.009"), "insufficient_funds", "BTC needed"),
    "a stop worth too little": (lambda: stop_order(quantity="0.00005"), "min_notional", "at least 5"),
    "a stop that is crossed": (lambda: stop_order(stop_price=D("64300")), "would_trigger", "64210.49"),
    "a far leg that is met": (
        lambda: stop_order(take_profit_price=D("64000"), stop_price=D("63000")),
        "would_match",
        "64210.49",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_a_venue_refuses_is_refused(paper: PaperExchange, case: str) -> None:
    """With a code and the figures; nothing has changed and the order is not known afterwards."""
    await paper.place_market_order(buy(str(BOUGHT), "held"))
    before = await holdings(paper)
    make, code, said = REFUSED[case]

    with pytest.raises(OrderRefused) as caught:
        await place(paper, make())

    assert (caught.value.code, caught.value.transient) == (code, False)
    assert said in str(caught.value)
    assert await holdings(paper) == before
    assert len(await paper.open_orders(SYMBOL)) == 0
    known = await paper.find_order(ref(make()))
    assert (known is not None) == (code == "duplicate_order")


async def place(paper: PaperExchange, order: AnyOrder) -> None:
    if isinstance(order, ProtectiveOrder):
        await paper.place_oco_order(order)
    else:
        await paper.place_market_order(order)


async def test_a_market_that_is_halted_takes_no_order(box: Box, paper: PaperExchange) -> None:
    box.venue.venue.listing().trading = False
    assert not (await paper.instrument(SYMBOL)).trading

    with pytest.raises(OrderRefused, match="not trading"):
        await paper.place_market_order(buy())


async def test_another_pair_is_not_traded(paper: PaperExchange) -> None:
    elsewhere = OrderRef(client_order_id="unknown", kind=OrderKind.ENTRY, symbol="ETH/USDT")

    assert await paper.find_order(elsewhere) is None
    assert await paper.open_orders("ETH/USDT") == ()
    with pytest.raises(OrderRefused, match="trades BTC/USDT, not ETH/USDT"):
        await paper.place_oco_order(stop_order(symbol="ETH/USDT"))


@pytest.mark.parametrize("missing", ["venue", "memory"])
def test_it_is_no_driver_of_its_own(box: Box, missing: str) -> None:
    with pytest.raises(ConfigError, match="Paper mode"):
        helix_exchanges(box.config(**{missing: None}))


@pytest.mark.parametrize(("balance", "said"), [("0", "PAPER_BALANCE is 0"), ("-1", "above zero"), (1.5, "in quotes")])
def test_an_opening_balance_is_an_exact_amount(box: Box, balance: object, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        helix_exchanges(box.config(values={"balance": balance}))
