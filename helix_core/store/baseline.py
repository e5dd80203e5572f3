"""The baseline: coins in the account that are the owner's, which the bot never counts as its own nor sells.

It is kept as one figure and a trade: `coins` belong to the owner, and so does what trades that closed after
`after_trade` left over, dust that no venue takes. Where a human took more than dust from a trade, `coins` is so much
less: together they are what is in the account.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import bindparam
from sqlmodel import col, func, or_, select

from helix_core.domain.signal import Action
from helix_core.store import rows
from helix_core.store.schema import FillRow, MetaRow, TradeRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel.ext.asyncio.session import AsyncSession

_KEY = "baseline {}"
_WRITTEN_OFF = "cancelled"
# Built once: building one of these takes as long as asking it.
_LEFT_OVER = (
    select(FillRow)
    .join(TradeRow, col(TradeRow.id) == FillRow.trade_id)
    .where(
        col(FillRow.trade_id) > bindparam("after_trade"),
        col(FillRow.symbol).startswith(bindparam("pair_of")),
        col(TradeRow.status).not_in(["open", _WRITTEN_OFF]),
    )
)


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was accepted: base units that are the owner's, and the last trade whose dust is among them."""

    coins: Decimal
    after_trade: int


async def load(session: AsyncSession, base: str) -> Baseline | None:
    """The baseline in this coin; None before anybody accepted one."""
    row = await rows.find(session, MetaRow, _KEY.format(base))
    if row is None:
        return None
    coins, after_trade = row.value.split()
    return Baseline(Decimal(coins), int(after_trade))


async def reserve(session: AsyncSession, base: str) -> Decimal:
    """Base units in the account that are not the bot's to sell: the baseline, and dust of closed trades since.

    Nothing but dust while no baseline is accepted: entries are halted then wherever there is more.
    """
    kept = await load(session, base) or Baseline(Decimal(0), 0)
    return kept.coins + await dust(session, base, kept.after_trade)


async def accept(session: AsyncSession, base: str, owned: Decimal) -> None:
    """From now on `owned` base units of the account are the owner's, the dust of closed trades included."""
    query = select(func.min(TradeRow.id)).where(TradeRow.status == "open")
    first_open = (await session.exec(query)).one()
    latest = (await session.exec(select(func.max(TradeRow.id)))).one() or 0
    after_trade = latest if first_open is None else first_open - 1
    coins = owned - await dust(session, base, after_trade)
    row = await rows.find(session, MetaRow, _KEY.format(base)) or MetaRow(key=_KEY.format(base), value="")
    row.value = f"{coins:f} {after_trade}"
    session.add(row)


async def advance(session: AsyncSession, base: str, before: datetime) -> None:
    """Count the dust of trades that were over `before` then into the baseline: what is the owner's stays the same.

    So what is summed up at each look is the dust of the latest trades, not of all there ever were.
    """
    kept = await load(session, base)
    if kept is None:
        return
    query = select(func.min(TradeRow.id)).where(
        col(TradeRow.id) > kept.after_trade,
        or_(col(TradeRow.closed_at).is_(None), col(TradeRow.closed_at) >= before),
    )
    first_left = (await session.exec(query)).one()
    latest = (await session.exec(select(func.max(TradeRow.id)))).one() or 0
    after_trade = latest if first_left is None else first_left - 1
    if after_trade > kept.after_trade:
        settled = await dust(session, base, kept.after_trade) - await dust(session, base, after_trade)
        row = await rows.need(session, MetaRow, _KEY.format(base))
        row.value = f"{kept.coins + settled:f} {after_trade}"
        session.add(row)


async def miss(session: AsyncSession, base: str, taken: Decimal) -> None:
    """What a closed trade should have left over was `taken` by somebody: it is not in the account for the owner."""
    kept = await load(session, base) or Baseline(Decimal(0), 0)
    row = await rows.find(session, MetaRow, _KEY.format(base)) or MetaRow(key=_KEY.format(base), value="")
    row.value = f"{kept.coins - taken:f} {kept.after_trade}"
    session.add(row)


async def dust(session: AsyncSession, base: str, after_trade: int) -> Decimal:
    """Base units that closed trades with a higher id left in the account. One written off left nothing."""
    rows = await session.exec(_LEFT_OVER, params={"after_trade": after_trade, "pair_of": f"{base}/"})
    return sum((_moved(row, base) for row in rows), Decimal(0))


def _moved(fill: FillRow, base: str) -> Decimal:
    """Base units that one execution brought into the account, net of a fee taken in the coin."""
    quantity = fill.quantity if fill.side == Action.BUY.value else -fill.quantity
    return quantity - fill.fee if fill.fee_currency == base else quantity
