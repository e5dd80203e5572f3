"""The Binance driver with a broken session: keys, secrets, pauses, the testnet."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from helix_core import (
    ApprovedOrder,
    AuthenticationFailed,
    Balances,
    Capabilities,
    ExchangeConfig,
    ExchangeError,
    ExchangeUnavailable,
    ExitOrder,
    KeyPermissions,
    OrderRefused,
    OrderReport,
    RateLimited,
)
from helix_core.ccxt import Bounds
from tests.conformance.test_binance import Impatient


class SaysTheSecret(Impatient):
    """Puts what was sent into the error, to help."""

    async def get_balance(self) -> Balances:
        try:
            return await super().get_balance()
        except ExchangeError as error:
            assert self.config.api_secret is not None
            message = f"{error} (signed with {self.config.api_secret.get_secret_value()})"
            raise ExchangeUnavailable(message) from None


class ShowsTheKey(Impatient):
    """Has a repr with everything in it."""

    def __repr__(self) -> str:
        assert self.config.api_key is not None
        return f"Client({self.config.api_key.get_secret_value()})"


class TrustsEveryKey(Impatient):
    """Does not ask what the key may do."""

    async def key_permissions(self) -> KeyPermissions:
        return replace(await super().key_permissions(), can_withdraw=False)


class TakesARejectedKeyForTrouble(Impatient):
    """Takes a key that is not accepted for a line that is down."""

    async def get_balance(self) -> Balances:
        try:
            return await super().get_balance()
        except AuthenticationFailed as error:
            raise ExchangeUnavailable(str(error)) from None


class ClosesOnlyOnce(Impatient):
    """Fails when it is closed a second time."""

    _open = False

    async def connect(self) -> None:
        await super().connect()
        self._open = True

    async def disconnect(self) -> None:
        if self._open and self.line.venue is None:
            message = "closed already"
            raise RuntimeError(message)
        await super().disconnect()


class HasNoFence(Impatient):
    """Does not say how long an order may still appear."""

    capabilities = Capabilities(testnet=True, entry_carries_stop=False, order_fence_s=0)


class TakesTheMarketForTheTestnet(Impatient):
    """Has no testnet, and connects all the same."""

    capabilities = Capabilities(testnet=False, entry_carries_stop=False, order_fence_s=20)

    async def connect(self) -> None:
        if self.config.base_url is not None:
            await super().connect()


class WaitsForPolls(Impatient):
    """Sends one request at a time, whatever it is."""

    def __init__(self, config: ExchangeConfig) -> None:
        super().__init__(config)
        self._one_at_a_time = asyncio.Lock()

    async def get_balance(self) -> Balances:
        async with self._one_at_a_time:
            return await super().get_balance()

    async def place_market_order(self, order: ApprovedOrder | ExitOrder) -> OrderReport:
        async with self._one_at_a_time:
            return await super().place_market_order(order)


class HoldsOrdersBackInAPause(Impatient):
    """Sends no order while questions must rest."""

    async def place_market_order(self, order: ApprovedOrder | ExitOrder) -> OrderReport:
        try:
            await self.clock_offset_s()
        except RateLimited as error:
            raise OrderRefused(str(error)) from None
        except ExchangeUnavailable:
            return await super().place_market_order(order)
        return await super().place_market_order(order)


class NeverGivesUp(Impatient):
    """Waits for an answer as long as it takes."""

    bounds = Bounds(order_timeout_s=600, question_timeout_s=600, question_interval_s=0)


class ConnectsByItself(Impatient):
    """Opens a session nobody asked for when an order comes."""

    async def place_market_order(self, order: ApprovedOrder | ExitOrder) -> OrderReport:
        if self.line.venue is None:
            await self.connect()
        return await super().place_market_order(order)
