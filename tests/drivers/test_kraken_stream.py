"""Kraken's channel of executions, spoken with Helix's own local Kraken and with venues that get it wrong."""

from __future__ import annotations

import asyncio
import json
import logging
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import ccxt.pro  # type: ignore[import-untyped]
import pytest
from pydantic import SecretStr

from helix_core import AuthenticationFailed, ExchangeUnavailable
from helix_core.ccxt import StreamBounds
from helix_core.ccxt.stream import address
from helix_kraken.client import KrakenClient
from helix_kraken.sandbox import sandbox
from helix_kraken.stream import Executions, Tokens
from tests.drivers import kraken_venue
from tests.drivers.specimens import CID, SYMBOL, entry
from tests.drivers.stream_venue import Parrot, config_of, connected, ending, listening
from tests.drivers.test_binance_secrets import everything_said

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from helix_core.sandbox import Sandbox

TOKEN = "/0/private/GetWebSocketsToken"
CONFIRMED = json.dumps({"method": "subscribe", "success": True, "result": {"channel": "executions"}, "req_id": 1})
ENTRY, STOP = "OAAAAA-AAAAA-AAAAAB", "OAAAAA-AAAAA-AAAAAC"


class Quick(kraken_venue.Impatient):
    """The client with bounds short enough for a test."""

    stream_bounds = StreamBounds(answer_timeout_s=0.4, ping_s=0.2)


class Listening(Quick):
    """One that wants to hear something every 0.3 s, where this venue beats once a second."""

    stream_bounds = StreamBounds(answer_timeout_s=0.4, silence_s=0.3)


def make_for(made: Sandbox, driver: type[KrakenClient] = Quick) -> Callable[[str], KrakenClient]:
    key, secret = SecretStr(made.api_key), SecretStr(made.api_secret)
    return lambda url: driver(config_of(made, url, key, secret))


@pytest.fixture
def made() -> Sandbox:
    return sandbox(limits=False)


@pytest.fixture
async def quick(made: Sandbox) -> AsyncIterator[KrakenClient]:
    async with connected(made.app, make_for(made)) as client:
        yield client  # type: ignore[misc]


async def test_an_entry_and_the_stop_its_fill_made_are_heard_of(quick: KrakenClient, made: Sandbox) -> None:
    """The stop carries no id of Helix's: Kraken's own names it, when it fills too."""
    async with listening(quick) as ear:
        await quick.place_market_order(entry())
        await ear.hears(STOP)
        before = len(ear.events)
        made.venue.set_price(Decimal("60000.0"))
        async with asyncio.timeout(30):
            while len(ear.events) == before:
                await asyncio.sleep(0.005)

    assert {(event.venue_order_id, event.client_order_id) for event in ear.events} == {(ENTRY, CID), (STOP, "")}
    assert {event.venue_order_id for event in ear.events[before:]} == {STOP}


async def test_every_connection_asks_for_one_token_and_nothing_else(quick: KrakenClient, made: Sandbox) -> None:
    made.requests.clear()
    for _ in range(2):
        async with listening(quick):
            pass

    assert [request.path for request in made.requests] == [TOKEN, "/v2"] * 2


async def test_what_rests_already_is_no_news(quick: KrakenClient) -> None:
    await quick.place_market_order(entry())
    async with listening(quick) as ear:
        await asyncio.sleep(0.05)

    assert ear.events == []


async def test_a_key_without_the_right_to_listen_is_called_so(quick: KrakenClient, made: Sandbox) -> None:
    """It trades all the same."""
    made.rights.listen = False

    end = await ending(quick)

    assert type(end) is AuthenticationFailed
    assert "Permission denied" in str(end)
    assert (await quick.key_permissions()).can_trade


async def test_a_venue_that_no_longer_beats_is_dead(made: Sandbox) -> None:
    """Even where something in front of it still answers pings."""
    async with connected(made.app, make_for(made, Listening)) as client, listening(client) as ear:
        async with asyncio.timeout(0.6):
            while ear.end is None:
                await asyncio.sleep(0.005)

    assert str(ear.end) == "the stream has been silent for 0.3 s"
    assert KrakenClient.stream_bounds.silence_s == 15


async def test_beats_keep_a_stream_alive(made: Sandbox) -> None:
    class Patient(Quick):
        stream_bounds = StreamBounds(silence_s=1.3)

    async with connected(made.app, make_for(made, Patient)) as client, listening(client) as ear:
        await asyncio.sleep(1.6)

    assert ear.end is None


async def test_a_half_open_connection_is_noticed(quick: KrakenClient, made: Sandbox) -> None:
    async with listening(quick) as ear:
        made.streams.fall_silent()
        async with asyncio.timeout(30):
            while ear.end is None:
                await asyncio.sleep(0.005)

    assert str(ear.end) == "the stream no longer answers"


@pytest.mark.parametrize(
    ("says", "kind"),
    [
        ([], ExchangeUnavailable),
        (["no json", '{"channel": "heartbeat"}', '{"method": "pong"}'], ExchangeUnavailable),
        (['{"method": "subscribe", "success": false, "error": "ESession:Invalid session ECHO"}'], ExchangeUnavailable),
        (['{"method": "subscribe", "success": false, "error": "EGeneral:Permission denied"}'], AuthenticationFailed),
        (['{"method": "subscribe", "success": false}'], ExchangeUnavailable),
        (['{"method": "subscribe", "success": "yes", "error": ["ECHO"]}'], ExchangeUnavailable),
    ],
)
async def test_a_subscription_that_is_not_confirmed_ends_the_stream_and_the_token_is_not_quoted(
    made: Sandbox, caplog: pytest.LogCaptureFixture, says: list[str], kind: type[Exception]
) -> None:
    caplog.set_level(logging.DEBUG)
    tokens: list[str] = []

    def answer(message: dict[str, Any]) -> list[str]:
        tokens.append(message["params"]["token"])
        return [text.replace("ECHO", tokens[0]) for text in says]

    async with connected(Parrot(made, answer), make_for(made)) as client:
        caplog.clear()
        end = await ending(client)

    assert type(end) is kind
    told = everything_said(end) + caplog.text
    assert [secret for secret in (*tokens, made.api_secret, made.api_key) if secret in told] == []


async def test_rows_of_other_markets_and_garbage_are_passed_over(made: Sandbox) -> None:
    """A row without a pair is an order's later event: it counts."""
    rows = [
        7,
        {"order_id": "OTHER", "symbol": "ETH/USDT"},
        {"order_id": "BARE"},
        {"order_id": "OURS", "symbol": SYMBOL},
    ]
    says = [CONFIRMED, "[]", *(json.dumps({"channel": "executions", "data": data}) for data in (3, rows))]
    async with connected(Parrot(made, lambda _: says), make_for(made)) as client, listening(client) as ear:
        await ear.hears("OURS")

    assert [event.venue_order_id for event in ear.events] == ["BARE", "OURS"]


async def test_the_address_is_that_of_ccxt_pro(made: Sandbox) -> None:
    live = config_of(made, "http://127.0.0.1:8900", SecretStr("k"), SecretStr("s"), base_url=None, ws_url=None)

    assert address(Executions(SYMBOL, Tokens(live.clock)), live) == ccxt.pro.kraken().urls["api"]["ws"]["privateV2"]
