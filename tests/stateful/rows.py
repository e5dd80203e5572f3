"""The rows of a trade whose fills do not matter, and where a machine's database lies."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from helix_core import OrderKind
from helix_core.domain.position import Position
from helix_core.store.schema import JournalRow, JournalState

if TYPE_CHECKING:
    from datetime import datetime

IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Thousands of commits: a disk would be waited for, and what it holds is no different."""
COST, QUANTITY = Decimal(5_000), Decimal("0.1")


def entry_row(signal_row: int, now: datetime) -> JournalRow:
    """The journal's row of an entry that was filled."""
    return JournalRow(
        client_order_id=f"e{signal_row}",
        signal_row=signal_row,
        kind=OrderKind.ENTRY.value,
        attempt=1,
        symbol="BTC/USDT",
        side="BUY",
        quantity=QUANTITY,
        state=JournalState.DONE.value,
        sent_at=now,
        fence_at=now,
        updated_at=now,
    )


def position(pnl: Decimal) -> Position:
    """Bought, and sold for so much more or less."""
    zero = Decimal(0)
    return Position(
        bought=QUANTITY,
        sold=QUANTITY,
        held=zero,
        cost=COST,
        proceeds=COST + pnl,
        quote_fees=zero,
        other_fees={},
    )
