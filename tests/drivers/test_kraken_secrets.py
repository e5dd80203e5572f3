"""No error says the key, the secret, a signature, an IBAN or an address, whatever Kraken does."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from helix_core import HelixError
from tests.drivers.kraken_venue import (
    ADD,
    BALANCE,
    CANCEL,
    CLOSED,
    KEY_INFO,
    OPEN,
    OWN,
    QUERY,
    SECRET,
    close_order,
    ok,
    opened,
    refusal,
    stop_ref,
)
from tests.drivers.specimens import KEY, entry, ref
from tests.drivers.test_binance_secrets import everything_said
from tests.drivers.tiny_venue import Reply

if TYPE_CHECKING:
    from helix_kraken.client import KrakenClient
    from tests.drivers.tiny_venue import TinyVenue

ECHO = f"you sent {KEY} and {SECRET}"
REPLIES = [
    refusal(f"EOrder:{ECHO}"),
    refusal(f"EGeneral:Internal error:{ECHO}"),
    refusal(f"EService:Throttled:{ECHO}"),
    refusal(ECHO),
    refusal(f"EAPI:{ECHO}", status=403),
    Reply(f"<html>{ECHO}</html>", 502),
    Reply(f"<html>{ECHO}</html>", 200),
    Reply("", 307, {"Location": f"http://127.0.0.1:1/?{KEY}"}),
    ok({"open": {OWN: {"status": ECHO}}, OWN: {"vol": ECHO}, "closed": ECHO}),
    *(Reply("x" * 40, fault=fault) for fault in ("reset", "cut", "garbage", "hang")),
]


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: f"{reply.fault or reply.status} {reply.text()[:24]}")
async def test_no_secret_is_in_any_error(
    kraken: KrakenClient, tiny: TinyVenue, caplog: pytest.LogCaptureFixture, reply: Reply
) -> None:
    for path in (ADD, BALANCE, QUERY, OPEN, CLOSED, KEY_INFO):
        tiny.on("POST", path, reply)
    caplog.set_level(logging.DEBUG)
    calls = (
        kraken.place_market_order(entry()),
        kraken.get_balance(),
        kraken.find_order(ref()),
        kraken.find_order(stop_ref()),
        kraken.cancel_order(stop_ref(OWN)),
    )

    ends = await asyncio.gather(*calls, return_exceptions=True)

    assert all(isinstance(end, HelixError) for end in ends), ends
    said = "\n".join(everything_said(end) for end in ends if isinstance(end, HelixError)) + caplog.text
    signatures = [seen.headers["api-sign"] for seen in tiny.seen if "api-sign" in seen.headers]
    assert signatures
    for secret in (KEY, SECRET, "api-sign", "nonce=", tiny.url, *signatures):
        assert secret not in said


async def test_a_cancel_that_echoes_is_clean_too(kraken: KrakenClient, tiny: TinyVenue) -> None:
    tiny.on("POST", OPEN, opened(own=close_order("0.0084")))
    tiny.on("POST", CANCEL, refusal(f"EOrder:{ECHO}"))
    tiny.on("POST", QUERY, ok({OWN: close_order("0.0084")}))

    with pytest.raises(HelixError) as failed:
        await kraken.cancel_order(stop_ref(OWN))

    assert KEY not in everything_said(failed.value)
    assert SECRET not in everything_said(failed.value)


def test_nothing_to_print_of_the_client_says_a_secret(kraken: KrakenClient) -> None:
    said = " ".join(map(repr, (kraken, kraken.config, kraken.line, kraken.line.venue, vars(kraken))))

    assert KEY not in said
    assert SECRET not in said
