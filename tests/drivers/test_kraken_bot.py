"""The whole bot on Helix's own local Kraken: alert in, trade out, exact to the last digit."""

from __future__ import annotations

import traceback
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from helix_core import ConfigError
from helix_core.sandbox import Sandbox, serving
from helix_kraken.sandbox import sandbox
from tests.bot.conftest import SECRET, Venue, environment, running
from tests.bot.staged import StagedBot, staged
from tests.drivers.kraken_venue import ADD, CANCEL
from tests.drivers.specimens import SYMBOL

if TYPE_CHECKING:
    from pathlib import Path

D = Decimal
A_MINUTE_S = 60.0
"""The start uses up most of the questions that Kraken allows for: after a minute there are some again."""
ENDED = "SELECT status, close_reason FROM trades"


def settings(made: Sandbox, url: str) -> dict[str, str]:
    changes = {
        "ACTIVE_EXCHANGE": "kraken",
        "TRADING_MODE": "live",
        "KRAKEN_API_KEY": made.api_key,
        "KRAKEN_API_SECRET": made.api_secret,
        "KRAKEN_BASE_URL": url,
        "WEBHOOK_SECRET": SECRET,
    }
    common = environment(Venue(made, url), **changes)
    return {name: value for name, value in common.items() if not name.startswith("BINANCE_")}


def in_small_pieces(made: Sandbox) -> Sandbox:
    """A local Kraken in whose book an entry takes five levels."""
    listing = made.venue.listing(SYMBOL)
    listing.book = replace(listing.book, level_quantity=D("0.016"))
    return made


@staged(exchange="kraken")
async def test_buy_in_five_pieces_and_sell(bot: StagedBot, venue: Venue) -> None:
    made = in_small_pieces(venue.sandbox)
    await bot.stage.sleep(A_MINUTE_S)
    answer = await bot.post("BUY")
    resting = made.venue.ledger.open_orders(SYMBOL)
    held = made.venue.balances()["BTC"].total
    await bot.post("SELL")
    await bot.until(ENDED, [("closed", "signal")])

    assert answer.json()["status"] == "accepted"
    assert len(resting) == 5
    assert sum(order.quantity for order in resting) == held
    assert made.venue.ledger.open_orders(SYMBOL) == ()
    assert made.venue.balances()["BTC"].total == 0
    assert (made.count("POST", ADD), made.count("POST", CANCEL)) == (2, 5)
    _money_agrees(bot, made)


@staged(exchange="kraken")
async def test_a_stop_out_of_five_stops_is_booked(bot: StagedBot, venue: Venue) -> None:
    made = in_small_pieces(venue.sandbox)
    await bot.stage.sleep(A_MINUTE_S)
    await bot.post("BUY")
    made.venue.set_price(D("62000.0"))

    await bot.until(ENDED, [("stopped_out", "stop_loss")])

    assert made.venue.balances()["BTC"].total == 0
    _money_agrees(bot, made)


async def test_a_key_that_may_withdraw_never_starts_a_bot(tmp_path: Path) -> None:
    made = sandbox()
    made.rights.withdraw = True

    with pytest.raises(ExceptionGroup) as refused:
        async with serving(made.app) as url, running(tmp_path, settings(made, url)):
            pass

    assert refused.value.subgroup(ConfigError) is not None
    assert "may withdraw" in "".join(traceback.format_exception(refused.value))
    assert made.count("POST", ADD) == 0


def _money_agrees(bot: StagedBot, made: Sandbox) -> None:
    """What the bot says it won or lost is what the account has more or less."""
    ((pnl,),) = bot.rows("SELECT pnl FROM results")
    assert D(str(pnl)) == made.venue.balances()["USDT"].total - 10_000
