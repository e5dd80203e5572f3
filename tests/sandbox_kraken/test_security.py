"""Who gets in: key, signature over the very characters of the body, ever higher nonces, and rights."""

from __future__ import annotations

import json
from base64 import b64encode

import ccxt  # type: ignore[import-untyped]
import pytest

from helix_core.sandbox import Sandbox
from helix_kraken.sandbox import sandbox

from .conftest import BUY

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_ccxt_gets_in(exchange):
    """The signature ccxt makes is the one the sandbox expects."""
    balance = await exchange.fetch_balance()

    assert (balance["USDT"]["total"], balance["USDT"]["used"]) == ("20000.00000000", "0.00000000")


async def test_wrong_key_and_wrong_secret_are_told_apart(wire):
    """Each has its own text, and HTTP 200 with both."""
    other = b64encode(b"another secret").decode()

    assert (await wire.send("Balance", key="other"))["error"] == ["EAPI:Invalid key"]
    assert (await wire.send("Balance", secret=other))["error"] == ["EAPI:Invalid signature"]


async def test_signature_stands_for_the_body_to_the_letter(wire):
    """Brackets may be sent raw or as %5B; what is signed is what is sent."""
    raw = "nonce=9000001&pair=XBTUSDT&type=buy&ordertype=market&volume=0.01&validate=true"
    plain = await wire.raw("AddOrder", f"{raw}&close[ordertype]=stop-loss&close[price]=62000", "9000001")
    encoded = f"{raw.replace('9000001', '9000002')}&close%5Bordertype%5D=stop-loss&close%5Bprice%5D=62000"
    quoted = await wire.raw("AddOrder", encoded, "9000002")

    assert plain["result"]["descr"] == quoted["result"]["descr"]
    assert plain["result"]["descr"]["close"] == "close position @ stop loss 62000.0"


async def test_json_bodies_are_read_too(wire, box):
    """A body may be JSON, with the close as an object in it."""
    body = {"nonce": 9000003, **BUY, "close": {"ordertype": "stop-loss", "price": "62000"}, "validate": False}

    answer = await wire.raw("AddOrder", json.dumps(body), "9000003")

    assert answer["result"]["descr"]["close"] == "close position @ stop loss 62000.0"
    assert len(box.venue.ledger.orders) == 1 + 5


@pytest.mark.parametrize("nonce", [50, 49, "", "x", 2**64, "-1"])
async def test_nonce_must_be_a_new_high(wire, nonce):
    """The same, a lower and an impossible one are refused; a higher one is then accepted."""
    await wire.send("Balance", nonce=50)

    refused = await wire.send("Balance", nonce=nonce)
    accepted = await wire.send("Balance", nonce=51)

    assert refused["error"] == ["EAPI:Invalid nonce"]
    assert accepted["error"] == []


async def test_ccxt_sees_an_invalid_nonce(exchange, wire):
    """A key that was used with higher nonces is of no use to ccxt."""
    await wire.send("Balance", nonce=2**64 - 1)

    with pytest.raises(ccxt.InvalidNonce):
        await exchange.fetch_balance()


@pytest.mark.parametrize(
    ("right", "method", "arguments"),
    [("read", "Balance", {}), ("trade", "AddOrder", BUY), ("trade", "CancelOrder", {"txid": "OA"})],
)
async def test_key_without_the_right_is_denied(wire, box, right, method, arguments):
    """Reading and trading are rights of their own."""
    setattr(box.rights, right, False)

    assert await wire.error(method, arguments) == "EGeneral:Permission denied"


async def test_key_tells_its_permissions(exchange, box):
    """GetApiKeyInfo needs no right at all, and uses Kraken's words."""
    box.rights.read, box.rights.withdraw, box.rights.ip_restricted = False, True, False

    key = (await exchange.private_post_getapikeyinfo())["result"]

    assert set(key["permissions"]) == {"modify-trades", "close-trades", "withdraw-funds", "create-ws-token"}
    assert (key["ipAllowlist"], key["nonceWindow"], key["validUntil"]) == ([], "0", "0")


async def test_sandbox_is_built_with_a_usable_secret_and_price():
    """Bad settings are refused when the sandbox is built, and named."""
    with pytest.raises(ValueError, match="api_secret"):
        sandbox(api_secret="not base64!")
    with pytest.raises(ValueError, match="price"):
        sandbox(symbol="ADA/EUR")
    assert isinstance(sandbox(), Sandbox)
