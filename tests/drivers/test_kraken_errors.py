"""Every text Kraken is known to answer with, and what it proves of an order and of a question."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from helix_core import (
    AuthenticationFailed,
    ExchangeUnavailable,
    OrderOutcomeUnknown,
    OrderRefused,
    RateLimited,
    StopWouldTrigger,
)
from helix_core.ccxt import Answer, Meaning
from helix_core.clock import SystemClock
from helix_kraken import errors
from tests.drivers.kraken_venue import ADD, BALANCE, ENTRY, KEY_INFO, QUERY, ok, refusal, stop_for
from tests.drivers.specimens import entry
from tests.drivers.tiny_venue import Reply

if TYPE_CHECKING:
    from helix_kraken.client import KrakenClient
    from tests.drivers.tiny_venue import TinyVenue

FINAL = [
    "EOrder:Insufficient funds",
    "EOrder:Order minimum not met",
    "EOrder:Cost minimum not met",
    "EOrder:Tick size check failed",
    "EOrder:Invalid price",
    "EOrder:Invalid price:Invalid price argument",
    "EOrder:Orders limit exceeded",
    "EOrder:Scheduled orders limit exceeded",
    "EOrder:Post only order",
    "EOrder:Trading agreement required",
    "EOrder:A word of next year",
    "EGeneral:Invalid arguments",
    "EGeneral:Invalid arguments:price",
    "EGeneral:Invalid arguments:volume",
    "EGeneral:Invalid arguments:ordertype",
    "EGeneral:Invalid arguments:Index unavailable",
    "EGeneral:Unknown method",
    "EGeneral:Permission denied",
    "EGeneral:Temporary lockout",
    "EAPI:Invalid key",
    "EAPI:Invalid signature",
    "EAccount:Invalid permissions",
    "EAuth:Account temporary disabled",
    "EQuery:Unknown asset pair",
    "EService:Market in cancel_only mode",
    "EService:Market in post_only mode",
    "EService:Market in limit_only mode",
]
PASSING = [
    "EAPI:Invalid nonce",
    "EService:Deadline elapsed",
    "EOrder:Rate limit exceeded",
    "EOrder:Domain rate limit exceeded",
    "EAPI:Rate limit exceeded",
    "EAuth:Rate limit exceeded",
    "EGeneral:Too many requests",
    "EService:Throttled:1780000000",
]
OPEN_ENDED = [
    "EService:Timeout",
    "EService:Unavailable",
    "EService:Busy",
    "EService:A word of next year",
    "EDatabase:Internal error",
    "EGeneral:Internal error",
    "EGeneral:Internal error:500",
    "EGeneral:Invalid arguments:cl_ord_id",
    "ETrade:User Locked",
    "ETrade:Locked",
    "EOrder:Unknown order",
    "WGeneral:A warning",
    "words without a class",
]


@pytest.mark.parametrize("text", FINAL)
async def test_an_order_is_refused_for_good(kraken: KrakenClient, tiny: TinyVenue, text: str) -> None:
    tiny.on("POST", ADD, refusal(text))

    with pytest.raises(OrderRefused, match="Kraken refused: E") as refused:
        await kraken.place_market_order(entry())

    assert (refused.value.transient, refused.value.code) == (False, text.split(":", maxsplit=1)[0])
    assert text.split(":", 1)[1] in str(refused.value)
    assert len(tiny.sent("POST", ADD)) == 1


async def test_an_order_whose_deadline_has_passed_leaves_with_a_right_one_next_time(
    kraken: KrakenClient, tiny: TinyVenue
) -> None:
    """The machine's clock fell behind by a minute. Kraken's refusal sets the deadlines right again."""
    ahead = SystemClock().now().timestamp() + 60
    tiny.on("GET", "/0/public/Time", ok({"unixtime": int(ahead)}))
    tiny.on("POST", ADD, refusal("EService:Deadline elapsed"), ok({"txid": [ENTRY]}))
    tiny.on("POST", QUERY, ok({}))

    with pytest.raises(OrderRefused):
        await kraken.place_market_order(entry())
    await kraken.place_market_order(entry())

    late, right = (datetime.fromisoformat(seen.parameters["deadline"]) for seen in tiny.sent("POST", ADD))
    assert 55 < (right - late).total_seconds() < 65


@pytest.mark.parametrize("text", PASSING)
async def test_an_order_is_refused_for_now(kraken: KrakenClient, tiny: TinyVenue, text: str) -> None:
    """It was not placed, so the core may send it once more."""
    tiny.on("POST", ADD, refusal(text))

    with pytest.raises(OrderRefused) as refused:
        await kraken.place_market_order(entry())

    assert refused.value.transient
    assert len(tiny.sent("POST", ADD)) == 1


UNPROVEN = [
    *(refusal(text) for text in OPEN_ENDED),
    refusal("EOrder:Insufficient funds", "EService:Timeout"),
    refusal("EOrder:Rate limit exceeded", status=429),
    refusal("EOrder:Insufficient funds", status=502),
    refusal("EOrder:Insufficient funds", status=520),
    Reply("<html>", 504),
    Reply("<html>", 524),
    Reply("<html>", 403),
    Reply("<html>", 429),
    Reply("<html>", 200),
    Reply("", 200),
    ok({}),
    ok({"txid": [], "descr": {}}),
    ok({"descr": {"order": "buy"}}),
    Reply({"error": "EOrder:Insufficient funds"}),
    *(Reply("x" * 40, fault=fault) for fault in ("reset", "close", "cut", "garbage", "hang")),
]


@pytest.mark.parametrize("reply", UNPROVEN, ids=lambda reply: f"{reply.fault or reply.status} {reply.text()[:60]}")
async def test_whatever_proves_nothing_is_unknown(kraken: KrakenClient, tiny: TinyVenue, reply: Reply) -> None:
    tiny.on("POST", ADD, reply)

    with pytest.raises(OrderOutcomeUnknown):
        await kraken.place_market_order(entry())

    assert len(tiny.sent("POST", ADD)) == 1


async def test_a_stop_that_would_fire_at_once_is_told_apart(kraken: KrakenClient, tiny: TinyVenue) -> None:
    tiny.on("POST", ADD, refusal("EOrder:Stop price would trigger immediately"))

    with pytest.raises(StopWouldTrigger):
        await kraken.place_oco_order(stop_for(entry_order_id=None))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("EAPI:Rate limit exceeded", RateLimited),
        ("EOrder:Rate limit exceeded", RateLimited),
        ("EService:Throttled:1780000000", RateLimited),
        ("EGeneral:Temporary lockout", RateLimited),
        ("EAPI:Invalid key", AuthenticationFailed),
        ("EGeneral:Permission denied", AuthenticationFailed),
        ("ETrade:User Locked", AuthenticationFailed),
        ("EService:Unavailable", ExchangeUnavailable),
        ("EGeneral:Internal error", ExchangeUnavailable),
        ("EGeneral:Invalid arguments", ExchangeUnavailable),
    ],
)
async def test_a_question_ends_in_the_contract_s_words(
    kraken: KrakenClient, tiny: TinyVenue, text: str, error: type[Exception]
) -> None:
    tiny.on("POST", BALANCE, refusal(text))

    with pytest.raises(error):
        await kraken.get_balance()


@pytest.mark.parametrize(("text", "pause_s"), [("EAPI:Rate limit exceeded", 3.1), ("EGeneral:Temporary lockout", 900)])
async def test_after_too_many_questions_nothing_is_asked_for_a_while(
    kraken: KrakenClient, tiny: TinyVenue, text: str, pause_s: float
) -> None:
    """A lockout is made longer by asking on; an order is still sent."""
    tiny.on("POST", KEY_INFO, refusal(text))
    with pytest.raises(RateLimited) as first:
        await kraken.key_permissions()
    asked = len(tiny.seen)

    with pytest.raises(RateLimited):
        await kraken.key_permissions()

    assert first.value.retry_after_s == pause_s
    assert len(tiny.seen) == asked
    assert (await kraken.place_market_order(entry())).raw_status == "placed"


async def test_a_question_with_an_old_nonce_is_asked_again(kraken: KrakenClient, tiny: TinyVenue) -> None:
    tiny.on("POST", BALANCE, refusal("EAPI:Invalid nonce"), ok({"USDT": {"balance": "1", "hold_trade": "0"}}))

    await kraken.get_balance()

    first, second = (int(seen.parameters["nonce"]) for seen in tiny.sent("POST", BALANCE))
    assert second > first


def test_of_several_texts_the_one_that_leaves_most_open_counts() -> None:
    answer = Answer(200, {}, {"error": ["EOrder:Insufficient funds", "EService:Busy"]})

    ruling = errors.ruling(answer)

    assert (ruling.meaning, ruling.code, ruling.words) == (Meaning.UNKNOWN, "EService", "Busy")


def test_a_429_over_orders_pauses_questions_for_no_longer_than_that() -> None:
    """Kraken counts orders apart from questions: with one position to look after, a pause that doubles is too long."""
    said = {"error": ["EOrder:Rate limit exceeded"]}

    over_orders = errors.ruling(Answer(status=429, headers={}, data=said))
    over_all = errors.ruling(Answer(status=429, headers={}, data=None))

    assert (over_orders.meaning, over_orders.pause_s) == (Meaning.THROTTLED, errors.ORDERS_PAUSE_S)
    assert (over_all.meaning, over_all.pause_s) == (Meaning.THROTTLED, None)
