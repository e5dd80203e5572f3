"""Whose trades a database holds: those of one exchange in one mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core.errors import ConfigError
from helix_core.store.schema import MetaRow

if TYPE_CHECKING:
    from helix_core.config import TradingMode
    from helix_core.store.database import Store

_KEY = "account"


async def claim(store: Store, exchange: str, mode: TradingMode) -> None:
    """Make `store` the database of this exchange in this mode, for good, when it is nobody's yet.

    Raises ConfigError when it is another's: an open trade on paper must never be taken for coins at a venue, nor a
    loss on a testnet for one of real money.
    """
    mine = f"{exchange} {mode.value}"
    async with store.write() as session:
        row = await session.get(MetaRow, _KEY)
        if row is None:
            session.add(MetaRow(key=_KEY, value=mine))
        elif row.value != mine:
            raise ConfigError(
                f"The database holds what was traded as {row.value}; the settings now say {mine}. Set ACTIVE_EXCHANGE "
                f"and TRADING_MODE back, or name a new file in DATABASE_URL, such as "
                f"sqlite+aiosqlite:///data/{exchange}-{mode.value}.db."
            )
