"""The paper account in the database: what the memory holds is true, everything else is a copy of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pydantic import ValidationError

from helix_core import ConfigError, ExchangeUnavailable, OrderOutcomeUnknown, StoreError, plain
from helix_plugins.paper.account import PaperAccount

if TYPE_CHECKING:
    from collections.abc import Callable

    from helix_core import ExchangeConfig, Memory

KEY = "account"
_DEFAULT_BALANCE = "10000"
_NEW_ONE = "name a new file in DATABASE_URL, such as sqlite+aiosqlite:///data/paper.db"


class Vault:
    """Changes the account one step at a time; each step is on disk before anybody hears of it."""

    def __init__(self, config: ExchangeConfig, memory: Memory) -> None:
        """Keep the account of `config` in `memory`. Raises ConfigError for an opening balance that is no amount."""
        self._config, self._memory = config, memory
        self._opening = config.decimal("balance", _DEFAULT_BALANCE)
        if self._opening <= 0:
            raise ConfigError(f"PAPER_BALANCE is {plain(self._opening)}. Write an amount above zero.")
        self._lock = asyncio.Lock()
        self._account: PaperAccount | None = None

    async def account(self) -> PaperAccount:
        """The account as it is, opened with PAPER_BALANCE when there is none yet.

        Raises ConfigError when the memory is damaged or another account's, ExchangeUnavailable when the database does
        not answer.
        """
        if self._account is not None:
            return self._account
        try:
            async with self._lock:
                return await self._load()
        except StoreError as error:
            raise ExchangeUnavailable(f"The paper account could not be read. {error}") from error

    async def change(self, step: Callable[[PaperAccount], PaperAccount]) -> PaperAccount:
        """Take one step, keep the result, return it. What `step` raises goes through, and nothing has changed.

        Raises OrderOutcomeUnknown when the database does not say that it kept it.
        """
        try:
            async with self._lock:
                before = await self._load()
                after = step(before)
                if after is not before:
                    await self._keep(after)
                return after
        except StoreError as error:
            raise OrderOutcomeUnknown(f"The paper account could not be kept. {error}") from error

    async def _load(self) -> PaperAccount:
        if self._account is None:
            text = await self._memory.recall(KEY)
            if text is None:
                await self._keep(self._opened())
            else:
                self._account = self._read(text)
        assert self._account is not None
        return self._account

    async def _keep(self, account: PaperAccount) -> None:
        """Write the account down. Until that is certain nobody holds a copy: the next one to ask reads the memory."""
        self._account = None
        keeping = asyncio.ensure_future(self._memory.keep(KEY, account.model_dump_json()))
        try:
            await asyncio.shield(keeping)
        finally:
            await keeping  # a caller who loses patience must not leave a write behind that lands later
        self._account = account

    def _opened(self) -> PaperAccount:
        symbol, now = self._config.symbol, self._config.clock.now()
        return PaperAccount(
            exchange=self._config.name,
            symbol=symbol,
            born=str(int(now.timestamp() * 1_000_000)),
            holdings={symbol.split("/")[1]: self._opening},
        )

    def _read(self, text: str) -> PaperAccount:
        try:
            account = PaperAccount.model_validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the whole"
            raise ConfigError(
                f"The paper account in the database is damaged ({where}: {first['msg']}). Nothing was guessed and "
                f"nothing was changed. Restore a backup of the database, or begin a new account: {_NEW_ONE}."
            ) from error
        mine, theirs = (self._config.name, self._config.symbol), (account.exchange, account.symbol)
        if mine != theirs:
            raise ConfigError(
                f"The paper account in the database trades {theirs[1]} on {theirs[0]}; the settings say {mine[1]} on "
                f"{mine[0]}. Set TRADING_PAIR and ACTIVE_EXCHANGE back, or begin a new account: {_NEW_ONE}."
            )
        return account
