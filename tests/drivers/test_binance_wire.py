"""What leaves for Binance, to the last character."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from helix_core import OrderKind, TradingMode
from tests.drivers.specimens import (
    AT_MS,
    CID,
    KEY,
    SECRET,
    account,
    bought,
    entry,
    leave,
    order,
    order_list,
    profit_leg,
    protect,
    ref,
    stop_leg,
)
from tests.drivers.tiny_venue import Reply, Seen

if TYPE_CHECKING:
    from collections.abc import Callable

    from helix_binance.client import BinanceClient
    from helix_core import ExchangeConfig
    from tests.drivers.tiny_venue import TinyVenue

ORDER = "/api/v3/order"


def plain(seen: Seen) -> dict[str, str]:
    """The parameters without what signing adds."""
    return {key: value for key, value in seen.parameters.items() if key not in {"timestamp", "signature", "recvWindow"}}


@pytest.mark.parametrize(("make", "side"), [(entry, "BUY"), (leave, "SELL")])
async def test_a_market_order_names_its_quantity_and_nothing_else(
    binance: BinanceClient, tiny: TinyVenue, make: type, side: str
) -> None:
    tiny.on("POST", ORDER, Reply({**bought(), "side": side}))

    await binance.place_market_order(make())

    assert plain(tiny.seen[0]) == {
        "symbol": "BTCUSDT",
        "side": side,
        "type": "MARKET",
        "quantity": "0.0084",
        "newClientOrderId": CID,
        "newOrderRespType": "FULL",
    }


async def test_an_oco_is_a_stop_below_and_a_limit_far_above(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("POST", "/api/v3/orderList/oco", Reply(order_list()))

    await binance.place_oco_order(protect())

    assert plain(tiny.seen[0]) == {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "quantity": "0.0084",
        "aboveType": "LIMIT_MAKER",
        "abovePrice": "128421",
        "belowType": "STOP_LOSS",
        "belowStopPrice": "62926.3",
        "listClientOrderId": f"{CID}-l",
        "aboveClientOrderId": f"{CID}-tp",
        "belowClientOrderId": f"{CID}-sl",
        "newOrderRespType": "RESULT",
    }


async def test_prices_and_sizes_off_the_steps_are_rounded_to_the_safe_side(
    binance: BinanceClient, tiny: TinyVenue
) -> None:
    """Never more coins, never a stop further away."""
    from dataclasses import replace
    from decimal import Decimal

    tiny.on("POST", "/api/v3/orderList/oco", Reply(order_list()))
    rough = replace(
        protect(quantity="0.00840999"),
        stop_price=Decimal("62926.301"),
        take_profit_price=Decimal("128421.009"),
    )

    await binance.place_oco_order(rough)

    sent = plain(tiny.seen[0])
    assert (sent["quantity"], sent["belowStopPrice"], sent["abovePrice"]) == ("0.0084", "62926.31", "128421")


async def test_a_stop_alone_is_a_stop_loss_order(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("POST", ORDER, Reply(stop_leg(orderListId=-1)))

    await binance.place_oco_order(protect(plain=True))

    assert plain(tiny.seen[0]) == {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "STOP_LOSS",
        "quantity": "0.0084",
        "stopPrice": "62926.3",
        "newClientOrderId": f"{CID}-sl",
        "newOrderRespType": "FULL",
    }


async def test_a_cancel_of_a_stop_names_the_list(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("DELETE", "/api/v3/orderList", Reply(order_list()))
    tiny.on("GET", ORDER, Reply(stop_leg("CANCELED")), Reply(profit_leg("CANCELED")))

    await binance.cancel_order(ref(OrderKind.STOP))

    assert plain(tiny.seen[0]) == {"symbol": "BTCUSDT", "listClientOrderId": f"{CID}-l"}
    assert [plain(seen)["origClientOrderId"] for seen in tiny.seen[1:]] == [f"{CID}-sl", f"{CID}-tp"]


async def test_every_signed_request_carries_key_window_and_a_right_signature(
    binance: BinanceClient, tiny: TinyVenue
) -> None:
    tiny.on("POST", ORDER, Reply(bought()))
    tiny.on("GET", ORDER, Reply(order()))

    await binance.place_market_order(entry())
    await binance.find_order(ref())
    await binance.get_balance()

    assert [seen.path for seen in tiny.seen] == [ORDER, ORDER, "/api/v3/account"]
    for seen in tiny.seen:
        signed, _, signature = seen.query.rpartition("&signature=")
        assert hmac.new(SECRET.encode(), signed.encode(), "sha256").hexdigest() == signature
        assert seen.query.startswith("timestamp=")
        assert seen.parameters["recvWindow"] == "5000"
        assert seen.headers["x-mbx-apikey"] == KEY


async def test_the_venues_time_is_used_and_the_offset_known(binance: BinanceClient, tiny: TinyVenue) -> None:
    """A clock that is years ahead of the venue's still sends the venue's time."""
    tiny.on("GET", "/api/v3/time", Reply({"serverTime": AT_MS - 10**11}))
    tiny.on("GET", ORDER, Reply(order()))

    offset_s = await binance.clock_offset_s()
    await binance.find_order(ref())

    now_s = binance.config.clock.now().timestamp()
    assert offset_s == pytest.approx(now_s - (AT_MS - 10**11) / 1000, abs=1)
    assert int(tiny.seen[-1].parameters["timestamp"]) == pytest.approx(AT_MS - 10**11, abs=2000)


def every_url(node: object) -> list[str]:
    """All addresses in a ccxt table of them."""
    if isinstance(node, dict):
        return [url for value in node.values() for url in every_url(value)]
    return [str(node)]


@pytest.mark.parametrize("mode", [TradingMode.LIVE, TradingMode.TESTNET, TradingMode.PAPER])
def test_base_url_replaces_every_origin_and_keeps_the_paths(
    config: Callable[..., ExchangeConfig], mode: TradingMode
) -> None:
    from helix_binance.client import BinanceClient
    from helix_core.ccxt.wire import open_venue

    settings = config(mode=mode, base_url="http://127.0.0.1:9/")

    venue = open_venue("binance", settings, BinanceClient.venue_options)

    urls = every_url(venue.urls["api"])
    assert {urlsplit(url).netloc for url in urls} == {"127.0.0.1:9"}
    assert venue.urls["api"]["private"] == "http://127.0.0.1:9/api/v3"
    assert venue.urls["api"]["public"] == "http://127.0.0.1:9/api/v3"
    assert venue.urls["api"]["sapi"] == "http://127.0.0.1:9/sapi/v1"


def test_the_testnet_has_no_other_addresses_than_its_own(config: Callable[..., ExchangeConfig]) -> None:
    from helix_binance.client import BinanceClient
    from helix_core.ccxt.wire import open_venue

    venue = open_venue("binance", config(mode=TradingMode.TESTNET, base_url=None), BinanceClient.venue_options)

    assert venue.urls["api"]["private"] == "https://testnet.binance.vision/api/v3"
    assert "sapi" not in venue.urls["api"]


async def test_a_flood_of_questions_does_not_hold_up_an_order(tiny: TinyVenue, binance: BinanceClient) -> None:
    """Questions are spaced; an order leaves while they wait."""
    import asyncio

    from helix_binance.client import BinanceClient
    from helix_core.ccxt import Bounds

    class Slow(BinanceClient):
        bounds = Bounds(question_interval_s=0.3)

    client = Slow(binance.config)
    await client.connect()
    tiny.seen.clear()
    tiny.on("GET", "/api/v3/account", Reply(account()))
    tiny.on("POST", ORDER, Reply(bought()))

    questions = [asyncio.ensure_future(client.get_balance()) for _ in range(3)]
    await asyncio.sleep(0.01)
    await client.place_market_order(entry())

    assert tiny.seen[-1].path == ORDER
    assert len(tiny.seen) < 3
    await asyncio.gather(*questions)
    await client.disconnect()
