"""What is the owner's stays the same when the dust of old trades is counted into the baseline."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core import Action, Fill, OrderKind, Signal
from helix_core.store import baseline, inbox, journal, trades
from helix_core.store.database import Store
from tests.stateful.rows import entry_row, position

if TYPE_CHECKING:
    from pathlib import Path

    from sqlmodel.ext.asyncio.session import AsyncSession

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEFT = Decimal("0.00000700")


async def test_old_dust_moves_into_the_baseline_and_nothing_of_the_owners_is_lost_or_won(tmp_path: Path) -> None:
    """Trades end an hour apart; the third is open still, so the fourth, though old enough, is not counted in either."""
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/helix.db")
    async with store.write() as session:
        await baseline.accept(session, "BTC", Decimal("0.5"))
        for number in range(1, 6):
            await leave_dust(session, number, NOON + timedelta(hours=number), over=number != 3)
    seen = []
    for hours in (0, 3, 10):
        async with store.write() as session:
            await baseline.advance(session, "BTC", NOON + timedelta(hours=hours))
        async with store.read() as session:
            kept = await baseline.load(session, "BTC")
            assert kept is not None
            seen.append((kept.after_trade, kept.coins, await baseline.reserve(session, "BTC")))
    await store.close()

    whole = Decimal("0.5") + 4 * LEFT
    assert seen == [
        (0, Decimal("0.5"), whole),
        (2, Decimal("0.5") + 2 * LEFT, whole),
        (2, Decimal("0.5") + 2 * LEFT, whole),
    ]


async def leave_dust(session: AsyncSession, number: int, at: datetime, *, over: bool) -> None:
    """A trade that bought so much and sold nothing of it."""
    signal = Signal(signal_id=f"s{number}", action=Action.BUY, symbol="BTC/USDT", price=Decimal(1))
    stored, _ = await inbox.append(session, signal, "{}", at, 60)
    await journal.add(session, entry_row(stored.row, at))
    row = await journal.of_signal(session, stored.row, OrderKind.ENTRY)
    assert row is not None
    await trades.open_trade(session, stored, row, "binance", position(Decimal(0)), at)
    fill = Fill(
        fill_id="1",
        venue_order_id=f"v{number}",
        symbol="BTC/USDT",
        side=Action.BUY,
        price=Decimal(50_000),
        quantity=LEFT,
        fee=Decimal(0),
        fee_currency="USDT",
        at=at,
    )
    await journal.record_fills(session, "binance", number, row.client_order_id, [fill])
    if over:
        await trades.close_trade(
            session, number, position(Decimal(0)), Decimal(0), status="closed", reason="signal", at=at
        )
