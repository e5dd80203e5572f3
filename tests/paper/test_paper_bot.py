"""A bot on paper: no key, no private request, and a restart that nobody notices."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from helix_binance.sandbox import sandbox
from helix_core import ConfigError
from helix_core.sandbox import Fault, FaultKind, serving
from tests.bot.conftest import PRICE, RunningBot, Venue, environment, running
from tests.bot.test_restart import Process
from tests.paper.conftest import PUBLIC

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.bot.conftest import Command

TRADE = "SELECT status, close_reason, entry_price, exit_price, quantity, stop_loss_price, pnl, pnl_pct FROM trades"


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    made = sandbox(price=PRICE)
    async with serving(made.app) as url:
        yield Venue(made, url)


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """Two folders for two bots."""
    made = {name: tmp_path / name for name in ("straight", "restarted")}
    for folder in made.values():
        folder.mkdir()
    return made


def on_paper(venue: Venue, **changes: str) -> dict[str, str]:
    """Settings without any key."""
    given = environment(venue, TRADING_MODE="paper", **changes)
    return {name: value for name, value in given.items() if not name.startswith("BINANCE_API")}


def account(folder: Path) -> dict[str, Any]:
    """The paper account as it is in the database."""
    with closing(sqlite3.connect(f"file:{folder}/data/helix.db?mode=ro", uri=True)) as connection:
        ((text,),) = connection.execute("SELECT value FROM plugin_memory WHERE plugin = 'paper'").fetchall()
    kept: dict[str, Any] = json.loads(text)
    return kept


async def accepted(bot: RunningBot, action: str) -> None:
    answer = await bot.post(action, f"the {action}")
    assert (answer.status_code, answer.json()["status"]) == (200, "accepted"), answer.text


async def fall(bot: RunningBot, venue: Venue) -> None:
    venue.sandbox.venue.set_price(Decimal("62000.00"))
    await bot.until("SELECT status FROM trades", [("stopped_out",)])


async def ended(folder: Path, venue: Venue, *, by: str, restart: bool) -> list[object]:
    """BUY, perhaps a restart, then SELL or the stop: what the database says of it."""
    venue.sandbox.venue.set_price(PRICE)
    async with running(folder, on_paper(venue)) as bot:
        await accepted(bot, "BUY")
        if not restart:
            await (accepted(bot, "SELL") if by == "SELL" else fall(bot, venue))
    if restart:
        async with running(folder, on_paper(venue)) as bot:
            assert bot.rows("SELECT status FROM trades") == [("open",)]
            await (accepted(bot, "SELL") if by == "SELL" else fall(bot, venue))
    told = [text for text in bot.notices() if "STARTED" not in text]
    return [bot.rows(TRADE), account(folder)["holdings"], told]


@pytest.mark.deep
@pytest.mark.parametrize(("by", "status"), [("SELL", "closed"), ("price", "stopped_out")])
async def test_a_trade_ends_alike_with_and_without_a_restart(
    folders: dict[str, Path], venue: Venue, by: str, status: str
) -> None:
    straight = await ended(folders["straight"], venue, by=by, restart=False)
    restarted = await ended(folders["restarted"], venue, by=by, restart=True)

    assert restarted == straight
    assert isinstance(straight[0], list)
    assert straight[0][0][0] == status
    assert {request.path for request in venue.sandbox.requests} <= PUBLIC
    assert all("signature" not in request.parameters for request in venue.sandbox.requests)
    assert venue.sandbox.venue.ledger.orders == ()


async def test_a_paper_trade_is_what_the_venue_would_have_made_of_it(folders: dict[str, Path], venue: Venue) -> None:
    """The same alerts, once with a key at the venue and once on paper: the same rows and the same messages."""
    rows = []
    for folder, environ in ((folders["straight"], environment(venue)), (folders["restarted"], on_paper(venue))):
        venue.sandbox.venue.set_price(PRICE)
        async with running(folder, environ) as bot:
            await accepted(bot, "BUY")
            await fall(bot, venue)
            told = [text for text in bot.notices() if "STARTED" not in text]
            rows.append([bot.rows(TRADE), told])

    assert rows[0] == rows[1]


async def test_a_stop_crossed_while_the_bot_was_down_is_sold_when_it_is_back(tmp_path: Path, venue: Venue) -> None:
    """At the first price seen then, which is worse than the stop; nothing more is bought or sold."""
    async with running(tmp_path, on_paper(venue)) as bot:
        await accepted(bot, "BUY")
    venue.sandbox.venue.set_price(Decimal("60000.00"))

    async with running(tmp_path, on_paper(venue)) as bot:
        await bot.until("SELECT status, exit_price FROM trades", [("stopped_out", 59999.99)])

    assert bot.rows("SELECT kind FROM journal ORDER BY sent_at") == [("entry",), ("stop",)]


@pytest.mark.deep
async def test_killed_while_an_order_is_being_filled(tmp_path: Path, venue: Venue) -> None:
    """The order was never written down: it is proven absent, and the money is all there."""
    venue.sandbox.faults.add(Fault(on="GET /api/v3/depth", kind=FaultKind.DELAY, delay_s=2))
    bot = Process(tmp_path, on_paper(venue))
    await bot.start()
    try:
        posted = asyncio.ensure_future(bot.post("BUY", "killed"))
        async with asyncio.timeout(30):
            while not venue.sandbox.count("GET", "/api/v3/depth"):
                await asyncio.sleep(0.01)
        await bot.kill()
        await asyncio.gather(posted, return_exceptions=True)

        await bot.start()
        async with asyncio.timeout(20):
            while bot.rows("SELECT action FROM signals") != [("rejected",)]:
                await asyncio.sleep(0.05)
    finally:
        await bot.kill()

    assert account(tmp_path)["holdings"] == {"USDT": "10000"}
    assert bot.rows("SELECT state FROM journal") == [("not_placed",)]


async def test_the_owner_is_told_that_it_is_paper(tmp_path: Path, venue: Venue) -> None:
    async with running(tmp_path, on_paper(venue, PAPER_BALANCE="2500.50")) as bot:
        health = (await bot.client.get("/health")).json()

    assert bot.notices() == ["🤖 BOT STARTED · Mode: PAPER · Exchange: Binance (paper) · Balance: $2,500.50"]
    assert (health["trading_mode"], health["active_exchange"]) == ("paper", "binance")


async def test_a_key_that_is_there_all_the_same_is_not_used(tmp_path: Path, venue: Venue) -> None:
    async with running(tmp_path, environment(venue, TRADING_MODE="paper")) as bot:
        await accepted(bot, "BUY")

    assert {request.path for request in venue.sandbox.requests} <= PUBLIC


async def test_what_was_traded_on_paper_is_never_taken_for_coins(tmp_path: Path, venue: Venue) -> None:
    """The database of one mode is refused by another: an open paper trade would be sold out of the owner's wallet."""
    async with running(tmp_path, on_paper(venue)) as bot:
        await accepted(bot, "BUY")

    with pytest.raises(ExceptionGroup) as caught:
        async with running(tmp_path, environment(venue)):
            pass

    assert caught.group_contains(ConfigError, match=r"binance paper.*binance testnet.*DATABASE_URL")
    assert {request.path for request in venue.sandbox.requests} <= PUBLIC


async def test_check_needs_no_key_either(command: Command, venue: Venue) -> None:
    code, said = await asyncio.to_thread(command, "check", environ=on_paper(venue))

    assert code == 0, said
    assert "paper mode uses none" in said
    assert {request.path for request in venue.sandbox.requests} <= PUBLIC
