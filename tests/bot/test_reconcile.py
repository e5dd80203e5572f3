"""What the venue holds and what the database says: a difference halts and is told, and only humans decide."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from helix_binance.sandbox import sandbox
from helix_core.cli import app as helix
from helix_core.cli.reconcile import opened_account
from helix_core.domain.signal import Action
from helix_core.engine.reconcile import PERIOD_S, RECHECK_S, Reconciler
from helix_core.engine.settlement import Settlement
from helix_core.errors import Mismatch
from helix_core.sandbox.orders import NewOrder, OrderType
from helix_core.sandbox.server import serving
from tests.bot.conftest import PRICE, Venue, environment, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from typer.testing import Result

LOT = Decimal("0.00001")


@asynccontextmanager
async def venue_with(**balances: str) -> AsyncIterator[Venue]:
    made = sandbox(price=PRICE, balances={coin: Decimal(amount) for coin, amount in balances.items()})
    async with serving(made.app) as url:
        yield Venue(made, url)


class Host:
    """The machine that the bot runs on, as its owner uses it."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder, self.environ = folder, dict(environ)

    async def helix(self, *arguments: str, typed: str = "") -> Result:
        """Run a command beside whatever else runs."""
        run = partial(CliRunner().invoke, helix, arguments, input=typed, env=self.environ)
        return await asyncio.to_thread(run)

    async def findings(self) -> dict[str, dict[str, Any]]:
        """What `helix reconcile --json` finds, by kind."""
        shown = await self.helix("reconcile", "--json")
        return {finding["kind"]: finding for finding in json.loads(shown.stdout)["findings"]}

    def database(self, statement: str = "") -> list[Any]:
        with sqlite3.connect(self.folder / "data" / "helix.db") as connection:
            return connection.execute(statement).fetchall()


@pytest.fixture
def host(tmp_path: Path, venue: Venue, monkeypatch: pytest.MonkeyPatch, logs_left_alone: None) -> Host:
    """The machine of a bot on the sandbox venue."""
    monkeypatch.chdir(tmp_path)
    return Host(tmp_path, environment(venue))


@pytest.fixture
async def left(host: Host, venue: Venue) -> Host:
    """The machine of a bot that bought, put its stop, and was stopped."""
    async with running(host.folder, host.environ) as bot:
        assert (await bot.post("BUY", "in")).json()["status"] == "accepted"
    venue.sandbox.requests.clear()
    return host


def cancel_all(venue: Venue) -> None:
    """A human cancels the stop on the venue's page."""
    venue.sandbox.venue.cancel(venue.resting()[0].order_id)


def sell_by_hand(venue: Venue, quantity: Decimal) -> None:
    venue.sandbox.venue.place(
        NewOrder(symbol="BTC/USDT", side=Action.SELL, type=OrderType.MARKET, quantity=quantity, client_id="web_1")
    )


async def test_coins_of_before_halt_until_the_owner_accepts_them_and_are_never_sold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logs_left_alone: None
) -> None:
    monkeypatch.chdir(tmp_path)
    async with venue_with(USDT="10000", BTC="1") as venue:
        host = Host(tmp_path, environment(venue))
        async with running(tmp_path, host.environ) as bot:
            assert bot.rows("SELECT kind FROM halts WHERE cleared_at IS NULL") == [("reconcile",)]
            told = [text for text in bot.notices() if text.startswith("⚠️ ORPHAN")]
            assert len(told) == 1
            assert "helix reconcile --accept-baseline" in told[0]
            assert (await bot.post("BUY")).json()["reason"] == "trading_halted"

            too_early = await host.helix("resume")
            accepted = await host.helix("reconcile", "--accept-baseline")
            resumed = await host.helix("resume")

            assert (too_early.exit_code, accepted.exit_code, resumed.exit_code) == (1, 0, 0)
            assert "run helix reconcile first" in too_early.stdout
            assert (await bot.post("BUY")).json()["status"] == "accepted"
            assert (await bot.post("SELL")).json()["status"] == "accepted"
            assert 1 <= venue.total("BTC") < 1 + LOT
            (decision, actor) = bot.rows("SELECT decision, actor FROM decisions ORDER BY id")[0]
            assert decision == "accept_baseline"
            assert actor.startswith("helix reconcile (")


async def test_an_account_without_coins_has_no_baseline_to_ask_for_and_a_humans_order_is_left_alone(
    left: Host, venue: Venue
) -> None:
    venue.sandbox.venue.place(
        NewOrder(
            symbol="BTC/USDT",
            side=Action.BUY,
            type=OrderType.LIMIT,
            quantity=Decimal("0.01"),
            price=Decimal(60000),
            client_id="web_mine",
        )
    )
    venue.sandbox.venue.transfer("USDT", Decimal(500))

    clean = await left.helix("reconcile")

    assert clean.exit_code == 0, clean.output
    assert await left.findings() == {}
    assert left.database("SELECT count(*) FROM halts") == [(0,)]
    assert venue.sent("POST", "DELETE") == []


async def test_coins_nobody_explains_halt_at_boot_and_touch_nothing(left: Host, venue: Venue) -> None:
    stop = [order.order_id for order in venue.resting()]
    venue.sandbox.venue.transfer("BTC", Decimal("0.5"))

    async with running(left.folder, left.environ) as bot:
        (halt,) = bot.rows("SELECT kind, detail FROM halts WHERE cleared_at IS NULL")
        told = [text for text in bot.notices() if text.startswith("⚠️ ORPHAN")]

    assert halt[0] == "reconcile"
    assert halt[1].startswith("0.5 BTC are in the account that nothing explains")
    assert len(told) == 1
    assert [order.order_id for order in venue.resting()] == stop
    assert venue.sent("POST", "DELETE") == []


async def test_a_difference_counts_at_the_third_look_and_is_told_once(
    left: Host, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look may fall between a fill and its booking, or get an old answer: one alone proves nothing."""
    for name, value in left.environ.items():
        monkeypatch.setenv(name, value)
    async with opened_account() as account:
        reconciler = Reconciler(account)
        assert await reconciler.run_once() == PERIOD_S
        venue.sandbox.venue.transfer("BTC", Decimal("0.5"))
        account.market.balances.forget()  # it was read a moment ago

        for halts_then, again_s in ((0, RECHECK_S), (0, RECHECK_S), (1, PERIOD_S), (1, PERIOD_S)):
            assert await reconciler.run_once() == again_s
            assert left.database("SELECT count(*) FROM halts") == [(halts_then,)]

    assert left.database("SELECT count(*) FROM outbox WHERE kind = 'orphan'") == [(1,)]


async def test_a_lost_database_is_noticed_by_the_orders_at_the_venue(left: Host, venue: Venue) -> None:
    for path in (left.folder / "data").iterdir():
        path.unlink()

    async with running(left.folder, left.environ) as bot:
        assert (await bot.post("BUY", "again")).json()["reason"] == "trading_halted"
        assert any("lost or restored" in text for text in bot.notices())
    found = await left.findings()

    assert set(found) == {"foreign_orders", "no_baseline"}
    assert len(venue.resting()) == 2
    assert venue.sent("POST", "DELETE") == []


async def test_a_trade_sold_by_hand_is_booked_with_the_venues_own_fills(left: Host, venue: Venue) -> None:
    cancel_all(venue)
    venue.sandbox.venue.set_price(Decimal(65000))
    sell_by_hand(venue, venue.total("BTC").quantize(LOT, rounding="ROUND_DOWN"))

    decided = await left.helix("reconcile", typed="1\n")

    assert decided.exit_code == 0, decided.output
    assert left.database("SELECT status, close_reason FROM trades") == [("closed", "manual")]
    ((pnl,),) = left.database("SELECT pnl FROM results")
    assert Decimal(pnl) == venue.total("USDT") - Decimal(10000)
    assert venue.sent("POST", "DELETE") == []


async def test_a_trade_whose_coins_were_withdrawn_is_written_off_without_an_invented_result(
    left: Host, venue: Venue
) -> None:
    cancel_all(venue)
    venue.sandbox.venue.transfer("BTC", -venue.total("BTC"))

    decided = await left.helix("reconcile", typed="no\n1\n")

    assert decided.exit_code == 0, decided.output
    assert left.database("SELECT status, pnl FROM trades") == [("cancelled", None)]
    assert left.database("SELECT count(*) FROM results") == [(0,)]
    assert left.database("SELECT decision FROM decisions ORDER BY id") == [("write_off",), ("reconciled",)]


async def test_a_stop_that_sold_is_no_mismatch(left: Host, venue: Venue) -> None:
    venue.sandbox.venue.set_price(Decimal(60000))

    assert set(await left.findings()) == {"unbooked"}
    async with running(left.folder, left.environ) as bot:
        assert bot.rows("SELECT status FROM trades") == [("stopped_out",)]
        assert bot.rows("SELECT count(*) FROM halts WHERE kind = 'reconcile'") == [(0,)]


async def test_a_reset_of_the_testnet_is_called_one_and_can_be_adopted(left: Host) -> None:
    async with venue_with(USDT="10000", BTC="1") as after:
        left.environ |= {name: value for name, value in environment(after).items() if name.startswith("BINANCE")}

        found = await left.findings()
        adopted = await left.helix("reconcile", typed="1\n")

        assert set(found) == {"reset"}
        assert adopted.exit_code == 0, adopted.output
        assert left.database("SELECT status, pnl FROM trades") == [("cancelled", None)]
        assert after.sent("POST", "DELETE") == []


async def test_a_stop_left_behind_and_an_order_that_came_late_are_found(left: Host) -> None:
    left.database("UPDATE trades SET status = 'closed'")

    assert set(await left.findings()) == {"orphan_stop"}

    left.database("UPDATE journal SET state = 'not_placed' WHERE kind = 'entry'")

    assert set(await left.findings()) == {"orphan_stop", "late_order"}


async def test_an_unknown_order_counts_as_not_placed_only_without_a_trace(left: Host) -> None:
    long_ago = "datetime('now', '-2 hours')"
    left.database(f"UPDATE journal SET state = 'unknown', sent_at = {long_ago}, fence_at = {long_ago}")

    refused = await left.helix("reconcile", typed="1\n")

    assert refused.exit_code == 1
    assert "The venue has order" in refused.output
    left.database("UPDATE journal SET state = 'live' WHERE kind = 'stop'")
    left.database("UPDATE journal SET state = 'done' WHERE kind = 'entry'")
    left.database(
        "INSERT INTO journal (client_order_id, signal_row, kind, attempt, symbol, side, quantity, state, sent_at,"
        " fence_at, venue_order_ids, updated_at, number) SELECT 'e11c' || substr(client_order_id, 1, 28), signal_row,"
        " kind, 9, symbol, side, quantity, 'unknown', sent_at, fence_at, '', updated_at, 99 FROM journal"
        " WHERE kind = 'entry'"
    )

    accepted = await left.helix("reconcile", typed="1\n")

    assert accepted.exit_code == 0, accepted.output
    assert left.database("SELECT state FROM journal WHERE attempt = 9") == [("not_placed",)]


async def test_a_decision_on_an_account_that_changed_meanwhile_is_refused(
    left: Host, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in left.environ.items():
        monkeypatch.setenv(name, value)
    venue.sandbox.venue.transfer("BTC", Decimal("0.5"))
    async with opened_account() as account:
        reconciler = Reconciler(account)
        shown = await reconciler.look()
        venue.sandbox.venue.transfer("BTC", Decimal("0.1"))

        with pytest.raises(Mismatch, match="changed since it was shown"):
            await Settlement(account, reconciler, "a test").accept_baseline(shown)

    assert left.database("SELECT count(*) FROM decisions") == [(0,)]


async def test_a_pair_that_stops_trading_under_a_position_is_told_and_halts_nothing(left: Host, venue: Venue) -> None:
    listing = venue.sandbox.venue.listing("BTC/USDT")
    listing.trading = False

    found = await left.findings()

    assert set(found) == {"not_trading"}
    assert not found["not_trading"]["halts"]
