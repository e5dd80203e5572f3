"""Where a venue attaches stops to the entry, several cover one position: none of them is forgotten for a later one."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.domain.signal import Action
from helix_core.sandbox.faults import CLOSE, Fault, FaultKind
from helix_core.sim.strikes import Strike, StrikeKind
from tests.bot.staged import staged

if TYPE_CHECKING:
    from tests.bot.conftest import Venue
    from tests.bot.staged import StagedBot

ADD = "POST /0/private/AddOrder"
STOPS = "SELECT state FROM journal WHERE kind = 'stop' ORDER BY number"


@staged(exchange="kraken")
async def test_what_an_earlier_stop_sold_is_booked_when_the_one_after_it_never_arrived(
    bot: StagedBot, venue: Venue
) -> None:
    """The entry fills in two parts, and the venue refuses the second's stop: Helix puts one of its own.

    Then a human cancels the first part's, the next request is lost with the process, and Helix's own sells meanwhile.
    """
    listing = venue.sandbox.venue.listing()
    price = listing.last
    listing.book = replace(listing.book, level_quantity=Decimal("0.05"), levels=50)
    refused = Fault(on=f"{CLOSE} {venue.sandbox.symbol}", kind=FaultKind.REFUSED, code="refused", msg="no stop")
    venue.sandbox.faults.add(refused)
    await bot.post("BUY")
    assert await bot.stage.until(lambda: bot.rows(STOPS) == [("live",)], 60)
    (own,) = (order for order in venue.resting() if order.client_id.startswith("e11c"))
    bot.strike(ADD, Strike(kind=StrikeKind.SILENT_REQUEST), type="sell")
    for order in venue.resting():
        if order is not own:
            venue.sandbox.venue.cancel(order.order_id)
    assert await bot.stage.until(lambda: bot.rows(STOPS) == [("live",), ("sent",)], 60)
    await bot.dies()
    assert own.stop_price is not None
    venue.sandbox.venue.set_price(own.stop_price)
    venue.sandbox.venue.set_price(price)

    bot.stage.start()
    assert await bot.stage.until(lambda: bot.rows(STOPS)[:2] == [("done",), ("not_placed",)], 120)
    assert await bot.stage.until(venue.resting, 30)

    sold = sum(fill.quantity for fill in venue.sandbox.venue.ledger.executions if fill.side is Action.SELL)
    (booked,) = bot.rows("SELECT sum(CAST(quantity AS REAL)) FROM fills WHERE side = 'SELL'")
    assert round(Decimal(booked[0]), 8) == sold
