"""Stops on paper: set off by the price, sold into the book that is there, never forgotten."""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from helix_core import ExchangeUnavailable, OrderOutcomeUnknown, OrderStatus, StopWouldTrigger
from tests.drivers.local_binance import driver_of
from tests.paper.conftest import BOUGHT, HELD, STOP, SYMBOL, Box, buy, holdings, protected, ref, stop_order

if TYPE_CHECKING:
    from helix_core import ExchangeClient
    from helix_plugins.paper import PaperExchange

D = Decimal
DEPTH, TICKER = "/api/v3/depth", "/api/v3/ticker/24hr"


async def stopped_out(client: ExchangeClient, box: Box, price: str) -> list[object]:
    await client.place_market_order(buy())
    report = await client.place_oco_order(stop_order())
    box.price(price)
    found = await client.find_order(ref(stop_order()))
    assert found is not None
    assert found.status is OrderStatus.FILLED
    fills = await client.get_fills(SYMBOL, report.venue_order_ids)
    told = [(one.side, one.price, one.quantity, one.fee, one.fee_currency) for one in fills]
    return [found.filled, found.protecting, *told, await holdings(client)]


@pytest.mark.parametrize("price", ["62926.30", "62900.00", "55000.00"], ids=["touched", "crossed", "gap"])
async def test_a_stop_sells_as_the_venues_would(box: Box, paper: PaperExchange, price: str) -> None:
    """At the bids that are there when it is set off: after a gap far below the stop, not at it."""
    on_paper = await stopped_out(paper, box, price)
    box.price("64210.50")

    real = driver_of(box.venue, box.url)
    await real.connect()
    at_the_venue = await stopped_out(real, box, price)
    await real.disconnect()

    assert on_paper == at_the_venue


async def test_above_the_stop_nothing_happens(box: Box, paper: PaperExchange) -> None:
    await protected(paper)
    box.price("62926.40")

    await paper.get_ticker(SYMBOL)

    assert len(await paper.open_orders(SYMBOL)) == 1


async def test_the_price_the_core_polls_is_enough(box: Box, paper: PaperExchange) -> None:
    """After the ticker the stop is gone from the open orders, as the watch will see."""
    await protected(paper)
    box.price("62000.00")

    await paper.get_ticker(SYMBOL)

    assert await paper.open_orders(SYMBOL) == ()


async def test_the_far_leg_sells_at_its_own_price(box: Box, paper: PaperExchange) -> None:
    await protected(paper)
    box.price("130000.00")

    report = await paper.find_order(ref(stop_order()))

    assert report is not None
    assert report.fills is not None
    assert [(fill.price, fill.quantity) for fill in report.fills] == [(D("128421.00"), HELD)]
    assert (report.status, report.protecting) == (OrderStatus.FILLED, 0)


async def test_a_plain_stop_has_no_far_leg(box: Box, paper: PaperExchange) -> None:
    await protected(paper, take_profit_price=None)
    box.price("130000.00")

    report = await paper.find_order(ref(stop_order()))

    assert report is not None
    assert (report.status, report.protecting) == (OrderStatus.OPEN, HELD)


async def test_a_stop_is_put_on_the_venues_steps(paper: PaperExchange) -> None:
    """Never more than asked, never further away than asked."""
    await paper.place_market_order(buy())

    report = await paper.place_oco_order(stop_order(quantity="0.0083916", stop_price=D("62926.291")))

    assert (report.protecting, report.stop_price) == (HELD, STOP)


async def test_a_stop_that_is_crossed_cannot_rest(box: Box, paper: PaperExchange) -> None:
    await paper.place_market_order(buy())
    box.price("62000.00")

    with pytest.raises(StopWouldTrigger):
        await paper.place_oco_order(stop_order())


async def test_where_the_bids_end_the_stop_is_over(box: Box, paper: PaperExchange) -> None:
    """The report says what was sold; what was not is free, and the core covers it again."""
    await protected(paper)
    box.shape(level="0.002", levels=2)
    box.price("62000.00")

    report = await paper.find_order(ref(stop_order()))

    assert report is not None
    assert (report.status, report.filled, report.protecting) == (OrderStatus.EXPIRED, D("0.004"), 0)
    assert (await holdings(paper))["BTC"] == (D("0.0043916"), D(0))


async def test_a_stop_set_off_while_the_book_cannot_be_read_is_still_sold(
    box: Box, paper: PaperExchange, caplog: pytest.LogCaptureFixture
) -> None:
    """Prices go on, the stop counts as living, and it is sold at the first book although the price is back up."""
    await protected(paper)
    box.break_(DEPTH)
    box.price("62000.00")
    with caplog.at_level(logging.WARNING):
        await paper.get_ticker(SYMBOL)
        await paper.get_ticker(SYMBOL)
    waiting = await paper.find_order(ref(stop_order()))
    assert waiting is not None
    assert (waiting.status, waiting.raw_status, waiting.protecting) == (OrderStatus.OPEN, "TRIGGERED", HELD)
    with pytest.raises(OrderOutcomeUnknown, match="set off"):
        await paper.cancel_order(ref(stop_order()))
    assert sum("a paper stop waits" in message for message in caplog.messages) == 1, "told once, not every second"

    box.venue.faults.clear()
    box.price("64000.00")
    await paper.get_ticker(SYMBOL)

    report = await paper.find_order(ref(stop_order()))
    assert report is not None
    assert report.fills is not None
    assert [fill.price for fill in report.fills] == [D("63999.99")]


async def test_a_stop_set_off_before_a_restart_is_sold_after_it(box: Box, paper: PaperExchange) -> None:
    await protected(paper)
    box.break_(DEPTH)
    box.price("62000.00")
    await paper.get_ticker(SYMBOL)
    box.venue.faults.clear()
    box.price("64000.00")

    again = await box.start()

    report = await again.find_order(ref(stop_order()))
    assert report is not None
    assert report.status is OrderStatus.FILLED


async def test_a_stop_crossed_while_the_bot_was_down_sells_at_the_first_price_seen(
    box: Box, paper: PaperExchange
) -> None:
    """Not at the stop: nobody was there to sell."""
    await protected(paper)
    box.price("60000.00")

    again = await box.start()
    await again.get_ticker(SYMBOL)

    report = await again.find_order(ref(stop_order()))
    assert report is not None
    assert report.fills is not None
    assert [fill.price for fill in report.fills] == [D("59999.99")]


async def test_a_cancel_that_comes_too_late_says_what_was_sold(box: Box, paper: PaperExchange) -> None:
    await protected(paper)
    box.price("62000.00")

    report = await paper.cancel_order(ref(stop_order()))

    assert (report.status, report.filled) == (OrderStatus.FILLED, HELD)


async def test_a_cancel_frees_the_coins_and_can_be_repeated(paper: PaperExchange) -> None:
    await protected(paper)

    first = await paper.cancel_order(ref(stop_order()))
    second = await paper.cancel_order(ref(stop_order()))

    assert first == second
    assert (first.status, first.filled, first.protecting) == (OrderStatus.CANCELED, 0, 0)
    assert (await paper.get_balance()).of("BTC").locked == 0
    assert await paper.open_orders(SYMBOL) == ()


async def test_nobody_knows_a_stop_that_was_never_placed(paper: PaperExchange) -> None:
    assert await paper.find_order(ref(stop_order())) is None
    with pytest.raises(OrderOutcomeUnknown, match="knows no order stop"):
        await paper.cancel_order(ref(stop_order()))


async def test_without_a_price_nothing_is_said_of_a_resting_stop(box: Box, paper: PaperExchange) -> None:
    """It may have been crossed: no answer is better than an old one. Nothing is cancelled blindly."""
    await protected(paper)
    box.break_(TICKER)

    with pytest.raises(ExchangeUnavailable):
        await paper.find_order(ref(stop_order()))
    with pytest.raises(OrderOutcomeUnknown, match="Not cancelled"):
        await paper.cancel_order(ref(stop_order()))

    box.venue.faults.clear()
    assert len(await paper.open_orders(SYMBOL)) == 1
    assert (await paper.find_order(ref(buy()))) is not None
    assert BOUGHT > HELD
