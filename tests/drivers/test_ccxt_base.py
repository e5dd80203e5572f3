"""The shared base with a driver as a third party would write it: a venue that answers everything with HTTP 200."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from pydantic import SecretStr

from helix_core import (
    Capabilities,
    ConfigError,
    KeyPermissions,
    OrderOutcomeUnknown,
    OrderRefused,
    OrderStatus,
    PluginError,
    RateLimited,
    TradingMode,
)
from helix_core.ccxt import Bounds, CcxtExchange
from helix_core.ccxt.pace import Pace
from helix_core.ccxt.reading import read_own_fills, read_report
from helix_core.clock import Clock
from tests.drivers.specimens import CID, SYMBOL, entry
from tests.drivers.tiny_venue import Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from helix_core import ExchangeConfig
    from tests.drivers.tiny_venue import TinyVenue

ADD = "/0/private/AddOrder"


class Small(CcxtExchange):
    """The whole of a third party's driver, but for its venue's codes."""

    name: ClassVar[str] = "small"
    label: ClassVar[str] = "Small"
    ccxt_id: ClassVar[str] = "kraken"
    capabilities: ClassVar[Capabilities] = Capabilities(testnet=False, entry_carries_stop=False, order_fence_s=30)
    bounds: ClassVar[Bounds] = Bounds(question_interval_s=0)

    async def key_permissions(self) -> KeyPermissions:
        """Ask for nothing."""
        return KeyPermissions(applicable=False, can_trade=True, can_withdraw=False, detail="not asked")


def pair() -> dict[str, Any]:
    """One market in the venue's own form."""
    return {
        "XBTUSDT": {
            "altname": "XBTUSDT",
            "wsname": "XBT/USDT",
            "base": "XXBT",
            "quote": "USDT",
            "pair_decimals": 1,
            "lot_decimals": 8,
            "ordermin": "0.00005",
            "costmin": "0.5",
            "tick_size": "0.1",
            "status": "online",
            "fees": [[0, 0.4]],
            "fees_maker": [[0, 0.25]],
        }
    }


@pytest.fixture
async def small(tiny: TinyVenue, config: Callable[..., ExchangeConfig]) -> AsyncIterator[Small]:
    tiny.on("GET", "/0/public/Time", Reply({"error": [], "result": {"unixtime": 1_780_000_000}}))
    tiny.on("GET", "/0/public/AssetPairs", Reply({"error": [], "result": pair()}))
    client = Small(config(api_secret=SecretStr("c2VjcmV0c2VjcmV0")))
    await client.connect()
    tiny.seen.clear()
    yield client
    await client.disconnect()


@pytest.mark.parametrize(
    "words",
    ["EOrder:Insufficient funds", "EOrder:Order minimum not met", "EGeneral:Invalid arguments:volume"],
)
async def test_what_ccxt_classes_as_a_refusal_is_one(small: Small, tiny: TinyVenue, words: str) -> None:
    tiny.on("POST", ADD, Reply({"error": [words]}))

    with pytest.raises(OrderRefused, match=r"Small refused: ccxt\.") as refused:
        await small.place_market_order(entry())

    assert not refused.value.transient
    assert len(tiny.seen) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply({"error": ["EService:Timeout"]}),
        Reply({"error": ["EService:Unavailable"]}),
        Reply({"error": ["EService:Busy"]}),
        Reply({"error": ["EGeneral:Internal error:1"]}),
        Reply({"error": ["EOrder:A word of next year"]}),
        Reply({"error": ["EAPI:Invalid key"]}),
        Reply({"error": ["EOrder:Rate limit exceeded"]}),
        Reply({"error": [], "result": {}}),
        Reply({"error": ["EOrder:Insufficient funds"]}, 502),
        Reply("<html>", 524),
        Reply("", 200),
    ],
    ids=lambda reply: f"{reply.status} {reply.text()}",
)
async def test_what_ccxt_does_not_know_is_unknown(small: Small, tiny: TinyVenue, reply: Reply) -> None:
    tiny.on("POST", ADD, reply)

    with pytest.raises(OrderOutcomeUnknown):
        await small.place_market_order(entry())

    assert len(tiny.seen) == 1


async def test_unified_answers_are_enough_for_questions(small: Small, tiny: TinyVenue) -> None:
    prices = {"a": ["64210.5", "1", "1"], "b": ["64210.4", "1", "1"], "c": ["64210.5", "0.1"]}
    tiny.on("GET", "/0/public/Ticker", Reply({"error": [], "result": {"XBTUSDT": prices}}))
    held = {"XXBT": {"balance": "0.5", "hold_trade": "0.2"}, "USDT": {"balance": "100.00", "hold_trade": "0"}}
    tiny.on("POST", "/0/private/BalanceEx", Reply({"error": [], "result": held}))

    ticker = await small.get_ticker(SYMBOL)
    (holding,) = await small.get_open_positions()

    assert (ticker.bid, ticker.ask) == (Decimal("64210.4"), Decimal("64210.5"))
    assert holding.quantity == Decimal("0.5")


async def test_a_testnet_the_venue_does_not_have_is_said(config: Callable[..., ExchangeConfig]) -> None:
    client = Small(config(mode=TradingMode.TESTNET, base_url=None))

    with pytest.raises(ConfigError, match="has no testnet"):
        await client.connect()


async def test_a_venue_ccxt_does_not_know_is_the_drivers_fault(config: Callable[..., ExchangeConfig]) -> None:
    class Misspelt(Small):
        ccxt_id: ClassVar[str] = "krakenn"

    with pytest.raises(PluginError, match="krakenn"):
        await Misspelt(config()).connect()


@pytest.mark.parametrize(("word", "status"), [("closed", OrderStatus.FILLED), ("canceling", OrderStatus.UNKNOWN)])
def test_a_status_word_is_known_or_unknown(word: str, status: OrderStatus) -> None:
    order = {"id": "1", "status": word, "amount": "1", "filled": "1"}

    assert read_report(order, CID).status is status


def test_a_fill_with_two_fees_is_not_read_as_one() -> None:
    """Which of the two counts is not for us to guess."""
    fees = [{"currency": "BTC", "cost": "0.1"}, {"currency": "BNB", "cost": "0.2"}]
    trade = {"id": "1", "side": "buy", "price": "1", "amount": "1", "timestamp": 1, "fees": fees}
    order = {"id": "1", "side": "buy", "timestamp": 1, "trades": [trade]}

    assert read_own_fills(order, symbol=SYMBOL, filled=Decimal(1)) is None


class HandClock(Clock):
    """A clock the test winds."""

    def __init__(self) -> None:
        self.at_s = 100.0

    def now(self) -> datetime:
        raise NotImplementedError

    def monotonic(self) -> float:
        return self.at_s


@pytest.mark.parametrize(("figure", "over_s"), [(7.0, 7.0), (None, 2.0)])
async def test_a_pause_ends_when_its_time_has_passed(figure: float | None, over_s: float) -> None:
    clock = HandClock()
    pace = Pace(clock, 0)
    pace.hush(figure)
    pace.hush(1.0)  # a shorter pause does not end a longer one

    clock.at_s += over_s - 0.5
    with pytest.raises(RateLimited) as limited:
        await pace.turn()
    clock.at_s += 0.5
    await pace.turn()

    assert limited.value.retry_after_s == 0.5
