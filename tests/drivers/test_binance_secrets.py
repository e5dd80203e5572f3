"""No error says the key, the secret, a signature or an address, whatever the venue does."""

from __future__ import annotations

import asyncio
import logging
import traceback
from typing import TYPE_CHECKING

import pytest

from helix_core import HelixError, OrderKind, OrderRefused
from tests.drivers.specimens import KEY, SECRET, bought, entry, protect, ref, refusal
from tests.drivers.tiny_venue import Reply

if TYPE_CHECKING:
    from helix_binance.client import BinanceClient
    from tests.drivers.tiny_venue import TinyVenue

ECHO = f"you sent {KEY} and {SECRET}"
REPLIES = [
    refusal(-2010, ECHO),
    refusal(-9999, ECHO),
    refusal(-1003, ECHO, 429),
    refusal(-2015, ECHO, 401),
    refusal(-1000, ECHO, 500),
    Reply(f"<html>{ECHO}</html>", 403),
    Reply(f"<html>{ECHO}</html>", 200),
    Reply("", 307, {"Location": f"http://127.0.0.1:1/?{KEY}"}),
    refusal(-2010, f"timestamp=1&recvWindow=5000&signature={'0a' * 32}"),
    Reply({**bought(), "executedQty": ECHO}),
    Reply(bought(), fault="reset"),
    Reply(bought(), fault="cut"),
    Reply(bought(), fault="garbage"),
    Reply(bought(), fault="hang"),
]
CALLS = {
    "order": ("POST", "/api/v3/order", lambda client: client.place_market_order(entry())),
    "stop": ("POST", "/api/v3/orderList/oco", lambda client: client.place_oco_order(protect())),
    "cancel": ("DELETE", "/api/v3/orderList", lambda client: client.cancel_order(ref(OrderKind.STOP))),
    "balance": ("GET", "/api/v3/account", lambda client: client.get_balance()),
    "lookup": ("GET", "/api/v3/order", lambda client: client.find_order(ref())),
}


def everything_said(error: BaseException) -> str:
    """All that a log could print of an error: itself and what hangs on to it, with every frame."""
    chained = (each for each in (error.__cause__, error.__context__) if each is not None)
    return "\n".join([repr(error), *traceback.format_exception(error), *map(everything_said, chained)])


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: f"{reply.fault or reply.status} {reply.text()[:20]}")
async def test_no_secret_is_in_any_error(
    binance: BinanceClient, tiny: TinyVenue, caplog: pytest.LogCaptureFixture, reply: Reply
) -> None:
    for method, path, _ in CALLS.values():
        tiny.on(method, path, reply)
    caplog.set_level(logging.DEBUG)

    ends = await asyncio.gather(*(act(binance) for _, _, act in CALLS.values()), return_exceptions=True)

    assert all(isinstance(end, HelixError) for end in ends)
    said = "\n".join(everything_said(end) for end in ends if isinstance(end, HelixError)) + caplog.text
    signatures = [seen.parameters["signature"] for seen in tiny.seen if "signature" in seen.parameters]
    assert signatures
    for secret in (KEY, SECRET, "signature=", "recvWindow", tiny.url, *signatures):
        assert secret not in said


def test_nothing_to_print_of_the_client_says_a_secret(binance: BinanceClient) -> None:
    said = " ".join(map(repr, (binance, binance.config, binance.line, binance.line.venue, vars(binance))))

    assert KEY not in said
    assert SECRET not in said


async def test_the_venues_words_fit_on_one_line(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("POST", "/api/v3/order", refusal(-2010, "one\r\n\x1b[31mtwo" + "x" * 1000))

    with pytest.raises(OrderRefused) as refused:
        await binance.place_market_order(entry())

    text = str(refused.value)
    assert text.isprintable()
    assert len(text) < 250
