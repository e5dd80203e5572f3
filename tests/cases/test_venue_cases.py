"""Venue and account: clocks, bans, rights, frozen prices, and what humans do beside the bot."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from helix_core.errors import HelixError
from helix_core.sandbox.faults import Fault, FaultKind
from tests.bot.conftest import ORDER, environment, running
from tests.bot.staged import staged
from tests.cases.settled import bought

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.conftest import RunningBot, Venue
    from tests.bot.staged import StagedBot

LOT = Decimal("0.00001")
PAIR = "BTC/USDT"


@pytest.mark.parametrize("step_s", [-3600, 3600], ids=["back", "ahead"])
@staged
async def test_a_clock_that_is_set_by_an_hour_keeps_nobody_in_a_position(
    bot: StagedBot, venue: Venue, step_s: int
) -> None:
    """Time-outs run on the monotonic clock, and what the venue refuses for its stamp is stamped anew."""
    await bought(bot)
    bot.stage.clock.skew_s = step_s
    answer = await bot.post("SELL")

    assert answer.json()["status"] == "accepted"
    assert venue.total("BTC") < LOT
    assert sum(one["side"] == "SELL" for one in venue.parameters("POST", ORDER)) >= 1


@staged
async def test_a_ban_is_waited_out_in_silence(bot: RunningBot, venue: Venue) -> None:
    """HTTP 418 with Retry-After: asking on would make it longer. Entries are denied while nothing is known."""
    ban = Fault(on="GET *", kind=FaultKind.RATE_LIMITED, status=418, retry_after_s=60, times=None)
    venue.sandbox.faults.add(ban)
    await asyncio.sleep(4.2)
    asked = len(venue.sent("GET"))

    answer = await bot.post("BUY")
    await asyncio.sleep(1)

    assert (answer.status_code, answer.json()["reason"]) == (409, "exchange_unreachable")
    assert len(venue.sent("GET")) == asked, "not one question while the ban lasts"
    assert venue.sent("POST") == []
    assert (await bot.client.get("/health")).json()["status"] == "degraded"


@staged
async def test_a_frozen_price_buys_nothing(bot: RunningBot, venue: Venue) -> None:
    """Only the price is missing, everything else answers: it is too old for the gates within seconds."""
    for path in ("GET /api/v3/ticker/*", "GET /api/v3/depth"):
        venue.sandbox.faults.add(Fault(on=path, kind=FaultKind.HTTP_5XX, status=503, body="down", times=None))
    await asyncio.sleep(4)

    answer = await bot.post("BUY")

    assert answer.status_code == 409
    assert venue.sent("POST") == []


@staged
async def test_coins_a_human_bought_are_not_sold(bot: RunningBot, venue: Venue) -> None:
    """The owner buys the same coin by hand while a trade is open: an exit sells what the trade holds, and no more."""
    await bought(bot)
    venue.sandbox.venue.transfer("BTC", Decimal("0.5"))

    answer = await bot.post("SELL")

    assert answer.json()["status"] == "accepted"
    assert Decimal("0.5") <= venue.total("BTC") < Decimal("0.5") + LOT


@staged
async def test_coins_a_human_sold_are_not_bought_back_or_sold_again(bot: RunningBot, venue: Venue) -> None:
    """The owner cancels the stop and takes the coins: entries halt, the owner is told, nothing is invented."""
    await bought(bot)
    for order in venue.resting()[:1]:
        venue.sandbox.venue.cancel(order.order_id)
    venue.sandbox.venue.transfer("BTC", -venue.total("BTC"))

    await bot.until("SELECT DISTINCT kind FROM halts WHERE cleared_at IS NULL", [("reconcile",)])
    sent = len(venue.sent("POST"))
    refused = await bot.post("BUY")

    assert refused.status_code == 409
    assert len(venue.sent("POST")) == sent
    assert any("TRADING HALTED" in text for text in bot.notices())


@staged
async def test_a_market_that_stops_trading_takes_no_entry(bot: RunningBot, venue: Venue) -> None:
    """The pair is delisted while the bot runs: entries are turned down, whoever notices first."""
    venue.sandbox.venue.listing(PAIR).trading = False

    answer = await bot.post("BUY")

    assert answer.status_code == 409
    assert answer.json()["reason"] in {"pair_unavailable", "order_refused"}
    assert venue.total("BTC") == 0


async def test_rights_that_cannot_be_read_never_start_a_live_bot(tmp_path: Path, venue: Venue) -> None:
    """The page that says whether the key may withdraw does not answer: that is no "no"."""
    live = environment(venue, TRADING_MODE="live", LIVE_CONFIRMATION="I-UNDERSTAND-THE-RISK")
    rights = "GET /sapi/v1/account/apiRestrictions"
    venue.sandbox.faults.add(Fault(on=rights, kind=FaultKind.HTTP_5XX, status=503, body="down", times=None))

    with pytest.raises(ExceptionGroup) as refused:
        async with running(tmp_path, live):
            raise AssertionError

    assert refused.group_contains(HelixError)
    assert venue.sent("POST") == []


@staged
async def test_a_revoked_key_buys_nothing_and_goes_on_when_it_is_given_back(bot: RunningBot, venue: Venue) -> None:
    """The key is taken away under an open position: that is no reason to take the stop for gone."""
    await bought(bot)
    rights, sent = venue.sandbox.rights, len(venue.sent("POST", "DELETE"))
    rights.read = rights.trade = False
    await asyncio.sleep(1)

    assert (await bot.post("BUY")).status_code == 409
    assert not bot.stop.is_set()
    assert len(venue.sent("POST", "DELETE")) == sent
    rights.read = rights.trade = True
    await asyncio.sleep(1.5)

    assert len(venue.resting()) == 2
    sold = (await bot.post("SELL")).json()
    assert sold["status"] == "accepted", sold
    assert venue.total("BTC") < LOT
