"""Resuming: which halts a human may end now, and which not yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from helix_core.domain.halt import HaltKind
from helix_core.domain.notice import NoticeKind
from helix_core.notify import messages
from helix_core.store import decisions, flattening, halts, outbox
from helix_core.store.trades import day_start

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel.ext.asyncio.session import AsyncSession

    from helix_core.domain.halt import Halt

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Resumed:
    """Halts that were ended, and those that remain, each with the reason in words.

    `called_off`: the owner had wanted out of a position that was not sold yet, and wants to go on now.
    """

    ended: tuple[Halt, ...]
    left: tuple[tuple[Halt, str], ...]
    called_off: bool


async def resume(session: AsyncSession, actor: str, now: datetime, *, drawdown: bool = False) -> Resumed:
    """End every halt that may be ended now, and tell the owner.

    A daily loss ends not before 00:00 UTC, a mismatch not before `helix reconcile` found nothing left to decide, a
    drawdown only when `drawdown` says so, which nobody but the host's command line may. A running bot goes on refusing
    entries after a drawdown until it is started again.
    """
    reconciled_at = await decisions.reconciled_at(session)
    ended, left = [], []
    for halt in await halts.active(session):
        why = _why_not(halt, now, reconciled_at, drawdown=drawdown)
        if why is None:
            ended.append(halt)
        else:
            left.append((halt, why))
    for kind in dict.fromkeys(halt.kind for halt in ended):
        await halts.clear(session, frozenset({kind}), actor, now)
        log.info("halt_cleared", halt=kind.value, by=actor)
        outbox.owe(session, NoticeKind.HALT_CLEARED, messages.halt_cleared(kind, actor), now)
    called_off = await flattening.end(session, "called off", actor, now)
    return Resumed(tuple(ended), tuple(left), called_off)


def _why_not(halt: Halt, now: datetime, reconciled_at: datetime | None, *, drawdown: bool) -> str | None:
    """Why this halt goes on; None when it may end."""
    if halt.kind is HaltKind.DAILY_LOSS and halt.raised_at >= day_start(now):
        return "it ends at 00:00 UTC at the earliest, then by /resume"
    if halt.kind is HaltKind.DRAWDOWN and not drawdown:
        return "it needs helix resume --drawdown on the host, then a restart of the bot"
    if halt.kind is HaltKind.RECONCILE and (reconciled_at is None or reconciled_at < halt.raised_at):
        return "run helix reconcile first"
    return None
