"""What leaves for Kraken, to the last character."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from helix_core import ConfigError, OrderKind, TradingMode
from helix_core.clock import SystemClock
from tests.drivers.kraken_venue import (
    ADD,
    BALANCE,
    CANCEL,
    DISARM,
    ENTRY,
    OWN,
    QUERY,
    SECRET,
    STOP_ID,
    TRADES,
    Impatient,
    bought,
    ok,
    opened,
    order,
    own_stop,
    queried,
    set_up,
    stop_for,
    stop_ref,
    trade,
)
from tests.drivers.specimens import CID, KEY, SYMBOL, entry, leave, ref

if TYPE_CHECKING:
    from collections.abc import Callable

    from helix_core import ExchangeConfig
    from helix_kraken.client import KrakenClient
    from tests.drivers.tiny_venue import Seen, TinyVenue


def form(seen: Seen) -> dict[str, str]:
    """The form without what differs every time."""
    return {key: value for key, value in seen.parameters.items() if key not in {"nonce", "deadline"}}


def filled(tiny: TinyVenue) -> None:
    """Let the order be filled at once."""
    tiny.on("POST", QUERY, queried(entry=bought("0.0084", "T1")))
    tiny.on("POST", TRADES, ok({"T1": trade(ENTRY, "0.0084")}))


async def test_an_entry_carries_its_stop_in_raw_brackets(kraken: KrakenClient, tiny: TinyVenue) -> None:
    """The planned stop 62926.30 is written on the tick of 0.1, though the pair has two decimals."""
    filled(tiny)

    await kraken.place_market_order(entry())

    (sent,) = tiny.sent("POST", ADD)
    assert "&close[ordertype]=stop-loss&close[price]=62926.3&" in sent.query
    assert sent.query.startswith("nonce=")
    assert form(sent) == {
        "pair": "XBTUSDT",
        "type": "buy",
        "ordertype": "market",
        "volume": "0.0084",
        "oflags": "fciq",
        "cl_ord_id": CID,
        "close[ordertype]": "stop-loss",
        "close[price]": "62926.3",
        "trigger": "last",
    }


async def test_an_exit_carries_no_stop(kraken: KrakenClient, tiny: TinyVenue) -> None:
    filled(tiny)

    await kraken.place_market_order(leave())

    (sent,) = tiny.sent("POST", ADD)
    assert form(sent) == {
        "pair": "XBTUSDT",
        "type": "sell",
        "ordertype": "market",
        "volume": "0.0084",
        "oflags": "fciq",
        "cl_ord_id": CID,
    }


async def test_a_stop_of_our_own_is_a_stop_loss(kraken: KrakenClient, tiny: TinyVenue) -> None:
    await kraken.place_oco_order(stop_for(entry_order_id=None))

    (sent,) = tiny.sent("POST", ADD)
    assert form(sent) == {
        "pair": "XBTUSDT",
        "type": "sell",
        "ordertype": "stop-loss",
        "volume": "0.0084",
        "oflags": "fciq",
        "cl_ord_id": STOP_ID,
        "price": "62926.3",
        "trigger": "last",
    }


@pytest.mark.parametrize("make", [entry, leave])
async def test_every_order_dies_five_seconds_after_it_was_sent(
    kraken: KrakenClient, tiny: TinyVenue, make: type
) -> None:
    """In Kraken's time, which it tells in whole seconds."""
    filled(tiny)

    await kraken.place_market_order(make())

    deadline = datetime.fromisoformat(tiny.sent("POST", ADD)[0].parameters["deadline"])
    assert 3.0 < (deadline - SystemClock().now()).total_seconds() < 6.1
    assert kraken.capabilities.order_fence_s == 10


async def test_every_private_request_is_signed_right_and_no_nonce_comes_twice(
    kraken: KrakenClient, tiny: TinyVenue
) -> None:
    filled(tiny)

    await kraken.place_market_order(entry())
    await kraken.get_balance()
    await kraken.find_order(ref(OrderKind.EXIT))

    nonces = [int(seen.parameters["nonce"]) for seen in tiny.seen]
    assert len(nonces) >= 5
    assert nonces == sorted(set(nonces))
    for seen in tiny.seen:
        digest = hashlib.sha256((seen.parameters["nonce"] + seen.query).encode()).digest()
        signature = hmac.new(base64.b64decode(SECRET), seen.path.encode() + digest, hashlib.sha512).digest()
        assert seen.headers["api-sign"] == base64.b64encode(signature).decode()
        assert seen.headers["api-key"] == KEY


async def test_a_cancel_names_kraken_s_id(kraken: KrakenClient, tiny: TinyVenue) -> None:
    tiny.on("POST", "/0/private/OpenOrders", opened(own=own_stop("0.0084")))
    tiny.on("POST", QUERY, queried(own=own_stop("0.0084", status="canceled")))

    await kraken.cancel_order(stop_ref(OWN, entry_order_id=None))

    assert [form(seen) for seen in tiny.sent("POST", CANCEL)] == [{"txid": OWN}]


async def test_connecting_disarms_the_timer_that_would_cancel_every_stop(
    tiny: TinyVenue, config: Callable[..., ExchangeConfig]
) -> None:
    set_up(tiny)
    client = Impatient(config(api_secret=SecretStr(SECRET)))

    await client.connect()
    await client.disconnect()

    assert [form(seen) for seen in tiny.sent("POST", DISARM)] == [{"timeout": "0"}]
    assert tiny.sent("GET", "/0/public/AssetPairs")[0].parameters == {"pair": "XBTUSDT"}


async def test_paper_mode_without_a_key_asks_public_questions_only(
    tiny: TinyVenue, config: Callable[..., ExchangeConfig]
) -> None:
    set_up(tiny)
    tiny.on("GET", "/0/public/Depth", ok({"XBTUSDT": {"asks": [["2.0", "1.5", 1]], "bids": [["1.9", "3", 1]]}}))
    client = Impatient(config(mode=TradingMode.PAPER, api_key=None, api_secret=None))

    await client.connect()
    rules = await client.instrument(SYMBOL)
    ticker = await client.get_ticker(SYMBOL)
    book = await client.order_book(SYMBOL)
    await client.disconnect()

    assert {seen.path.split("/")[2] for seen in tiny.seen} == {"public"}
    assert str(rules.taker_fee) == "0.004"
    assert (str(ticker.bid), str(book.asks[0].price), str(book.asks[0].quantity)) == ("64210.4", "2.0", "1.5")


async def test_a_secret_that_cannot_be_one_is_said_at_once(
    tiny: TinyVenue, config: Callable[..., ExchangeConfig]
) -> None:
    client = Impatient(config(api_secret=SecretStr("not base64!")))

    with pytest.raises(ConfigError, match="KRAKEN_API_SECRET"):
        await client.connect()

    assert tiny.seen == []


async def test_coins_in_rewards_stop_the_start(tiny: TinyVenue, config: Callable[..., ExchangeConfig]) -> None:
    """They cannot be sold by a stop, so the owner must turn Auto Earn off."""
    set_up(tiny)
    tiny.on("POST", BALANCE, ok({"XBT.F": {"balance": "0.5", "hold_trade": "0"}}))

    client = Impatient(config(api_secret=SecretStr(SECRET)))
    await client.connect()

    with pytest.raises(ConfigError, match="Auto Earn"):
        await client.get_balance()
    await client.disconnect()


async def test_an_order_of_kraken_s_pair_is_open_for_our_symbol(kraken: KrakenClient, tiny: TinyVenue) -> None:
    other = order(cl_ord_id=None, descr={"pair": "XBTUSD"})
    tiny.on("POST", "/0/private/OpenOrders", opened(own=own_stop("0.0084", "0.0004"), s1=other))

    (resting,) = await kraken.open_orders(SYMBOL)

    assert (resting.venue_order_id, resting.client_order_id) == (OWN, STOP_ID)
    assert (str(resting.remaining), str(resting.stop_price)) == ("0.0080", "62926.3")
