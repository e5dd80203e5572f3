"""How soon a position without a stop is under one again, or sold, once the venue answers. In simulated time."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.domain.signal import Action
from helix_core.sandbox.orders import NewOrder, OrderType
from helix_core.sim.strikes import Strike, StrikeKind
from tests.bot.conftest import OCO, ORDER, PRICE
from tests.bot.staged import staged
from tests.bot.test_late_stop import accept_half_a_coin

if TYPE_CHECKING:
    from tests.bot.conftest import Venue
    from tests.bot.staged import StagedBot

RETRY_AFTER_S = 4
SEARCHED_AFTER_S, FENCE_S = 1.0, 20.0
"""An order without an answer is looked for after the first; it may still arrive at Binance until the second is over."""


@staged
async def test_a_stop_that_met_a_rate_limit_stands_a_moment_after_the_limit(bot: StagedBot, venue: Venue) -> None:
    """Whether it was placed is not known, and asked twice: the wait for the limit counts as no look."""
    bot.strike(f"POST {OCO}", Strike(kind=StrikeKind.RATE_LIMITED, retry_after_s=RETRY_AFTER_S))
    bot.stage.loop.create_task(bot.stage.alert("BUY", "limited"))
    await bot.until("SELECT state FROM journal WHERE kind = 'stop'", [("sent",)])
    limited_s = bot.stage.loop.time()

    await bot.stage.until(lambda: bool(venue.resting()), 15)

    assert bot.stage.loop.time() - limited_s <= RETRY_AFTER_S + 0.8


@staged(coins={"BTC": "0.5"})
async def test_a_sale_lost_beside_the_owners_coins_is_sent_again_as_its_fence_ends(
    bot: StagedBot, venue: Venue
) -> None:
    """Before the fence the venue would have coins enough for both sales."""
    accept_half_a_coin(bot)
    await bot.post("BUY")
    bot.strike(f"POST {ORDER}", Strike(kind=StrikeKind.SILENT_REQUEST), side="SELL")
    bot.stage.loop.create_task(bot.stage.alert("SELL", "lost"))
    await bot.until("SELECT state FROM journal WHERE kind = 'exit'", [("sent",)])
    sent_s = bot.stage.loop.time()

    await bot.until("SELECT status FROM trades", [("closed",)], 30)

    assert FENCE_S < bot.stage.loop.time() - sent_s <= SEARCHED_AFTER_S + FENCE_S + 1
    assert abs(venue.total("BTC") - Decimal("0.5")) < Decimal("0.0001")


@staged
async def test_where_coins_are_known_to_be_missing_the_sale_asks_for_no_more_than_is_there(
    bot: StagedBot, venue: Venue
) -> None:
    """A refused sale would cost two more trips to the venue while nothing protects the rest."""
    await bot.post("BUY")
    venue.sandbox.venue.cancel(venue.resting()[0].order_id)
    taken = NewOrder(symbol="BTC/USDT", side=Action.SELL, type=OrderType.MARKET, quantity=Decimal("0.01"))
    venue.sandbox.venue.place(taken)
    venue.sandbox.venue.set_price(PRICE * Decimal("0.9"))

    await bot.until("SELECT status FROM trades", [("stopped_out",)])

    (state,) = bot.rows("SELECT state FROM journal WHERE kind = 'exit' ORDER BY number")[:1]
    assert state == ("done",)
    assert venue.total("BTC") < Decimal("0.00001")
