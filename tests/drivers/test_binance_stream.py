"""Binance's user data stream, spoken with Helix's own local Binance and with venues that get it wrong."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import aiohttp
import ccxt.pro  # type: ignore[import-untyped]
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from helix_binance.client import BinanceClient
from helix_binance.sandbox import sandbox
from helix_binance.stream import UserDataStream, signature
from helix_core import AuthenticationFailed, ExchangeUnavailable, RateLimited, TradingMode
from helix_core.ccxt import Bounds, StreamBounds
from helix_core.ccxt.stream import address
from helix_core.sandbox import Fault, FaultKind
from tests.drivers.local_binance import buy_and_protect
from tests.drivers.specimens import SYMBOL
from tests.drivers.stream_venue import Parrot, config_of, connected, ending, listening
from tests.drivers.test_binance_secrets import everything_said

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from helix_core.sandbox import Sandbox

PATH = "/ws-api/v3"
CONFIRMED = json.dumps({"id": "helix-orders", "status": 200, "result": {"subscriptionId": 0}})


def refusal(status: int, code: int, *, answers: str | None = "helix-orders") -> str:
    """An error; ECHO becomes what was sent."""
    return json.dumps({"id": answers, "status": status, "error": {"code": code, "msg": "ECHO"}})


class Quick(BinanceClient):
    """The client with bounds short enough for a test."""

    bounds = Bounds(order_timeout_s=0.5, question_timeout_s=2.0, question_interval_s=0)
    stream_bounds = StreamBounds(answer_timeout_s=0.4, ping_s=0.2)


def make_for(made: Sandbox, **changes: Any) -> Callable[[str], BinanceClient]:
    key, secret = SecretStr(made.api_key), SecretStr(made.api_secret)
    return lambda url: Quick(config_of(made, url, key, secret, **changes))


@pytest.fixture
def made() -> Sandbox:
    return sandbox(api_key="PlantedKey" * 6, api_secret="PlantedSecret" * 5)


@pytest.fixture
async def quick(made: Sandbox) -> AsyncIterator[BinanceClient]:
    async with connected(made.app, make_for(made)) as client:
        yield client  # type: ignore[misc]


async def test_both_legs_of_a_stop_that_fills_are_heard_of(quick: BinanceClient, made: Sandbox) -> None:
    await buy_and_protect(quick)
    async with listening(quick) as ear:
        asked = len(made.requests)
        made.venue.set_price(Decimal("60000.00"))
        await ear.hears("2")
        await ear.hears("3")

    assert {event.client_order_id for event in ear.events} == {"a" * 32 + "-sl", "a" * 32 + "-tp"}
    assert len(made.requests) == asked, "a stream asks nothing by itself"


async def test_a_cancel_is_told_under_the_orders_own_name(quick: BinanceClient, made: Sandbox) -> None:
    """Binance gives the cancel a name of its own, and the order's beside it."""
    await buy_and_protect(quick)
    async with listening(quick) as ear:
        made.venue.cancel(2)
        await ear.hears("2")

    assert ear.events[0].client_order_id == "a" * 32 + "-sl"


async def test_listening_places_and_asks_nothing_by_rest(quick: BinanceClient, made: Sandbox) -> None:
    made.requests.clear()
    async with listening(quick):
        pass

    assert [(request.method, request.path) for request in made.requests] == [("WS", PATH)]


async def test_a_connection_that_breaks_ends_the_stream(quick: BinanceClient, made: Sandbox) -> None:
    async with listening(quick) as ear:
        made.streams.hang_up()
        async with asyncio.timeout(30):
            while ear.end is None:
                await asyncio.sleep(0.005)

    assert type(ear.end) is ExchangeUnavailable


async def test_a_half_open_connection_is_noticed(quick: BinanceClient, made: Sandbox) -> None:
    """It stands, and nothing answers: within one and a half times the interval of the pings."""
    async with listening(quick) as ear:
        made.streams.fall_silent()
        async with asyncio.timeout(30):
            while ear.end is None:
                await asyncio.sleep(0.005)

    assert str(ear.end) == "the stream no longer answers"
    assert BinanceClient.stream_bounds.ping_s * 1.5 <= 30


async def test_a_quiet_connection_that_answers_lives(quick: BinanceClient) -> None:
    """No news for many pings is no trouble."""
    async with listening(quick) as ear:
        await asyncio.sleep(0.7)

    assert ear.end is None


async def test_who_stops_listening_closes_the_connection(quick: BinanceClient, made: Sandbox) -> None:
    async with listening(quick):
        assert made.streams.open == 1

    async with asyncio.timeout(30):
        while made.streams.open:
            await asyncio.sleep(0.005)


async def test_a_key_that_may_not_listen_is_called_so(quick: BinanceClient, made: Sandbox) -> None:
    made.rights.read = False

    end = await ending(quick)

    assert type(end) is AuthenticationFailed
    assert "-2015" in str(end)


async def test_without_a_key_nothing_is_sent(made: Sandbox) -> None:
    """Paper mode has no key."""
    make = make_for(made, api_key=None, api_secret=None, mode=TradingMode.PAPER)
    async with connected(made.app, make) as client:
        end = await ending(client)

    assert type(end) is AuthenticationFailed
    assert made.count("WS", PATH) == 0


@pytest.mark.parametrize("kind", [FaultKind.LOST_REQUEST, FaultKind.HTTP_5XX])
async def test_a_stream_that_does_not_open_is_unavailable(quick: BinanceClient, made: Sandbox, kind: FaultKind) -> None:
    made.faults.add(Fault(on=f"WS {PATH}", kind=kind))

    assert type(await ending(quick)) is ExchangeUnavailable


async def test_a_client_that_is_not_connected_has_no_stream(made: Sandbox) -> None:
    assert "not connected" in str(await ending(make_for(made)("http://127.0.0.1:1")))


@pytest.mark.parametrize(
    ("says", "kind"),
    [
        ([], ExchangeUnavailable),
        (["no json", "[]", '{"id": "another", "status": 200, "result": {"subscriptionId": 0}}'], ExchangeUnavailable),
        ([refusal(401, -2015, answers=None)], AuthenticationFailed),
        ([refusal(400, -1022)], AuthenticationFailed),
        ([refusal(500, -1000)], ExchangeUnavailable),
        ([refusal(400, -1021)], ExchangeUnavailable),
        ([json.dumps({"id": "helix-orders", "status": 200, "result": {}})], ExchangeUnavailable),
        ([CONFIRMED, '{"event": {"e": "serverShutdown", "E": 1}}'], ExchangeUnavailable),
        ([CONFIRMED, '{"subscriptionId": 0, "event": {"e": "eventStreamTerminated", "E": 1}}'], ExchangeUnavailable),
    ],
)
async def test_what_a_venue_says_ends_the_stream_and_no_secret_is_quoted(
    made: Sandbox, caplog: pytest.LogCaptureFixture, says: list[str], kind: type[Exception]
) -> None:
    """The venue quotes the key and the signature back; neither is in the error, nor in any log."""
    caplog.set_level(logging.DEBUG)
    sent: dict[str, Any] = {}

    def answer(message: dict[str, Any]) -> list[str]:
        sent.update(message["params"])
        return [text.replace("ECHO", f"{sent['apiKey']} {sent['signature']}") for text in says]

    async with connected(Parrot(made, answer), make_for(made)) as client:
        caplog.clear()
        end = await ending(client)

    assert type(end) is kind
    told = everything_said(end) + caplog.text
    assert [name for name in ("apiKey", "signature") if sent[name] in told] == []
    assert made.api_secret not in told


async def test_a_pause_that_is_asked_for_holds_for_questions_too(made: Sandbox) -> None:
    """Streams and questions share the address that would be banned."""
    error = {"code": -1003, "msg": "Too much", "data": {"serverTime": 1000, "retryAfter": 9000}}
    pause = json.dumps({"id": "helix-orders", "status": 429, "error": error})

    async with connected(Parrot(made, lambda _: [pause]), make_for(made)) as client:
        end = await ending(client)
        with pytest.raises(RateLimited):
            await client.get_balance()

    assert isinstance(end, RateLimited)
    assert end.retry_after_s == 9


async def test_frames_that_mean_nothing_are_passed_over(made: Sandbox) -> None:
    """News of other markets, of balances and garbage."""
    report = {"e": "executionReport", "s": "ETHUSDT", "i": 7, "c": "x", "C": ""}
    ours = {**report, "s": "BTCUSDT", "i": 8}
    events = [{"e": "outboundAccountPosition"}, report, ours]
    says = [CONFIRMED, "", "7", '{"event": 3}', *(json.dumps({"event": event}) for event in events)]
    async with connected(Parrot(made, lambda _: says), make_for(made)) as client, listening(client) as ear:
        await ear.hears("8")

    assert [event.venue_order_id for event in ear.events] == ["8"]


def pem() -> str:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize("secret", ["an ordinary secret", pem()], ids=["hmac", "ed25519"])
async def test_it_is_signed_as_ccxt_pro_signs(secret: str) -> None:
    venue = ccxt.pro.binance({"apiKey": "the-key", "secret": secret, "options": {"recvWindow": 5000}})
    expected = venue.sign_params({})
    wanted = {name: value for name, value in expected.items() if name != "signature"}

    assert signature(venue, wanted) == expected["signature"]


async def test_the_addresses_are_those_of_ccxt_pro_and_none_is_met_unasked() -> None:
    venue, speech = ccxt.pro.binance(), UserDataStream(SYMBOL)
    live = config_of(sandbox(), "http://127.0.0.1:8900", SecretStr("k"), SecretStr("s"), base_url=None, ws_url=None)

    assert address(speech, live) == venue.urls["api"]["ws"]["ws-api"]["spot"]
    assert address(speech, replace(live, mode=TradingMode.TESTNET)) == venue.urls["test"]["ws"]["ws-api"]["spot"]
    assert address(speech, replace(live, ws_url="wss://proxy.test:1")) == f"wss://proxy.test:1{PATH}"
    assert address(speech, replace(live, base_url="http://127.0.0.1:8900")) == f"ws://127.0.0.1:8900{PATH}"


class WithoutWebsockets:
    """A session as a simulation opens it: it can ask, and nothing else."""

    def __init__(self) -> None:
        session = aiohttp.ClientSession()
        self.request, self.close, self.headers = session.request, session.close, session.headers


async def test_a_session_without_websockets_has_no_stream(made: Sandbox) -> None:
    sessions: list[WithoutWebsockets] = []

    def open_session() -> WithoutWebsockets:
        sessions.append(WithoutWebsockets())
        return sessions[-1]

    async with connected(made.app, make_for(made, open_session=open_session)) as client:
        end = await ending(client)
    for session in sessions:
        await session.close()

    assert type(end) is ExchangeUnavailable
    assert "websockets" in str(end)
