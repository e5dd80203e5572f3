"""The key: what it may do is asked again every hour, and a venue that refuses it stops entries."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from helix_core.domain.halt import HaltKind
from helix_core.engine import breaker
from helix_core.errors import DataMissing, ExchangeError, StoreError

if TYPE_CHECKING:
    from helix_core.engine.account import Account

log = structlog.get_logger(__name__)

_EVERY_S = 3600.0
_AGAIN_S = 60.0
_GLANCE_S = 5.0
_REFUSALS = 3


class KeyWatch:
    """Halts when the key can withdraw, cannot trade any more, or is refused. Stops go on where the venue lets them."""

    def __init__(self, account: Account) -> None:
        """Watch the key of one account."""
        self._client, self._store, self._market = account.client, account.store, account.market
        self._clock = account.clock

    async def run(self) -> None:
        """Watch until cancelled. The key was asked about at start."""
        due, refused = self._clock.monotonic() + _EVERY_S, False
        while True:
            await asyncio.sleep(_GLANCE_S)
            was_refused, refused = refused, self._market.balances.key_refusals >= _REFUSALS
            try:
                if refused and not was_refused:
                    await self._halt(
                        f"{self._client.label} refuses the API key. Stops on the venue stay, nobody moves them"
                    )
                if self._clock.monotonic() >= due:
                    due = self._clock.monotonic() + await self._ask()
            except StoreError as error:
                log.warning("key_not_checked", problem=str(error))

    async def _ask(self) -> float:
        """Ask once, and say in how many seconds to ask again."""
        try:
            rights = await self._client.key_permissions()
        except (ExchangeError, DataMissing) as error:
            log.warning("key_not_checked", problem=str(error))
            return _AGAIN_S
        if rights.applicable and rights.can_withdraw:
            await self._halt(f"The API key may move money out of {self._client.label} now ({rights.detail})")
        elif rights.applicable and not rights.can_trade:
            await self._halt(f"The API key may not trade on {self._client.label} any more ({rights.detail})")
        return _EVERY_S

    async def _halt(self, detail: str) -> None:
        async with self._store.write() as session:
            await breaker.halt(session, HaltKind.MANUAL, detail, self._clock.now())
