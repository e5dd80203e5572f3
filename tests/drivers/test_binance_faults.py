"""What a broken line proves: nothing, unless no connection ever stood."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from helix_binance.client import BinanceClient
from helix_core import (
    ExchangeError,
    ExchangeUnavailable,
    OrderKind,
    OrderOutcomeUnknown,
    OrderRefused,
    OrderReport,
    OrderStatus,
)
from tests.drivers.specimens import bought, entry, order, protect, ref
from tests.drivers.tiny_venue import Reply

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from helix_core import ExchangeConfig
    from tests.drivers.tiny_venue import TinyVenue

ORDER, LIST = "/api/v3/order", "/api/v3/orderList/oco"
WRONG = [
    Reply(bought(), fault="reset"),
    Reply(bought(), fault="close"),
    Reply(bought(), fault="cut"),
    Reply(bought(), fault="garbage"),
    Reply(bought(), fault="hang"),
    Reply(bought(), headers={"Content-Encoding": "gzip"}),
    Reply("", 200),
    Reply("<html>Welcome</html>", 200),
    Reply('{"orderId": 28, "status": "FIL', 200),
    Reply("[]", 200),
    Reply("{}", 200),
    Reply("null", 200),
    Reply('{"orderId": NaN}', 200),
    *(Reply(bought(), status) for status in (301, 302, 307, 308, 500, 502, 503, 504, 520, 523, 524, 527, 529, 599)),
    *(Reply({**bought(), field: None}) for field in ("orderId", "status", "origQty", "executedQty")),
    *(Reply({key: value for key, value in bought().items() if key != field}) for field in ("orderId", "executedQty")),
    Reply({**bought(), "executedQty": "half"}),
    Reply({**bought(), "executedQty": 0.0084}, headers={"X": "a number instead of text is exact too"}),
    Reply({**bought(), "clientOrderId": "somebody-elses"}),
]
FINE = WRONG.pop(-2)
PLACES: dict[str, tuple[str, Callable[[BinanceClient], Awaitable[OrderReport]]]] = {
    "entry": (ORDER, lambda client: client.place_market_order(entry())),
    "pair": (LIST, lambda client: client.place_oco_order(protect())),
    "alone": (ORDER, lambda client: client.place_oco_order(protect(plain=True))),
}


def name(reply: Reply) -> str:
    return f"{reply.fault or reply.status} {reply.text()[:30]}"


@pytest.mark.parametrize(
    ("kind", "reply"),
    [("entry", reply) for reply in WRONG]
    + [(kind, reply) for kind in ("pair", "alone") for reply in WRONG[:3] + WRONG[6:11]],
    ids=lambda value: value if isinstance(value, str) else name(value),
)
async def test_an_order_without_a_whole_answer_is_unknown_and_sent_once(
    binance: BinanceClient, tiny: TinyVenue, kind: str, reply: Reply
) -> None:
    path, send = PLACES[kind]
    tiny.on("POST", path, reply)

    with pytest.raises(OrderOutcomeUnknown):
        await send(binance)

    assert len(tiny.seen) == 1


async def test_a_number_is_as_good_as_its_text(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("POST", ORDER, FINE)

    report = await binance.place_market_order(entry())

    assert str(report.filled) == "0.0084"


async def test_a_redirect_is_not_followed(binance: BinanceClient, tiny: TinyVenue) -> None:
    """A 307 asks to send the very same order again, to wherever it says."""
    tiny.on("POST", ORDER, Reply("", 307, {"Location": f"{tiny.url}/elsewhere"}))

    with pytest.raises(OrderOutcomeUnknown):
        await binance.place_market_order(entry())

    assert [seen.path for seen in tiny.seen] == [ORDER]


async def test_a_refused_connection_proves_that_nothing_was_sent(binance: BinanceClient, tiny: TinyVenue) -> None:
    await tiny.close()
    await asyncio.sleep(0.05)  # the kept connection notices that it was hung up on

    with pytest.raises(OrderRefused, match="connection refused") as refused:
        await binance.place_market_order(entry())

    assert refused.value.transient
    assert refused.value.code is None


async def test_a_name_that_does_not_resolve_proves_that_nothing_was_sent(
    binance: BinanceClient, config: Callable[..., ExchangeConfig], tiny: TinyVenue
) -> None:
    urls = binance.line.venue.urls["api"]
    urls["private"] = urls["private"].replace(tiny.url, "http://no-such-host.invalid")

    with pytest.raises(OrderRefused, match="could not be resolved") as refused:
        await binance.place_market_order(entry())

    assert refused.value.transient


async def test_a_client_that_is_not_connected_sends_nothing(config: Callable[..., ExchangeConfig]) -> None:
    client = BinanceClient(config())

    with pytest.raises(OrderRefused, match="not connected"):
        await client.place_market_order(entry())
    with pytest.raises(ExchangeUnavailable, match="not connected"):
        await client.get_balance()


async def test_less_than_one_lot_never_leaves(binance: BinanceClient, tiny: TinyVenue) -> None:
    for send in (
        binance.place_market_order(entry("0.000001")),
        binance.place_oco_order(protect(quantity="0.000001")),
    ):
        with pytest.raises(OrderRefused, match="nothing was sent"):
            await send

    assert tiny.seen == []


async def test_a_cancelled_task_is_cancelled(binance: BinanceClient, tiny: TinyVenue) -> None:
    """Cancellation is the caller's word, not an outcome: it is never turned into an error."""
    tiny.on("POST", ORDER, Reply(bought(), fault="hang"))
    task = asyncio.ensure_future(binance.place_market_order(entry()))
    await asyncio.sleep(0.1)

    task.cancel()

    assert len(tiny.seen) == 1

    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("fault", ["reset", "close"])
async def test_a_kept_connection_that_died_is_not_silently_used_twice(
    binance: BinanceClient, tiny: TinyVenue, fault: str
) -> None:
    """aiohttp would send a DELETE again by itself."""
    tiny.on("DELETE", "/api/v3/orderList", Reply("", fault=fault))

    with pytest.raises(OrderOutcomeUnknown):
        await binance.cancel_order(ref(OrderKind.STOP))

    assert len(tiny.seen) == 1


@pytest.mark.parametrize("fault", ["reset", "cut", "garbage"])
async def test_a_question_survives_two_broken_answers(binance: BinanceClient, tiny: TinyVenue, fault: str) -> None:
    broken = Reply("{" * 50, fault=fault)
    tiny.on("GET", ORDER, broken, broken, Reply(order()))

    found = await binance.find_order(ref())

    assert found is not None
    assert found.status is OrderStatus.FILLED


@pytest.mark.parametrize("reply", [Reply("", 502), Reply("<html>", 200), Reply(order(), fault="close")], ids=name)
async def test_a_question_gives_up_after_three(binance: BinanceClient, tiny: TinyVenue, reply: Reply) -> None:
    tiny.on("GET", ORDER, reply)

    with pytest.raises(ExchangeUnavailable):
        await binance.find_order(ref())

    assert len(tiny.seen) == 3


async def test_a_question_that_hangs_ends(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("GET", ORDER, Reply(order(), fault="hang"))

    with pytest.raises(ExchangeUnavailable, match=r"ccxt\.RequestTimeout — no answer within 1\.2 s"):
        await binance.find_order(ref())


async def test_the_text_is_fit_for_the_owner(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("POST", ORDER, Reply("", fault="reset"))

    with pytest.raises(OrderOutcomeUnknown) as unknown:
        await binance.place_market_order(entry())

    assert str(unknown.value) == "ccxt.NetworkError — connection reset"


async def test_one_order_is_one_request_whatever_ccxt_would_do(binance: BinanceClient, tiny: TinyVenue) -> None:
    """Even with ccxt told to retry, the second copy is stopped before it leaves."""
    tiny.on("POST", ORDER, Reply("", 503))
    binance.line.venue.options["maxRetriesOnFailure"] = 3

    with pytest.raises(OrderOutcomeUnknown):
        await binance.place_market_order(entry())

    assert len(tiny.seen) == 1


async def test_a_failed_connect_leaves_nothing_open(
    config: Callable[..., ExchangeConfig], tiny: TinyVenue, recwarn: pytest.WarningsRecorder
) -> None:
    client = BinanceClient(config())

    with pytest.raises(ExchangeError):
        await client.connect()
    await client.disconnect()
    await client.disconnect()

    assert client.line.venue is None
    assert not [warning for warning in recwarn if issubclass(warning.category, ResourceWarning)]


async def test_connecting_asks_one_host_for_one_market(
    config: Callable[..., ExchangeConfig], binance: BinanceClient, tiny: TinyVenue
) -> None:
    await binance.connect()

    assert [(seen.path, seen.query) for seen in tiny.seen] == [
        ("/api/v3/time", ""),
        ("/api/v3/exchangeInfo", "symbol=BTCUSDT"),
    ]
