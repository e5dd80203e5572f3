"""A venue that counts questions: nothing is bought before it could be asked all that the stop may need."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.sandbox.faults import CLOSE, TRIGGER, Fault, FaultKind
from helix_core.sim.strikes import Strike, StrikeKind
from tests.bot.staged import staged

if TYPE_CHECKING:
    from helix_core.sim.strikes import Asked
    from tests.bot.conftest import Venue
    from tests.bot.staged import StagedBot

OPEN = "SELECT count(*) FROM trades WHERE status = 'open'"
STOPS = "SELECT state FROM journal WHERE kind = 'stop' ORDER BY number"
PUT_BACK_S = 10.0
KEY_GONE_S = 2.0
AT_ONCE_S = 12.0
LOST_THREE_TIMES_S = 25.0


async def rush(bot: StagedBot) -> None:
    """Four trades as fast as they go use up Kraken's questions."""
    for _ in range(4):
        await bot.post("BUY")
        await bot.until(OPEN, [(1,)], 60)
        await bot.post("SELL")
        await bot.until(OPEN, [(0,)], 60)


@staged(exchange="kraken")
async def test_after_a_rush_of_trades_what_a_stop_has_left_unsold_is_still_covered_in_time(
    bot: StagedBot, venue: Venue
) -> None:
    """The stop of the fifth is set off and sells half."""
    await rush(bot)
    await bot.post("BUY")
    await bot.stage.until(venue.resting, 60)
    (stop,) = venue.resting()
    half = Fault(on=f"{TRIGGER} BTC/USDT", kind=FaultKind.PARTIAL_FILL, fraction=Decimal("0.5"))
    venue.sandbox.faults.add(half)
    price, fallen = venue.sandbox.venue.listing().last, stop.stop_price
    assert fallen is not None

    venue.sandbox.venue.set_price(fallen)
    venue.sandbox.venue.set_price(price)
    assert venue.resting() == []
    began_s = bot.stage.loop.time()
    await bot.stage.until(venue.resting, 60)

    assert bot.stage.loop.time() - began_s < PUT_BACK_S
    assert bot.rows("SELECT kind FROM halts WHERE cleared_at IS NULL") == []


@staged(exchange="kraken")
async def test_a_stop_is_put_back_before_it_is_asked_what_became_of_a_lost_sale(bot: StagedBot, venue: Venue) -> None:
    """The first sale is lost, the key may not make the second, and the questions are used up.

    A search for the first takes five of them, of which one comes back every 3 s. The balance says as much for one.
    """
    await rush(bot)
    await bot.post("BUY")
    await bot.stage.until(venue.resting, 60)
    rights, lost = venue.sandbox.rights, [Strike(kind=StrikeKind.LOST_REQUEST)]

    def give_back() -> None:
        rights.read = rights.trade = True

    def judge(asked: Asked) -> Strike | None:
        if asked.name == "POST /0/private/AddOrder" and asked.parameters["type"] == "sell":
            if lost:
                return lost.pop()
            if rights.trade and asked.parameters["ordertype"] == "market":
                rights.read = rights.trade = False
                bot.stage.loop.call_later(KEY_GONE_S, give_back)
        return None

    bot.stage.network.judge = judge
    await bot.post("SELL")
    await bot.stage.until(lambda: not rights.trade, 60)
    await bot.stage.until(lambda: rights.trade, 60)
    began_s = bot.stage.loop.time()
    await bot.stage.until(venue.resting, 60)

    assert bot.stage.loop.time() - began_s < PUT_BACK_S
    assert bot.rows("SELECT status FROM trades ORDER BY id DESC LIMIT 1") == [("open",)]


@staged(exchange="kraken")
async def test_a_sale_that_is_lost_three_times_is_made_each_time_by_what_the_balance_says(
    bot: StagedBot, venue: Venue
) -> None:
    """All coins are there, and they are too few for two sales: that takes two questions, and a search takes five."""
    await bot.post("BUY")
    assert await bot.stage.until(venue.resting, 60)
    lost = [Strike(kind=StrikeKind.SILENT_REQUEST)] * 3

    def judge(asked: Asked) -> Strike | None:
        is_sale = asked.name == "POST /0/private/AddOrder" and asked.parameters["ordertype"] == "market"
        return lost.pop() if is_sale and lost else None

    bot.stage.network.judge = judge
    began_s = bot.stage.loop.time()
    await bot.post("SELL")
    await bot.until("SELECT status FROM trades", [("closed",)], 120)

    assert bot.stage.loop.time() - began_s < LOST_THREE_TIMES_S
    assert bot.rows("SELECT state FROM journal WHERE kind = 'exit' ORDER BY number") == [("not_placed",)] * 3 + [
        ("done",)
    ]
    assert venue.total("BTC") == 0


@staged(exchange="kraken")
async def test_a_stop_that_took_long_to_prepare_is_sought_from_when_it_was_sent(bot: StagedBot, venue: Venue) -> None:
    """Until then nobody could find it: within the venue's deadline for it, it is sent once more under its own id."""
    refused = Fault(on=f"{CLOSE} {venue.sandbox.symbol}", kind=FaultKind.REFUSED, code="refused", msg="no stop")
    venue.sandbox.faults.add(refused)
    stops: list[str] = []

    def judge(asked: Asked) -> Strike | None:
        if asked.name == "POST /0/private/AddOrder" and asked.parameters["type"] == "sell":
            stops.append(asked.parameters["cl_ord_id"])
            return Strike(kind=StrikeKind.UNKNOWN_EXECUTION) if len(stops) == 1 else None
        preparing = "/private/" in asked.path and bot.rows(STOPS) and not stops
        return Strike(kind=StrikeKind.SLOW_ANSWER, delay_s=4) if preparing and not asked.order else None

    bot.stage.network.judge = judge
    await bot.post("BUY")
    assert await bot.stage.until(venue.resting, 60)
    await bot.stage.sleep(20)

    assert bot.rows(STOPS) == [("live",)]
    assert len(stops) == 2
    assert stops[0] == stops[1]
    assert len(venue.resting()) == 1


@staged(exchange="kraken")
async def test_an_entry_does_not_wait_for_room_while_the_outcome_of_another_one_is_unknown(
    bot: StagedBot, venue: Venue
) -> None:
    """The one worker that would wait is the one that finds out what became of the order before it."""
    await rush(bot)
    bot.strike("POST /0/private/AddOrder", Strike(kind=StrikeKind.SILENT_REQUEST))
    venue.sandbox.faults.add(Fault(on="POST /0/private/OpenOrders", kind=FaultKind.HTTP_5XX, times=None))
    await bot.post("BUY", "unknown")
    await bot.until(
        "SELECT rejection_reason FROM signals WHERE signal_id = 'unknown'", [("order_outcome_unknown",)], 120
    )
    began_s = bot.stage.loop.time()

    await bot.post("BUY", "after-it")
    await bot.until("SELECT action FROM signals WHERE signal_id = 'after-it'", [("rejected",)], 120)

    assert bot.stage.loop.time() - began_s < AT_ONCE_S
