"""Only a request with the right key, a true signature and a fresh time is heard."""

from __future__ import annotations

import ccxt  # type: ignore[import-untyped]
import pytest

from .conftest import now_ms

pytestmark = pytest.mark.asyncio(loop_scope="session")

ACCOUNT = "/api/v3/account"
ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.001"}
LATE = "Timestamp for this request is outside of the recvWindow."
EARLY = "Timestamp for this request was 1000ms ahead of the server's time."


def mandatory(name):
    return f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."


async def test_signed_request_is_heard(wire):
    """The proper request of which all others here are spoilt copies."""
    assert (await wire.ok("GET", ACCOUNT))["accountType"] == "SPOT"


@pytest.mark.parametrize(
    ("key", "status", "code", "text"),
    [
        (None, 401, -2014, "API-key format invalid."),
        ("somebody-else", 401, -2015, "Invalid API-key, IP, or permissions for action."),
    ],
)
async def test_wrong_key_is_not_accepted(wire, key, status, code, text):
    """A missing key and an unknown one are told apart."""
    response = await wire.send("GET", ACCOUNT, key=key)

    assert (response.status_code, response.json()) == (status, {"code": code, "msg": text})


async def test_wrong_secret_is_not_accepted(wire):
    """A signature made with another secret is not valid."""
    assert await wire.error("GET", ACCOUNT, secret="guess") == (-1022, "Signature for this request is not valid.")


async def test_signature_stands_for_every_character(wire, box):
    """A changed quantity, a parameter after the signature and a missing signature are all found out."""
    sent = await wire.send("POST", "/api/v3/order", **ORDER)
    assert sent.status_code == 200
    signed = sent.request.content.decode()

    changed = (await wire.raw("POST", "/api/v3/order", signed.replace("0.001", "0.002"))).json()
    appended = (await wire.raw("POST", "/api/v3/order", signed + "&newClientOrderId=x")).json()
    unsigned = (await wire.raw("POST", "/api/v3/order", signed.partition("&signature")[0])).json()

    assert (changed["code"], appended["code"], unsigned["code"]) == (-1022, -1022, -1102)
    assert len(box.venue.ledger.orders) == 1


async def test_query_and_body_may_be_mixed(wire, box):
    """The payload is the query followed by the body, without anything between."""
    from hashlib import sha256
    from hmac import new
    from urllib.parse import urlencode

    query, body = "symbol=BTCUSDT&side=BUY", urlencode({"type": "MARKET", "quantity": "0.001", "timestamp": now_ms()})
    signature = new(b"sandbox-secret", (query + body).encode(), sha256).hexdigest()

    answer = await wire.raw("POST", f"/api/v3/order?{query}", f"{body}&signature={signature.upper()}")

    assert answer.json()["status"] == "FILLED"


@pytest.mark.parametrize(
    ("ahead_ms", "window_ms", "expected"),
    [
        (-4_000, None, None),
        (-6_000, None, (-1021, LATE)),
        (-3_000, 2_000, (-1021, LATE)),
        (-6_000, "10000.5", None),
        (500, None, None),
        (2_000, None, (-1021, EARLY)),
        (0, 60_001, (-1102, "'recvWindow' contains unexpected value. Cannot be greater than 60000.")),
        (0, "soon", (-1102, mandatory("recvWindow"))),
    ],
)
async def test_time_must_be_within_the_window(wire, ahead_ms, window_ms, expected):
    """Late by more than recvWindow (5 s unless said otherwise) or a second ahead is refused."""
    answer = await wire.send("GET", ACCOUNT, timestamp=now_ms() + ahead_ms, recvWindow=window_ms)

    error = answer.json()
    assert (None if answer.status_code == 200 else (error["code"], error["msg"])) == expected


async def test_time_is_mandatory(wire):
    """No timestamp, no answer."""
    assert await wire.error("GET", ACCOUNT, timestamp=None) == (-1102, mandatory("timestamp"))


async def test_parameter_sent_twice_is_refused(wire):
    """Two values for one name are ambiguous."""
    answer = await wire.raw("GET", "/api/v3/depth", "symbol=BTCUSDT&symbol=ETHUSDT")

    assert answer.json() == {"code": -1101, "msg": "Duplicate values for a parameter detected."}


async def test_key_that_may_only_read_cannot_trade(wire, box):
    """Trading rights are a matter of the key."""
    box.rights.trade = False

    assert (await wire.send("GET", ACCOUNT)).status_code == 200
    assert (await wire.error("POST", "/api/v3/order", **ORDER))[0] == -2015


async def test_ccxt_sees_a_bad_secret_as_an_authentication_error(exchange, box):
    """The real client reads the refusal as it would at Binance."""
    box.api_secret = "changed"

    with pytest.raises(ccxt.AuthenticationError):
        await exchange.fetch_balance()
