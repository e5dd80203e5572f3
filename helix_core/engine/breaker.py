"""The circuit breaker: stops entries before the account can blow up."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import structlog

from helix_core.domain.halt import HaltKind
from helix_core.domain.notice import NoticeKind
from helix_core.notify import messages
from helix_core.store import curve, halts, outbox, trades

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel.ext.asyncio.session import AsyncSession

    from helix_core.domain.limits import RiskLimits

log = structlog.get_logger(__name__)

_TRANSFER_RATIO = Decimal("0.005")
"""Fees in third coins and dust make smaller differences between the account and the books."""


async def keep_bases(session: AsyncSession, equity: Decimal, now: datetime, *, doubted: bool = False) -> bool:
    """Keep what losses are measured on; `equity` is the account's with no position open.

    At first start that is the equity itself. Later the books say what it must be: where it differs, money came or went
    otherwise, and everything is measured in proportion from then on. So a deposit or a withdrawal moves neither
    drawdown nor daily loss. While the account is `doubted`, a difference is no transfer: a human decides what it is.
    False while the account is empty: nothing can be measured on that.
    """
    if equity <= 0:
        return False
    if not await curve.open_day(session, now, equity) or doubted:
        return True
    known = await curve.until(session, now)
    assert known is not None, "the day is open"
    if known.equity > 0 and abs(equity - known.equity) > known.equity * _TRANSFER_RATIO:
        log.info("transfer_noticed", equity=str(equity), expected=str(known.equity))
        await curve.record_transfer(session, now, equity / known.equity)
    return True


async def drawdown_pct(session: AsyncSession) -> Decimal | None:
    """How far equity is below its peak, in percent of the peak; None before the first start is complete.

    Once a human has ended a drawdown halt, the peak is counted anew from there.
    """
    found = await curve.until(session)
    return None if found is None or found.peak <= 0 else 100 * (found.peak - found.equity) / found.peak


async def day_pnl_pct(session: AsyncSession, now: datetime, unrealised: Decimal = Decimal(0)) -> Decimal | None:
    """Today's result in percent of the equity at 00:00 UTC; None before the first start is complete."""
    found = await curve.until(session, now)
    if found is None or found.opening <= 0:
        return None
    return 100 * (found.equity + unrealised - found.opening) / found.opening


async def check(session: AsyncSession, limits: RiskLimits, now: datetime) -> None:
    """Raise every halt that the closed trades call for."""
    loss = await day_pnl_pct(session, now)
    if loss is not None and loss <= -limits.max_daily_loss_pct:
        await halt_for_daily_loss(session, loss, now)
    since = await halts.last_cleared_at(session, HaltKind.CONSECUTIVE_LOSSES)
    streak = await trades.losing_streak(session, since)
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


async def halt(session: AsyncSession, kind: HaltKind, detail: str, now: datetime, *, by: str = halts.ITSELF) -> bool:
    """Raise a halt and tell the owner. False, and silent, when one of this kind is in force already.

    `by` is the human who asked for it, for the record; without one Helix halts itself.
    """
    raised = await halts.put_in_force(session, kind, detail, now, by=by)
    if raised:
        log.warning("halt_raised", halt=kind.value, detail=detail)
        outbox.owe(session, NoticeKind.HALT_RAISED, messages.halt_raised(kind, detail), now)
    return raised
