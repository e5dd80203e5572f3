"""The circuit breaker: stops entries before the account can blow up."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import structlog

from helix_core.domain.halt import HaltKind
from helix_core.domain.notice import NoticeKind
from helix_core.notify import messages
from helix_core.store import halts, outbox, trades
from helix_core.store.schema import MetaRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel.ext.asyncio.session import AsyncSession

    from helix_core.domain.limits import RiskLimits

log = structlog.get_logger(__name__)

_STARTING_EQUITY = "starting_equity"
_TRANSFER_RATIO = Decimal("0.005")


async def keep_bases(session: AsyncSession, equity: Decimal, now: datetime) -> bool:
    """Keep what losses are measured on: the equity at first start, and that with which the UTC day opened.

    Both are `equity`, the account's with no position open, less what trades have earned since. They are written down
    once, and again only when money came or went otherwise: so a deposit or a withdrawal moves neither drawdown nor
    daily loss. False while the account is empty: nothing can be measured on that.
    """
    start = equity - await trades.total_pnl(session)
    kept = await session.get(MetaRow, _STARTING_EQUITY) or MetaRow(key=_STARTING_EQUITY, value="0")
    if start > 0 and _moved(Decimal(kept.value), start):
        kept.value = str(start)
        session.add(kept)
    opening = equity - await trades.day_pnl(session, now)
    known = await trades.opening_equity(session, now)
    if opening > 0 and (known is None or _moved(known, opening)):
        log.info("day_opened" if known is None else "transfer_noticed", opening_equity=str(opening))
        await trades.open_day(session, now, opening)
    return opening > 0


def _moved(known: Decimal, found: Decimal) -> bool:
    """True when two figures differ by more than fees in third coins and dust can explain."""
    return abs(found - known) > known * _TRANSFER_RATIO


async def drawdown_pct(session: AsyncSession) -> Decimal | None:
    """How far equity is below its peak, in percent of the peak; None before the first start is complete.

    Once a human has ended a drawdown halt, the peak is counted anew from there.
    """
    start = await session.get(MetaRow, _STARTING_EQUITY)
    if start is None:
        return None
    since = await halts.last_cleared_at(session, HaltKind.DRAWDOWN)
    equity = peak = Decimal(start.value)
    for result in await trades.results_since(session):
        if since is not None and result.closed_at > since:
            since, peak = None, equity
        equity += result.pnl
        peak = max(peak, equity)
    return Decimal(0) if since is not None else 100 * (peak - equity) / peak


async def day_pnl_pct(session: AsyncSession, now: datetime, unrealised: Decimal = Decimal(0)) -> Decimal | None:
    """Today's result in percent of the day's opening equity; None while that is not written down."""
    opening = await trades.opening_equity(session, now)
    return None if opening is None else 100 * (await trades.day_pnl(session, now) + unrealised) / opening


async def check(session: AsyncSession, limits: RiskLimits, now: datetime) -> None:
    """Raise every halt that the closed trades call for."""
    loss = await day_pnl_pct(session, now)
    if loss is not None and loss <= -limits.max_daily_loss_pct:
        await halt_for_daily_loss(session, loss, now)
    since = await halts.last_cleared_at(session, HaltKind.CONSECUTIVE_LOSSES)
    streak = 0
    for result in await trades.results_since(session, since):
        streak = streak + 1 if result.pnl < 0 else 0
    if streak >= limits.max_consecutive_losses:
        await halt(session, HaltKind.CONSECUTIVE_LOSSES, f"{streak} losses in a row", now)
    fall = await drawdown_pct(session)
    if fall is not None and fall >= limits.max_drawdown_pct:
        await halt(session, HaltKind.DRAWDOWN, f"{fall:.2f}% below the peak of the equity", now)


async def halt_for_daily_loss(session: AsyncSession, loss_pct: Decimal, now: datetime) -> None:
    """Raise the daily halt with its own message."""
    if await halts.put_in_force(session, HaltKind.DAILY_LOSS, f"{loss_pct:.2f}% since 00:00 UTC", now):
        log.warning("halt_raised", halt=HaltKind.DAILY_LOSS.value, loss_pct=f"{loss_pct:.2f}")
        await trades.mark_daily_limit(session, now)
        outbox.owe(session, NoticeKind.DAILY_LIMIT_HIT, messages.daily_limit_hit(day_pnl_pct=loss_pct), now)


async def end_yesterdays_loss_halt(session: AsyncSession, now: datetime) -> None:
    """With AUTO_RESUME: a daily loss halt of an earlier UTC day ends when a new one opens."""
    today = trades.day_start(now)
    if any(found.kind is HaltKind.DAILY_LOSS and found.raised_at < today for found in await halts.active(session)):
        await halts.clear(session, frozenset({HaltKind.DAILY_LOSS}), "AUTO_RESUME", now)
        log.info("halt_cleared", halt=HaltKind.DAILY_LOSS.value, by="AUTO_RESUME")
        text = messages.halt_cleared(HaltKind.DAILY_LOSS, "AUTO_RESUME")
        outbox.owe(session, NoticeKind.HALT_CLEARED, text, now)


async def halt(session: AsyncSession, kind: HaltKind, detail: str, now: datetime) -> bool:
    """Raise a halt and tell the owner. False, and silent, when one of this kind is in force already."""
    raised = await halts.put_in_force(session, kind, detail, now)
    if raised:
        log.warning("halt_raised", halt=kind.value, detail=detail)
        outbox.owe(session, NoticeKind.HALT_RAISED, messages.halt_raised(kind, detail), now)
    return raised
