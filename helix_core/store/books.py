"""The books: what the database says should be in the account, and which orders it knows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlmodel import col, select

from helix_core.domain.order import OrderKind
from helix_core.domain.position import fold
from helix_core.store import baseline, journal, rows, trades
from helix_core.store.schema import JournalRow, JournalState, MetaRow, TradeRow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlmodel.ext.asyncio.session import AsyncSession

    from helix_core.domain.market import Instrument

_COMPARED_AT, _TOLD = "compared_at", "findings_told"


@dataclass(frozen=True, slots=True)
class Held:
    """An open trade with the base units that its fills add up to."""

    trade_id: int
    quantity: Decimal
    opened_at: datetime | None


@dataclass(frozen=True, slots=True)
class Unsettled:
    """An order that only the venue's word can end, and since when it has been so."""

    client_order_id: str
    kind: OrderKind
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What the database says of one base coin. `owned` is the owner's; None: no baseline has been accepted."""

    owned: Decimal | None
    dust: Decimal
    trades: tuple[Held, ...]
    unsettled: tuple[Unsettled, ...]

    @property
    def held(self) -> Decimal:
        """Base units of all open trades."""
        return sum((trade.quantity for trade in self.trades), Decimal(0))

    @property
    def expected(self) -> Decimal:
        """Base units that the account should hold. Without a baseline: what trades hold and left over."""
        return self.held + (self.dust if self.owned is None else self.owned)


async def read(session: AsyncSession, rules: Instrument) -> Books:
    """The books of the traded coin as they stand."""
    kept = await baseline.load(session, rules.base)
    leftover = await baseline.dust(session, rules.base, 0 if kept is None else kept.after_trade)
    held = []
    for trade in await trades.open_trades(session):
        assert trade.id is not None
        position = fold(await journal.fills_of(session, trade.id), rules)
        held.append(Held(trade.id, position.held, trade.opened_at))
    return Books(
        owned=None if kept is None else kept.coins + leftover,
        dust=leftover,
        trades=tuple(held),
        unsettled=tuple(_unsettled(row) for row in await journal.unsettled(session)),
    )


def _unsettled(row: JournalRow) -> Unsettled:
    since = row.updated_at if row.state == JournalState.CANCELLING.value else row.sent_at
    return Unsettled(row.client_order_id, OrderKind(row.kind), since)


async def known_orders(session: AsyncSession, client_order_ids: Iterable[str]) -> dict[str, JournalRow]:
    """Those of these orders that the journal knows, by id."""
    rows = await session.exec(select(JournalRow).where(col(JournalRow.client_order_id).in_(list(client_order_ids))))
    return {row.client_order_id: row for row in rows}


async def stops_of_closed_trades(session: AsyncSession) -> list[JournalRow]:
    """Stops that the journal still takes for resting although their trade is over."""
    rows = await session.exec(
        select(JournalRow)
        .join(TradeRow, col(TradeRow.id) == JournalRow.trade_id)
        .where(
            JournalRow.kind == OrderKind.STOP.value,
            JournalRow.state == JournalState.LIVE.value,
            TradeRow.status != "open",
        )
    )
    return list(rows)


async def first_order_at(session: AsyncSession) -> datetime | None:
    """When this database's first order was sent."""
    return (await session.exec(select(JournalRow.sent_at).order_by(col(JournalRow.number)).limit(1))).first()


async def compared_at(session: AsyncSession) -> datetime | None:
    """When account and books last agreed."""
    row = await rows.find(session, MetaRow, _COMPARED_AT)
    return None if row is None else datetime.fromisoformat(row.value)


async def note_compared(session: AsyncSession, now: datetime) -> None:
    """Account and books agree: what was told before may be told again when it comes back."""
    await _keep(session, _COMPARED_AT, now.isoformat())
    await note_told(session, frozenset())


async def told(session: AsyncSession) -> frozenset[str]:
    """Keys of the findings that the owner has been told of."""
    row = await rows.find(session, MetaRow, _TOLD)
    return frozenset() if row is None else frozenset(json.loads(row.value))


async def note_told(session: AsyncSession, keys: frozenset[str]) -> None:
    """Keep which findings the owner has been told of."""
    await _keep(session, _TOLD, json.dumps(sorted(keys)))


async def _keep(session: AsyncSession, key: str, value: str) -> None:
    row = await rows.find(session, MetaRow, key) or MetaRow(key=key, value="")
    row.value = value
    session.add(row)
