"""Whose trades a database holds: those of one exchange in one mode; and whose account it is: that of one bot."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from helix_core.errors import ConfigError, StoreError
from helix_core.store import rows
from helix_core.store.locks import open_lock, take
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
        row = await rows.find(session, MetaRow, _KEY)
        if row is None:
            session.add(MetaRow(key=_KEY, value=mine))
        elif row.value != mine:
            raise ConfigError(
                f"The database holds what was traded as {row.value}; the settings now say {mine}. Set ACTIVE_EXCHANGE "
                f"and TRADING_MODE back, or name a new file in DATABASE_URL, such as "
                f"sqlite+aiosqlite:///data/{exchange}-{mode.value}.db."
            )


def hold(store: Store, *account: str) -> None:
    """Be the only bot of this user on `account` for as long as `store` is open, whatever database another one has.

    `account` is whatever tells it from others, such as the venue, its address and the API key: only a digest of it is
    ever written down. Two bots on one account would each take the other's coins for its own. Raises StoreError at once
    when another bot of this machine holds it; one on another machine is noticed by its orders.
    """
    digest = hashlib.sha256("\n".join(account).encode()).hexdigest()[:32]
    path = Path(tempfile.gettempdir()) / f"helix-{os.getuid()}-{digest}.lock"
    try:
        lock = open_lock(path)
    except OSError as error:
        raise StoreError(f"The lock of this account, {path}, cannot be opened: {error.strerror}.") from error
    if not take(lock):
        raise StoreError("Another Helix already trades on this account. Stop it first: one account, one bot.")
    store.hold(lock)
