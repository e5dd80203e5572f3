"""What the key may do: anything not stated to be harmless is dangerous."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from helix_binance.client import BinanceClient
from helix_core import AuthenticationFailed, TradingMode
from tests.drivers.specimens import AT_MS, SYMBOL, refusal, set_up
from tests.drivers.tiny_venue import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from helix_core import ExchangeConfig
    from tests.drivers.tiny_venue import TinyVenue

PATH = "/sapi/v1/account/apiRestrictions"
SAFE = {
    "ipRestrict": True,
    "enableReading": True,
    "enableSpotAndMarginTrading": True,
    "enableWithdrawals": False,
    "enableInternalTransfer": False,
    "permitsUniversalTransfer": False,
}
DANGERS = ["enableWithdrawals", "enableInternalTransfer", "permitsUniversalTransfer"]
NEEDS = ["enableReading", "enableSpotAndMarginTrading"]
MISSING = object()


async def test_a_key_that_only_reads_and_trades_is_safe(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("GET", PATH, Reply(SAFE))

    permissions = await binance.key_permissions()

    assert (permissions.applicable, permissions.can_trade, permissions.can_withdraw) == (True, True, False)
    assert permissions.warnings == ()


def changed(field: str, value: Any) -> dict[str, Any]:
    return {key: each for key, each in {**SAFE, field: value}.items() if each is not MISSING}


@pytest.mark.parametrize("value", [True, MISSING, None, "false", 0])
@pytest.mark.parametrize("field", DANGERS)
async def test_a_danger_not_stated_to_be_off_is_on(
    binance: BinanceClient, tiny: TinyVenue, field: str, value: Any
) -> None:
    tiny.on("GET", PATH, Reply(changed(field, value)))

    assert (await binance.key_permissions()).can_withdraw


@pytest.mark.parametrize("value", [False, MISSING, None, "true", 1])
@pytest.mark.parametrize("field", NEEDS)
async def test_a_right_not_stated_to_be_on_is_off(
    binance: BinanceClient, tiny: TinyVenue, field: str, value: Any
) -> None:
    tiny.on("GET", PATH, Reply(changed(field, value)))

    assert not (await binance.key_permissions()).can_trade


async def test_an_open_address_and_an_end_of_trading_are_warned_of(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("GET", PATH, Reply({**SAFE, "ipRestrict": False, "tradingAuthorityExpirationTime": AT_MS}))

    warnings = (await binance.key_permissions()).warnings

    assert "every address" in warnings[0]
    assert "2026-05-28 20:26 UTC" in warnings[1]


async def test_a_key_that_is_not_accepted_is_not_a_safe_key(binance: BinanceClient, tiny: TinyVenue) -> None:
    tiny.on("GET", PATH, refusal(-2015, "Invalid API-key, IP, or permissions for action.", 401))

    with pytest.raises(AuthenticationFailed):
        await binance.key_permissions()


async def test_the_testnet_cannot_say(tiny: TinyVenue, config: Callable[..., ExchangeConfig]) -> None:
    permissions = await BinanceClient(config(mode=TradingMode.TESTNET)).key_permissions()

    assert not permissions.applicable
    assert permissions.detail == "not applicable on the testnet: it has no permission endpoint"
    assert tiny.seen == []


async def test_without_a_key_paper_mode_reads_the_market_and_pays_the_published_fee(
    tiny: TinyVenue, config: Callable[..., ExchangeConfig]
) -> None:
    set_up(tiny)
    client = BinanceClient(config(mode=TradingMode.PAPER, api_key=None, api_secret=None))
    await client.connect()

    instrument = await client.instrument(SYMBOL)
    with pytest.raises(AuthenticationFailed, match="credential"):
        await client.get_balance()

    await client.disconnect()
    assert str(instrument.taker_fee) == "0.001"
    assert tiny.sent("GET", "/api/v3/account") == []
