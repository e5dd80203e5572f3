"""Rules on what surrounds trading: the driver's description, its session, its key and its secrets."""

from __future__ import annotations

import asyncio
import re
import traceback
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from helix_core.config import TradingMode
from helix_core.contracts.exchange import Capabilities
from helix_core.errors import AuthenticationFailed, ConfigError, HelixError
from helix_core.testing.exchange.wiretap import Trouble
from helix_core.testing.listening import everything_logged

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from helix_core.contracts.exchange import ExchangeClient
    from helix_core.testing.exchange.bench import Bench

_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_LONGEST_FENCE_S = 600
_SIGNATURE = re.compile(r"[A-Za-z0-9+/=%_-]{48,}")
"""Longer than any id or word: a signature, or a key."""


class SessionRules:
    """EX01 to EX06."""

    async def test_ex01_describes_itself(self, bench: Bench) -> None:
        """The name is what ACTIVE_EXCHANGE says, the fence a time one can wait for."""
        client = bench.client

        assert _NAME.fullmatch(client.name)
        assert client.label.strip()
        assert isinstance(client.capabilities, Capabilities)
        assert 0 < client.capabilities.order_fence_s < _LONGEST_FENCE_S

    async def test_ex02_disconnects_at_any_time(self, bench: Bench) -> None:
        """Before connecting, twice, and it connects again."""
        client = bench.rig.client()

        await client.disconnect()
        await client.connect()
        await client.disconnect()
        await client.disconnect()
        await client.connect()
        ticker = await client.get_ticker(bench.symbol)
        await client.disconnect()

        assert ticker.symbol == bench.symbol

    async def test_ex03_without_a_testnet_refuses_the_testnet(self, bench: Bench) -> None:
        """Never silently the real market."""
        if bench.client.capabilities.testnet:
            pytest.skip("the venue has a testnet")

        async def start() -> None:
            client = bench.rig.client(mode=TradingMode.TESTNET, base_url=None)
            try:
                await client.connect()
            finally:
                await client.disconnect()

        end = await bench.ends(start())

        assert isinstance(end, ConfigError), f"TRADING_MODE=testnet ended in {end!r}"

    async def test_ex04_the_right_to_withdraw_is_seen(self, bench: Bench) -> None:
        """A key that can withdraw stops the start; one that cannot does not."""
        account = bench.account
        safe = await bench.client.key_permissions()
        account.allow_withdrawals()
        dangerous = await bench.client.key_permissions()

        assert (safe.applicable, safe.can_trade, safe.can_withdraw) == (True, True, False)
        assert (dangerous.applicable, dangerous.can_withdraw) == (True, True)

    async def test_ex05_a_key_that_is_not_accepted_is_called_so(self, bench: Bench) -> None:
        """And no order goes through with it."""
        account = bench.account
        client = bench.rig.client(api_secret=SecretStr(bench.rig.secret.swapcase()))

        connected = await bench.ends(client.connect())
        asked = await bench.ends(client.get_balance())
        placed = await bench.ends(client.place_market_order(bench.entry()))
        await client.disconnect()

        assert AuthenticationFailed in {type(connected), type(asked)}, f"a wrong key ended in {asked!r}"
        assert isinstance(placed, HelixError), "an order went through with a wrong key"
        assert account.executions() == ()

    async def test_ex06_no_text_says_a_secret(self, bench: Bench) -> None:
        """Not an error, a log or a repr, even when the venue quotes what was sent."""
        rig = bench.rig
        with everything_logged() as log:
            said = [repr(bench.client), repr(vars(bench.client))]
            for trouble in (Trouble.ECHO, Trouble.LOST_ANSWER, Trouble.CUT_BODY):
                for request in rig.wire.ways:
                    bench.arm(request, trouble)
                ends = await asyncio.gather(*(bench.ends(call) for call in _every_call(bench)))
                said += [all_of(end) for end in ends if isinstance(end, HelixError)]

        text = "\n".join(said + log)
        signatures = {found for heard in rig.wire.heard for found in _SIGNATURE.findall(heard.text)}
        told = sorted(secret for secret in {rig.key, rig.secret, *signatures} if secret in text)
        assert not told, f"a text says {told}"


def _every_call(bench: Bench) -> list[Awaitable[object]]:
    client: ExchangeClient = bench.client
    return [
        client.place_market_order(bench.entry()),
        client.place_oco_order(bench.stop(bench.size)),
        client.cancel_order(bench.unheard_of()),
        client.find_order(bench.unheard_of()),
        client.get_balance(),
    ]


def all_of(error: BaseException) -> str:
    """All that a log could print of an error: itself and what hangs on to it."""
    chained = (each for each in (error.__cause__, error.__context__) if each is not None)
    return "\n".join([repr(error), *traceback.format_exception(error), *map(all_of, chained)])
